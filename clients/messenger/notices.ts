/**
 * The notices for people about the events of a messenger: one table, so that every command has the same words for the
 * same event.
 *
 * @module
 */
import type { Route } from '#lib/protocol.ts'
import { undeliverableNotice } from '../store/log/undeliverable.ts'
import type { MessengerEvents } from './messenger-options.ts'

export const NOTICES = {
  /** @param relay - The address of the relay that is attended. */
  online: (name: string, where: readonly string[], relay: string | undefined) => {
    const ways = [
      ...(where.length > 0 ? [`at ${where.join(', ')}`] : []),
      ...(relay ? [`through the relay at ${relay}`] : []),
    ]
    return `online as ${name}, ${ways.join(', ')}`
  },
  onlineAgain: 'online again',
  notAdvertised: (why: readonly string[]) => `others are not told of ${why.join('; nor of ')}`,
  replaced:
    'another sotto was online as you, and was taken offline, since one is at a time, the newest; to take that one back, leave this and start that again; if it was neither yours nor this one before a break, have the administrator set another password',
  offline: (why: string) => `offline: ${why}; trying again, conversations go on`,
  pinned: (name: string) => `this is the first conversation with ${name}: their key is pinned`,
  pinnedByLetter: (name: string) =>
    `this is the first letter between you and ${name}: their key is pinned, until a conversation proves it or sotto verify ${name}`,
  keyChanged: (name: string) => `${name} called with another key than the pinned one; nothing was shown`,
  doubtWithdrawn: (name: string, forMs: number | undefined) =>
    `for ${durationOf(forMs)} somebody else’s key was said to be ${name}’s; their own client has now answered with the pinned one, and all goes on`,
  joined: (name: string, route: Route) => `${name} is here${route === 'relay' ? ', through the relay' : ''}`,
  left: (name: string) => `${name} has left`,
  cut: (name: string) => `the connection to ${name} broke`,
  redialling: (name: string) => `the connection to ${name} broke; trying again`,
  /** @param why - As a clause. */
  busy: (name: string, why: string) => `${name} cannot be reached yet: ${why}; trying again`,
  connectedAgain: (name: string) => `the connection to ${name} is there again`,
  stillWaiting: (name: string) => `what you wrote last waits for ${name}`,
  /** @param why - In words of this machine's, as that its disk is full. */
  unkept: (name: string, why: string) => `what ${name} says cannot be kept, and waits with them: ${why}`,
  /** What the other side says under seal; why is nothing of this side's. */
  unkeptThere: (name: string) =>
    `${name}’s machine cannot save what you write now; it waits here, and goes once it can`,
  keptAgain: (name: string) => `what ${name} says is kept again`,
  undeliverable: undeliverableNotice,
  tooLargeForLetter: (name: string) =>
    `${name} is away, and what you wrote is too large for their mailbox: it waits here, with what follows it, until both of you are online`,
} as const

type NoticedEvent =
  | 'onBusy'
  | 'onNotAdvertised'
  | 'onReplaced'
  | 'onPinned'
  | 'onDoubtWithdrawn'
  | 'onUndeliverable'
  | 'onTooLargeForLetter'

/** The events of which every command makes a notice, and nothing else. */
export function noticeEvents(notice: (text: string) => void): Pick<MessengerEvents, NoticedEvent> {
  return {
    onNotAdvertised: (why) => notice(NOTICES.notAdvertised(why)),
    onReplaced: () => notice(NOTICES.replaced),
    onBusy: (name, { message }) => notice(NOTICES.busy(name, message)),
    onPinned: (name, isProvisional) => notice(isProvisional ? NOTICES.pinnedByLetter(name) : NOTICES.pinned(name)),
    onDoubtWithdrawn: (name, forMs) => notice(NOTICES.doubtWithdrawn(name, forMs)),
    onUndeliverable: (name, count) => notice(NOTICES.undeliverable(name, count)),
    onTooLargeForLetter: (name) => notice(NOTICES.tooLargeForLetter(name)),
  }
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const

/** How long something was, in the largest unit that it fills. */
function durationOf(ms: number | undefined): string {
  if (ms === undefined) return 'some time'
  const [unit, size] = UNITS.find(([, unitMs]) => ms >= unitMs) ?? []
  if (unit === undefined || size === undefined) return 'a moment'
  const count = Math.floor(ms / size)
  return count === 1 ? `${unit === 'hour' ? 'an' : 'a'} ${unit}` : `${count} ${unit}s`
}
