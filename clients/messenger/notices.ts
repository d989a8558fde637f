/**
 * What people are told of the events of a messenger: one table, so that every command has the same words for the same
 * event.
 *
 * @module
 */
import { undeliverableNotice } from '../store/log/undeliverable.ts'
import type { MessengerEvents } from './messenger-options.ts'

export const NOTICES = {
  online: (name: string, where: string) => `online as ${name}, at ${where}`,
  onlineAgain: 'online again',
  offline: (why: string) => `offline: ${why}; trying again, conversations go on`,
  pinned: (name: string) => `this is the first conversation with ${name}: their key is pinned`,
  keyChanged: (name: string) => `${name} called with another key than the pinned one; nothing was shown`,
  joined: (name: string) => `${name} is here`,
  left: (name: string) => `${name} has left`,
  cut: (name: string) => `the connection to ${name} broke`,
  redialling: (name: string) => `the connection to ${name} broke; trying again`,
  connectedAgain: (name: string) => `the connection to ${name} is there again`,
  stillWaiting: (name: string) => `what you wrote last waits until ${name} is online`,
  undeliverable: undeliverableNotice,
} as const

/** The events of which every command makes a notice, and nothing else. */
export function noticeEvents(notice: (text: string) => void): Pick<MessengerEvents, 'onPinned' | 'onUndeliverable'> {
  return {
    onPinned: (name) => notice(NOTICES.pinned(name)),
    onUndeliverable: (name, count) => notice(NOTICES.undeliverable(name, count)),
  }
}
