/**
 * The view of a chat on a screen: the page of one conversation at a time, with counts for the others, and notices.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import type { SottoError } from '#lib/errors.ts'
import type { Route } from '#lib/protocol.ts'
import type { Schedule } from '#lib/runtime/schedule.ts'
import { forgottenNotice } from '../history/forget.ts'
import { undeliverableRow } from '../history/undeliverable.ts'
import { PeerTyping } from '../messenger/peer-typing.ts'
import type { PinState } from '../profile/pins.ts'
import type { Person } from '../session/roster.ts'
import type { Progress } from '../store/log/progress.ts'
import type { Gap, Message } from '../store/reading/messages.ts'
import { undeliveredWords } from '../store/reading/undelivered.ts'
import type { Store } from '../store/store.ts'
import type { Transfer } from '../store/transfers/transfer.ts'
import { escapeName } from '../terminal/escape.ts'
import { renderTrace } from '../trace/render.ts'
import type { TraceEvent } from '../trace/trace.ts'
import { chatHint } from './chat-hint.ts'
import { lineOf, type Message as TypedMessage } from './command.ts'
import { ConversationPage } from './page/conversation-page.ts'
import { isEntry } from './page/event-entry.ts'
import type { Entry } from './screen/entry.ts'
import type { Screen } from './screen/screen.ts'
import { type About, type ContactStatus, MORE_PEOPLE, type TransferNames, type View } from './view.ts'

/** The ways of conversations, for people. */
const WAYS: Readonly<Record<Route, string>> = { direct: 'direct', relay: 'through the relay' }

export interface ChatViewOptions {
  readonly screen: Screen
  readonly store: Store
  /** The user's own name. */
  readonly ownName: string
  /** The name of the profile, for the commands that are named. */
  readonly profile: string
  readonly isOnline: (name: string) => boolean
  /** The way that the conversation with somebody goes; undefined where none is open. */
  readonly routeTo: (name: string) => Route | undefined
  /** Note that the user has seen all that somebody said. */
  readonly markRead: (name: string) => void
  /** The identity key that somebody is written to under now; undefined where none is known yet. */
  readonly keyOf: (name: string) => Uint8Array | undefined
  readonly now: () => Date
  readonly monotonicMs: () => number
  readonly schedule: Schedule
  /** Ring when a message comes. */
  readonly bell: boolean
  /** The banner that stands first in the status row, in the place of the user's name. */
  readonly banner?: string | undefined
}

export class ChatView implements View {
  readonly #options: ChatViewOptions
  readonly #page: ConversationPage
  readonly #unread = new Map<string, number>()
  readonly #typing: PeerTyping
  #isOnline = false
  /** The names that Tab completes beside those of contacts. */
  #completed: readonly string[] = []

  constructor(options: ChatViewOptions) {
    this.#options = options
    this.#page = new ConversationPage({ ...options, notice: (text) => this.notice(text) })
    this.#typing = new PeerTyping({ schedule: options.schedule, onChange: () => this.refreshStatus() })
    for (const { name, unread } of options.store.contacts()) if (unread > 0) this.#unread.set(name, unread)
  }

  get files(): TransferNames {
    return this.#page.files
  }

  get to(): string | undefined {
    return this.#page.to
  }

  /** Who else has written what was not shown yet; undefined if nobody has. */
  get nextUnread(): string | undefined {
    return this.#unread.keys().find((name) => name !== this.to)
  }

  /** There is nobody of a name: where nobody sees whom a line goes to, it goes to nobody. */
  notThere(): void {
    if (!this.#options.screen.hasPrompt) this.#page.leave()
  }

  /** Talk with somebody from here on: the end of what was sent before is shown. */
  switchTo(name: string): void {
    if (name === this.to) return
    this.#page.begin(name, this.#unread.get(name) ?? 0)
    this.#markRead(name)
  }

  /** A conversation was removed: take it off the screen, if it is there. */
  forgotten(name: string, waiting: number): void {
    this.#unread.delete(name)
    if (name === this.to) this.#page.clear()
    this.notice(forgottenNotice(name, waiting))
    this.refreshStatus()
  }

  caption(text: string): void {
    this.notice(text)
  }

  /** Show something out of the store. */
  show(message: Message | Gap): void {
    this.#page.show(message)
  }

  showWhole(number: number | undefined): void {
    this.#page.showWhole(number)
  }

  showAppended(): void {
    this.#page.showAppended()
  }

  /** The user has written something, which waits in the store. */
  enqueued(name: string, ordinal: number, { text }: TypedMessage): void {
    this.switchTo(name)
    this.#page.enqueued(name, ordinal, text)
  }

  /** The user has offered something. */
  offered(name: string, transferId: string): void {
    this.switchTo(name)
    this.#page.offered(name, transferId)
  }

  /** A transfer has come further. The error is why it ended at this end, if it did. */
  fileChanged(transfer: Transfer, error?: SottoError): void {
    this.#page.files.changed(transfer, error)
  }

  /** Messages have come. Those of the conversation on the screen are shown, the others counted. */
  received(name: string, incoming: readonly Event[], isLetter = false): void {
    this.#typing.set(name, false)
    const events = incoming.filter(isEntry)
    if (events.length === 0) {
      // What has become of a file shows elsewhere, and is nothing that one would have to look at.
      if (name === this.to || !this.#unread.has(name)) this.#options.markRead(name)
      return
    }
    const { to = name } = this
    if (name === to) {
      this.#page.received(name, events, isLetter)
      this.#markRead(name)
    } else {
      this.#unread.set(name, (this.#unread.get(name) ?? 0) + events.length)
      this.refreshStatus()
    }
  }

  /** The user's messages have come further. */
  progressed(name: string, progress: Progress): void {
    if (name === this.to) this.#page.progressed(progress)
  }

  /** Somebody is writing at the other side, or has stopped. */
  typing(name: string, isActive: boolean): void {
    this.#typing.set(name, isActive)
  }

  presence(): void {
    this.refreshStatus()
  }

  routed(): void {
    this.refreshStatus()
  }

  online(): void {
    if (!this.#isOnline) this.notice('online; /help shows what there is to type')
    this.#isOnline = true
  }

  offline({ message }: SottoError): void {
    this.notice(`offline: ${message}; conversations go on, what is new waits, and this is being tried again`)
    this.#isOnline = false
  }

  who(people: readonly ContactStatus[]): void {
    // Who has written comes first.
    const sorted = [...people].sort((one, other) => Number(other.unread > 0) - Number(one.unread > 0))
    const rows = sorted.map(({ name, isOnline, route, key, isProvisional, unread, undelivered }) => {
      const way = route === undefined ? '' : `, ${WAYS[route]}`
      const news = unread > 0 ? `, ${unread} new` : ''
      const pin = key === undefined ? 'no key yet' : `key ${key}${isProvisional ? ' by letter' : ''}`
      return [
        `${name}: ${isOnline ? 'online' : 'offline'}${way}, ${pin}${news}`,
        ...undeliveredWords(undelivered),
      ].join(', ')
    })
    this.notice(rows.length > 0 ? rows.join('\n') : 'nobody yet; /to NAME begins')
  }

  people(people: readonly Person[], isComplete: boolean): void {
    const rows = people.map(({ name, displayName, isOnline }) => {
      const shown = displayName === '' ? name : `${name} (${escapeName(displayName)})`
      return `${shown}: ${isOnline ? 'online' : 'offline'}`
    })
    if (!isComplete) rows.push(MORE_PEOPLE)
    this.notice(rows.length > 0 ? rows.join('\n') : 'nobody')
  }

  completeNames(names: readonly string[]): void {
    this.#completed = names
    this.refreshStatus()
  }

  undeliverable(messages: readonly Message[]): void {
    const how = '/again ID sends one to the key that they have now, /drop ID sends it to nobody'
    const rows = messages.map(undeliverableRow)
    this.notice(rows.length > 0 ? [...rows, how].join('\n') : 'nothing waits for a key that was replaced')
  }

  /** The screen that it shows everything on. */
  done(): void {}

  failure({ message, hint }: SottoError, { contact }: About = {}): void {
    const advice = hint === undefined ? '' : `; ${chatHint(hint, this.#options.ownName, this.#options.profile)}`
    this.notice(`${contact === undefined ? '' : `${contact}: `}${message}${advice}`)
  }

  /** A message was not taken: it stands on the line again, or, where there is another by now, in a notice. */
  restoreInput(message: TypedMessage): void {
    if (!this.#options.screen.restoreInput(message)) this.notice(`not said: ${lineOf(message)}`)
  }

  /** The program's own word. */
  notice(text: string): void {
    this.#addNotice('notice', text)
  }

  /** A message of the protocol. */
  trace(event: TraceEvent): void {
    this.#addNotice('trace', '', (columns) => renderTrace(event, { columns }))
  }

  /** Show the state of a contact's key. */
  keyState(_name: string, _state: PinState, text: string): void {
    this.#addNotice('notice', chatHint(text, this.#options.ownName, this.#options.profile))
  }

  /** A QR code. */
  qrCode(text: string): void {
    this.#addNotice('qr', text)
  }

  /** Show something that nobody has said. */
  #addNotice(kind: Entry['kind'], text: string, draw?: Entry['draw']): void {
    const { screen, now } = this.#options
    screen.add({ id: randomUUID(), kind, who: '', own: false, time: now(), text, draw })
  }

  #markRead(name: string): void {
    this.#options.markRead(name)
    this.#unread.delete(name)
    this.refreshStatus()
  }

  /** Draw the status anew: somebody has come, gone, or written. */
  refreshStatus(): void {
    const { screen, store, isOnline, routeTo, banner, ownName } = this.#options
    const names = new Set(store.names())
    if (this.to !== undefined) names.add(this.to)
    const contacts = [...names].sort().map((name) => {
      const unread = this.#unread.get(name) ?? 0
      return { name, online: isOnline(name), route: routeTo(name), typing: this.#typing.has(name), unread }
    })
    screen.setStatus({
      self: banner === undefined ? ownName : undefined,
      banner,
      to: this.to,
      contacts,
      others: this.#completed,
    })
  }
}
