/**
 * The page of a conversation: the messages and files of one contact on the screen, which change in their place.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import type { Event, FileOffer } from '#gen/sotto/peer/v1/record.ts'
import { offerText } from '../../files/report/describe.ts'
import type { Progress } from '../../store/log/progress.ts'
import { type Gap, type Message, writtenAtOf } from '../../store/reading/messages.ts'
import type { Store } from '../../store/store.ts'
import { isLate } from '../../terminal/calendar.ts'
import type { Entry } from '../screen/entry.ts'
import { entryOf, isEntry } from './event-entry.ts'
import { FileEntries, type FileEntriesOptions } from './file-entries.ts'
import { LongMessages } from './long-messages.ts'
import { OwnStates, type OwnStatesOptions } from './own-states.ts'

/** How many messages of a conversation are shown when it is begun or gone on with, besides what is unread. */
const SHOWN_MESSAGES = 20

/** How many are shown then at most. */
const MAX_SHOWN_MESSAGES = 100

export interface ConversationPageOptions extends FileEntriesOptions, OwnStatesOptions {
  readonly store: Store
  /** Ring when a message comes. */
  readonly bell: boolean
  /** Show the program's own word. */
  readonly notice: (text: string) => void
}

export class ConversationPage {
  /** The entries of files on the page, and the numbers that the user calls them by. */
  readonly files: FileEntries
  readonly #options: ConversationPageOptions
  readonly #long = new LongMessages()
  readonly #own: OwnStates
  #to: string | undefined
  readonly #startedAt: Date
  /** Whether the line that says that the user was away stands on the page. */
  #isAwayMarked = false

  constructor(options: ConversationPageOptions) {
    this.#options = options
    this.#startedAt = options.now()
    this.files = new FileEntries(options)
    this.#own = new OwnStates(options)
  }

  /** The contact whose page it is. */
  get to(): string | undefined {
    return this.#to
  }

  /** It is nobody's page from here on; what stands on it stays. */
  leave(): void {
    this.#to = undefined
  }

  /** Begin somebody's page with the end of what was sent before, of which so many messages are unread. */
  begin(name: string, unread: number): void {
    if (this.#to !== undefined) this.#options.screen.newPage()
    this.files.clear()
    this.#to = name
    this.#own.begin(name)
    this.#isAwayMarked = false
    this.#showEnd(name, unread)
  }

  /** Take everything off the page, which is nobody's then. */
  clear(): void {
    this.#options.screen.newPage()
    this.files.clear()
    this.#to = undefined
    this.#own.begin(undefined)
  }

  /** Show the end of a conversation, with a line before the first message that is unread. */
  #showEnd(name: string, unread: number): void {
    const { store } = this.#options
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

  /** Show something out of the store. */
  show(message: Message | Gap): void {
    if (message.kind === 'message') this.#showMessage(message)
    else this.#options.notice('messages are missing here: the store was changed from outside')
  }

  #showMessage(message: Message): void {
    const { contact, direction, ordinal, event, storedAt, state, isLetter } = message
    const own = direction === 'outgoing'
    // Ordinals count for each key; what was written for a former one comes no further.
    const isPending = own && this.#own.isForPresentKey(message)
    const id = isPending ? this.#own.entryIdOf(contact, ordinal) : randomUUID()
    const entry = this.#entryOf(contact, event, { own, id })
    if (entry === undefined) return
    const time = writtenAtOf(message)
    if (state === 'received') this.#add({ ...entry, time, arrivedAt: storedAt, isLetter })
    // It comes no further.
    else if (state === 'dropped') this.#add({ ...entry, time })
    else {
      const isFollowed = isPending && contact === this.#to
      this.#add({ ...entry, time, state: isFollowed ? this.#own.add(ordinal, state, entry.id) : state })
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

  /** Show an entry; a message of which the screen may not show all, with the number by which it is shown whole. */
  #add(entry: Entry, options?: { readonly bell?: boolean }): void {
    const number = entry.kind === 'message' ? this.#long.keep(entry) : undefined
    this.#options.screen.add({ ...entry, number }, options)
  }

  /** Show a long message whole, part by part: the one of a number, or more of the last. */
  showWhole(number: number | undefined): void {
    const { screen, notice } = this.#options
    const part = this.#long.read(number)
    if (part === undefined) {
      notice(number === undefined ? 'no message is longer than what is shown' : `there is no long message ${number}`)
      return
    }
    const { message, text, left } = part
    screen.add({ ...message, id: randomUUID(), kind: 'message', text, isWhole: true })
    const count = left.toLocaleString('en')
    notice(left > 0 ? `${count} characters more of ${part.number}: /show` : `end of ${part.number}`)
  }

  /** Another command of the same person may have sent something: show what of it is new here. */
  showAppended(): void {
    if (this.#to === undefined) return
    this.#own.followKey(this.#to)
    for (const message of this.#options.store.history(this.#to, { limit: SHOWN_MESSAGES }).reverse()) {
      if (message.kind !== 'message' || message.direction !== 'outgoing' || message.state !== 'waiting') continue
      if (this.#own.isForPresentKey(message) && !this.#own.has(message.ordinal)) this.#showMessage(message)
    }
  }

  /** Show a message that the user has just written to the contact. */
  enqueued(name: string, ordinal: number, text: string): void {
    this.#own.followKey(this.#to)
    if (this.#own.has(ordinal)) return
    const { ownName, now } = this.#options
    const id = this.#own.entryIdOf(name, ordinal)
    const state = this.#own.add(ordinal, 'waiting', id)
    this.#add({ id, kind: 'message', who: ownName, own: true, time: now(), text, state })
  }

  /** Show an offer that the user has just made to the contact. */
  offered(name: string, transferId: string): void {
    if (this.files.isShown(transferId)) return
    for (const message of this.#options.store.history(name, { limit: SHOWN_MESSAGES })) {
      if (message.kind === 'message' && message.event.eventId.toString('hex') === transferId) this.#showMessage(message)
    }
  }

  /** Show what has just come from the contact; the page is theirs if it was nobody's. */
  received(name: string, events: readonly Event[], isLetter = false): void {
    this.#to ??= name
    const { bell, now } = this.#options
    for (const event of events) {
      const entry = this.#entryOf(name, event, { own: false, id: randomUUID() })
      if (entry === undefined) continue
      const arrivedAt = now()
      const time = event.writtenAt ?? arrivedAt
      if (time < this.#startedAt && isLate(time, arrivedAt)) this.#markAway(time)
      this.#add({ ...entry, time, arrivedAt, isLetter }, { bell })
    }
  }

  /** The user's messages to the contact have come further. */
  progressed(progress: Progress): void {
    this.#own.followKey(this.#to)
    this.#own.advance(progress)
  }
}

/** Whether an entry is a message of the contact's, and not older than the first one that is unread. */
function isUnread(entry: Message | Gap | undefined, firstUnread: Message | Gap | undefined): boolean {
  if (entry?.kind !== 'message' || entry.direction === 'outgoing' || firstUnread === undefined) return false
  const { batch, index } = firstUnread.position
  const { position } = entry
  return position.batch > batch || (position.batch === batch && position.index >= index)
}
