/**
 * The view of a chat on a screen: one conversation at a time, with counts for the others.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import type { Event, FileOffer } from '#gen/sotto/peer/v1/record.ts'
import type { SottoError } from '#lib/errors.ts'
import type { Schedule } from '#lib/runtime/schedule.ts'
import { isSame } from '#lib/same-bytes.ts'
import { offerText } from '../files/report/describe.ts'
import { forgottenNotice } from '../history/forget.ts'
import { undeliverableRow } from '../history/undeliverable.ts'
import type { PinState } from '../profile/pins.ts'
import type { Progress } from '../store/log/message-log.ts'
import { isOfAnotherKey } from '../store/log/undeliverable.ts'
import { type Gap, type Message, writtenAtOf } from '../store/reading/messages.ts'
import type { Store } from '../store/store.ts'
import type { Transfer } from '../store/transfers/transfer.ts'
import { isLate } from '../terminal/calendar.ts'
import { renderTrace } from '../trace/render.ts'
import type { TraceEvent } from '../trace/trace.ts'
import { chatHint } from './chat-hint.ts'
import { lineOf, type Message as TypedMessage } from './command.ts'
import { FileEntries } from './file-entries.ts'
import { LongMessages } from './long-messages.ts'
import { entryOf, isEntry } from './page/event-entry.ts'
import { PeerTyping } from './peer-typing.ts'
import { PendingMessages } from './pending-messages.ts'
import type { Entry } from './screen/entry.ts'
import type { Screen } from './screen/screen.ts'
import type { About, ContactStatus, View } from './view.ts'

/** How many messages of a conversation are shown when it is begun or gone on with, besides what is unread. */
const SHOWN_MESSAGES = 20

/** How many are shown then at most. */
const MAX_SHOWN_MESSAGES = 100

export interface ChatViewOptions {
  readonly screen: Screen
  readonly store: Store
  /** The user's own name. */
  readonly ownName: string
  readonly isOnline: (name: string) => boolean
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
  /** The entries of files on the screen, and the numbers that the user calls them by. */
  readonly files: FileEntries
  readonly #options: ChatViewOptions
  readonly #unread = new Map<string, number>()
  readonly #typing: PeerTyping
  readonly #long = new LongMessages()
  /** Own messages on the screen that may come further. */
  #pending = new PendingMessages<string>()
  /** The key that these were written for; undefined before the first conversation. */
  #key: Uint8Array | undefined
  /** Counts the times that the ordinals began anew, so that entries of one do not pass for those of another. */
  #round = 0
  #to: string | undefined
  readonly #startedAt: Date
  /** Whether the line that says that the user was away stands on the page. */
  #isAwayMarked = false
  #isOnline = false

  constructor(options: ChatViewOptions) {
    this.#options = options
    this.#startedAt = options.now()
    this.files = new FileEntries(options)
    this.#typing = new PeerTyping({ schedule: options.schedule, onChange: () => this.refreshStatus() })
    for (const { name, unread } of options.store.contacts()) if (unread > 0) this.#unread.set(name, unread)
  }

  /** The contact to whom a line goes that names nobody. */
  get to(): string | undefined {
    return this.#to
  }

  /** Who else has written what was not shown yet; undefined if nobody has. */
  get nextUnread(): string | undefined {
    return this.#unread.keys().find((name) => name !== this.#to)
  }

  /** There is nobody of a name: where nobody sees whom a line goes to, it goes to nobody. */
  notThere(): void {
    if (!this.#options.screen.hasPrompt) this.#to = undefined
  }

  /** Talk with somebody from here on: the end of what was sent before is shown. */
  switchTo(name: string): void {
    if (name === this.#to) return
    const { screen } = this.#options
    if (this.#to !== undefined) screen.newPage()
    this.files.clear()
    this.#to = name
    this.#beginRound()
    this.#isAwayMarked = false
    this.#showEnd(name)
    this.#markRead(name)
  }

  /** Show the end of a conversation, with a line before the first message that is unread. */
  #showEnd(name: string): void {
    const { store } = this.#options
    const unread = this.#unread.get(name) ?? 0
    const [firstUnread] = unread > 0 ? store.unread(name, { limit: 1 }) : []
    const limit = Math.min(SHOWN_MESSAGES + unread, MAX_SHOWN_MESSAGES)
    const messages = store.history(name, { limit }).reverse()
    const isCut = messages.length === limit && firstUnread !== undefined && isUnread(messages[0], firstUnread)
    for (const message of messages) {
      if (message.kind === 'message' && isEntry(message.event) && isUnread(message, firstUnread)) {
        this.#markAway(writtenAtOf(message), isCut ? `; the last ${limit} of them, /history N shows more` : '')
      }
      this.show(message)
    }
  }

  /** Show once that what follows was written while the user was away. */
  #markAway(time: Date, more = ''): void {
    if (this.#isAwayMarked) return
    this.#isAwayMarked = true
    const { screen } = this.#options
    screen.add({ id: randomUUID(), kind: 'divider', who: '', own: false, time, text: `while you were away${more}` })
  }

  /** A conversation was removed: take it off the screen, if it is there. */
  forgotten(name: string, waiting: number): void {
    this.#unread.delete(name)
    if (name === this.#to) {
      this.#options.screen.newPage()
      this.files.clear()
      this.#to = undefined
      this.#beginRound()
    }
    this.notice(forgottenNotice(name, waiting))
    this.refreshStatus()
  }

  get #presentKey(): Uint8Array | undefined {
    return this.#to === undefined ? undefined : this.#options.keyOf(this.#to)
  }

  #beginRound(): void {
    this.#pending = new PendingMessages()
    this.#round += 1
    this.#key = this.#presentKey
  }

  /** Ordinals count for each key: another one that is trusted begins anew. */
  #followKey(): void {
    const present = this.#presentKey
    if (this.#key !== undefined && present !== undefined && !isSame(this.#key, present)) this.#beginRound()
    else this.#key = present
  }

  caption(text: string): void {
    this.notice(text)
  }

  /** Show something out of the store. */
  show(message: Message | Gap): void {
    if (message.kind === 'message') this.#showMessage(message)
    else this.notice('messages are missing here: the store was changed from outside')
  }

  #showMessage(message: Message): void {
    const { contact, direction, ordinal, event, storedAt, state } = message
    const own = direction === 'outgoing'
    // Ordinals count for each key; what was written for a former one comes no further.
    const isPending = own && this.#isForPresentKey(message)
    const entry = this.#entryOf(contact, event, { own, id: isPending ? this.#idOf(contact, ordinal) : randomUUID() })
    if (entry === undefined) return
    const time = writtenAtOf(message)
    if (state === 'received') this.#addMessage({ ...entry, time, arrivedAt: storedAt })
    // It comes no further.
    else if (state === 'dropped') this.#addMessage({ ...entry, time })
    else {
      const isFollowed = isPending && contact === this.#to
      this.#addMessage({ ...entry, time, state: isFollowed ? this.#pending.add(ordinal, state, entry.id) : state })
    }
  }

  /** Show a message; where the screen may not show all of it, with the number by which it is shown whole. */
  #addMessage(entry: Entry, options?: { readonly bell?: boolean }): void {
    const number = entry.kind === 'message' ? this.#long.keep(entry) : undefined
    this.#options.screen.add({ ...entry, number }, options)
  }

  showWhole(number: number | undefined): void {
    const part = this.#long.read(number)
    if (part === undefined) {
      this.notice(
        number === undefined ? 'no message is longer than what is shown' : `there is no long message ${number}`,
      )
      return
    }
    const { message, text, left } = part
    this.#options.screen.add({ ...message, id: randomUUID(), kind: 'message', text, isWhole: true })
    const count = left.toLocaleString('en')
    this.notice(left > 0 ? `${count} characters more of ${part.number}: /show` : `end of ${part.number}`)
  }

  #idOf(name: string, ordinal: number): string {
    return `${this.#round} ${name} ${ordinal}`
  }

  #isForPresentKey(message: Message): boolean {
    return !isOfAnotherKey(message, this.#options.keyOf(message.contact))
  }

  /** Another command of the same person may have said something: show what of it is new here. */
  showAppended(): void {
    if (this.#to === undefined) return
    this.#followKey()
    for (const message of this.#options.store.history(this.#to, { limit: SHOWN_MESSAGES }).reverse()) {
      if (message.kind !== 'message' || message.direction !== 'outgoing' || message.state !== 'waiting') continue
      if (this.#isForPresentKey(message) && !this.#pending.has(message.ordinal)) this.#showMessage(message)
    }
  }

  /** The user has said something, which waits in the store. */
  enqueued(name: string, ordinal: number, { text }: TypedMessage): void {
    this.switchTo(name)
    this.#followKey()
    const { ownName, now } = this.#options
    const id = this.#idOf(name, ordinal)
    if (this.#pending.has(ordinal)) return
    const state = this.#pending.add(ordinal, 'waiting', id)
    this.#addMessage({ id, kind: 'message', who: ownName, own: true, time: now(), text, state })
  }

  /** The user has offered something. */
  offered(name: string, transferId: string): void {
    this.switchTo(name)
    if (this.files.isShown(transferId)) return
    for (const message of this.#options.store.history(name, { limit: SHOWN_MESSAGES })) {
      if (message.kind === 'message' && message.event.eventId.toString('hex') === transferId) this.#showMessage(message)
    }
  }

  /** A transfer has come further. The error is why it ended at this end, if it did. */
  fileChanged(transfer: Transfer, error?: SottoError): void {
    this.files.changed(transfer, error)
  }

  /** Messages have come. Those of the conversation on the screen are shown, the others counted. */
  received(name: string, incoming: readonly Event[]): void {
    const { bell, now } = this.#options
    this.#typing.set(name, false)
    const events = incoming.filter(isEntry)
    if (events.length === 0) {
      // What has become of a file shows elsewhere, and is nothing that one would have to look at.
      if (name === this.#to || !this.#unread.has(name)) this.#options.markRead(name)
      return
    }
    this.#to ??= name
    if (name === this.#to) {
      for (const event of events) {
        const entry = this.#entryOf(name, event, { own: false, id: randomUUID() })
        if (entry === undefined) continue
        const arrivedAt = now()
        const time = event.writtenAt ?? arrivedAt
        if (time < this.#startedAt && isLate(time, arrivedAt)) this.#markAway(time)
        this.#addMessage({ ...entry, time, arrivedAt }, { bell })
      }
      this.#markRead(name)
    } else {
      this.#unread.set(name, (this.#unread.get(name) ?? 0) + events.length)
      this.refreshStatus()
    }
  }

  #entryOf(name: string, event: Event, { own, id }: { own: boolean; id: string }): Omit<Entry, 'time'> | undefined {
    const who = own ? this.#options.ownName : name
    return entryOf(event, { id, who, own, offerText: (offer) => this.#offerText(event, offer, id) })
  }

  #offerText({ eventId }: Event, offer: FileOffer, entryId: string): string {
    const transfer = this.#options.store.transfers.get(eventId.toString('hex'))
    // One that came when too many were waiting is none.
    return transfer === undefined ? `${offerText(offer)}, not taken` : this.files.show(transfer, entryId)
  }

  /** The user's messages have come further. */
  progressed(name: string, progress: Progress): void {
    if (name !== this.#to) return
    this.#followKey()
    for (const { tag, state } of this.#pending.advance(progress)) this.#options.screen.change(tag, { state })
  }

  /** Somebody is writing at the other side, or has stopped. */
  typing(name: string, isActive: boolean): void {
    this.#typing.set(name, isActive)
  }

  presence(): void {
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
    const rows = sorted.map(({ name, isOnline, key, unread, waiting, undeliverable }) => {
      const news = unread > 0 ? `, ${unread} new` : ''
      const former = undeliverable > 0 ? ` (${undeliverable} for a former key)` : ''
      const queue = waiting > 0 ? `, ${waiting} waiting${former}` : ''
      return `${name}: ${isOnline ? 'online' : 'offline'}, ${key === undefined ? 'no key yet' : `key ${key}`}${news}${queue}`
    })
    this.notice(rows.length > 0 ? rows.join('\n') : 'nobody yet; /to NAME begins')
  }

  undeliverable(messages: readonly Message[]): void {
    const how = '/again ID sends one to the key that they have now, /drop ID sends it to nobody'
    const rows = messages.map(undeliverableRow)
    this.notice(rows.length > 0 ? [...rows, how].join('\n') : 'nothing waits for a key that was replaced')
  }

  /** The screen that it shows everything on. */
  done(): void {}

  failure({ message, hint }: SottoError, { contact }: About = {}): void {
    const advice = hint === undefined ? '' : `; ${chatHint(hint, this.#options.ownName)}`
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
    this.#addNotice('notice', chatHint(text, this.#options.ownName))
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
    const { screen, store, isOnline, banner, ownName } = this.#options
    const names = new Set(store.names())
    if (this.#to !== undefined) names.add(this.#to)
    const contacts = [...names].sort().map((name) => {
      return { name, online: isOnline(name), typing: this.#typing.has(name), unread: this.#unread.get(name) ?? 0 }
    })
    screen.setStatus({ self: banner === undefined ? ownName : undefined, banner, to: this.#to, contacts })
  }
}

/** Whether an entry is a message of the contact's, and not older than the first one that is unread. */
function isUnread(entry: Message | Gap | undefined, firstUnread: Message | Gap | undefined): boolean {
  if (entry?.kind !== 'message' || entry.direction === 'outgoing' || firstUnread === undefined) return false
  const { batch, index } = firstUnread.position
  const { position } = entry
  return position.batch > batch || (position.batch === batch && position.index >= index)
}
