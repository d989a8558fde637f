/**
 * All that the page knows, and what it does when something happens. Whatever shows it listens to `change`.
 *
 * @module
 */
import {
  type Connection,
  type Conversation,
  Direction,
  type GetProfileResponse,
  type Message,
  MessageState,
  type Notice,
  type TraceEvent,
  type Transfer,
} from '#gen/web/sotto/agent/v1/agent_service.ts'
import { follow, type Happened } from './client/events.ts'
import { CallError, call } from './client/rpc.ts'
import { followLink, isSignedIn } from './client/session.ts'
import { MessageWindow } from './window.ts'

/** How the page stands with its client. */
export type Link = 'connecting' | 'connected' | 'lost' | 'signed out'

/** How many messages of the protocol are kept for the wire view, the newest. */
const MOST_TRACED = 500

/** How long a notice stands, in milliseconds. */
const NOTICE_MS = 12_000

export class Model extends EventTarget {
  link: Link = 'connecting'
  profile: GetProfileResponse | undefined
  connection: Connection = { online: false, endpoints: [], reason: '' }
  readonly conversations = new Map<string, Conversation>()
  readonly transfers = new Map<string, Transfer>()
  readonly typing = new Set<string>()
  readonly drafts = new Map<string, string>()
  notices: (Notice & { readonly key: number })[] = []
  /** The messages of the protocol, since somebody asked for them in this tab. */
  traced: TraceEvent[] = []
  /** Whether they are shown, in place of a conversation. */
  isWireShown = false
  #isTracing = false
  #askForTrace: (() => void) | undefined
  /** The conversation that is shown. */
  window: MessageWindow | undefined
  /** The position of a message to be shown in the middle. */
  marked: bigint | undefined
  #notices = 0
  /** What has happened since all was asked for that is on its way; undefined while nothing is. */
  #since: Happened[] | undefined
  #isChangePending = false

  /** The person with whom the conversation is that is shown. */
  get contact(): string | undefined {
    return this.window?.contact
  }

  async start(): Promise<void> {
    await followLink()
    if (!isSignedIn()) {
      this.#setLink('signed out')
      return
    }
    this.#askForTrace = follow(
      (event) => this.#take(event),
      (how) => this.#setLink(how),
    )
    // Another tab may be watching, and its watch has begun already.
    await this.refresh().catch((error: unknown) => this.#failed(error))
  }

  /** List all anew. What happens meanwhile is newer, and so is what is asked for meanwhile. */
  async refresh(): Promise<void> {
    const since: Happened[] = []
    this.#since = since
    const [profile, { conversations }, { transfers }] = await Promise.all([
      call('getProfile'),
      call('listConversations'),
      call('listTransfers'),
    ]).catch((error: unknown) => {
      if (this.#since === since) this.#since = undefined
      throw error
    })
    if (this.#since !== since) return
    this.#since = undefined
    this.profile = profile
    if (profile.connection !== undefined) this.connection = profile.connection
    this.conversations.clear()
    for (const each of conversations) this.conversations.set(each.contact, each)
    this.transfers.clear()
    for (const each of transfers) this.transfers.set(idText(each.id), each)
    for (const event of since) this.#know(event)
    this.#setLink('connected')
    await this.window?.refresh()
    this.changed()
  }

  /** All conversations, that with the newest message first. */
  get sorted(): Conversation[] {
    return [...this.conversations.values()].sort((one, other) => lastMs(other) - lastMs(one))
  }

  get unread(): number {
    return this.conversations.values().reduce((sum, { unread }) => sum + Number(unread), 0)
  }

  /** Show the conversation with somebody; at a message, if one is named. */
  async open(contact: string | undefined, position?: bigint): Promise<void> {
    this.isWireShown = false
    this.marked = position
    if (contact === undefined) this.window = undefined
    else {
      const window = new MessageWindow(contact, (request) => call('listMessages', request))
      this.window = window
      await (position === undefined ? window.toEnd() : window.around(position)).catch((error: unknown) =>
        this.#failed(error),
      )
    }
    this.changed()
  }

  /** Show the messages of the protocol, which are followed from the first time on. */
  openWire(): void {
    this.isWireShown = true
    this.window = undefined
    if (!this.#isTracing) this.#askForTrace?.()
    this.#isTracing = true
    this.changed()
  }

  /** Note that all that is shown was read. */
  markRead(): void {
    const { window } = this
    const last = window?.messages.at(-1)
    const unread = window && this.conversations.get(window.contact)?.unread
    if (window === undefined || last === undefined || !window.hasLast || !unread) return
    void this.try(() => call('markRead', { contact: window.contact, position: last.position }))
  }

  /** Do something that may fail, and show why it did. @returns what it gives, or undefined. */
  async try<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      this.#failed(error)
      return undefined
    }
  }

  #failed(error: unknown): void {
    if (!(error instanceof CallError)) throw error
    // The watch tells of that.
    if (!error.isUnanswered) this.notice(error.hint === '' ? error.message : `${error.message}: ${error.hint}`)
  }

  notice(text: string, contact = ''): void {
    this.#notices += 1
    const key = this.#notices
    this.notices = [...this.notices, { key, text, contact }].slice(-4)
    this.changed()
    setTimeout(() => this.dismiss(key), NOTICE_MS)
  }

  dismiss(key: number): void {
    this.notices = this.notices.filter((notice) => notice.key !== key)
    this.changed()
  }

  #setLink(link: Link): void {
    this.link = link
    if (link === 'lost') this.typing.clear()
    this.changed()
  }

  /** Note what an event says of what is listed, too. */
  #know(event: Happened): void {
    switch (event.$case) {
      case 'conversation':
        this.conversations.set(event.value.contact, event.value)
        break
      case 'transfer':
        this.transfers.set(idText(event.value.id), event.value)
        break
      case 'connection':
        this.connection = event.value
        break
      case 'forgotten':
        this.conversations.delete(event.value.contact)
    }
  }

  #take(event: Happened): void {
    this.#know(event)
    this.#since?.push(event)
    switch (event.$case) {
      case 'begun':
        this.connection = event.value
        void this.try(() => this.refresh())
        return
      case 'message':
        this.#received(event.value)
        break
      case 'typing':
        if (event.value.active) this.typing.add(event.value.contact)
        else this.typing.delete(event.value.contact)
        break
      case 'notice':
        this.notice(event.value.text, event.value.contact)
        return
      case 'forgotten':
        if (this.contact === event.value.contact) void this.open(event.value.contact)
        break
      case 'trace':
        // Another tab may have asked.
        if (!this.#isTracing) return
        this.traced = [...this.traced, event.value].slice(-MOST_TRACED)
    }
    this.changed()
  }

  #received(message: Message): void {
    if (message.contact === this.contact) this.window?.add(message)
    if (message.direction === Direction.INCOMING) this.dispatchEvent(new CustomEvent('incoming', { detail: message }))
  }

  /** Have everything that shows it drawn again, once for all that changes in one turn. */
  changed(): void {
    if (this.#isChangePending) return
    this.#isChangePending = true
    queueMicrotask(() => {
      this.#isChangePending = false
      this.dispatchEvent(new Event('change'))
    })
  }

  /** How far a message of one's own has come, as the conversation says now. */
  stateOf({ contact, formerKey, direction, number, state }: Message): MessageState {
    const conversation = this.conversations.get(contact)
    if (direction !== Direction.OUTGOING || formerKey || conversation === undefined) return state
    if (state === MessageState.DROPPED) return state
    if (number <= conversation.readThrough) return MessageState.READ
    if (number <= conversation.deliveredThrough) return MessageState.DELIVERED
    if (number <= conversation.postedThrough) return MessageState.POSTED
    return number <= conversation.sentThrough ? MessageState.SENT : MessageState.WAITING
  }
}

function lastMs({ last }: Conversation): number {
  return last?.storedAt?.getTime() ?? 0
}

/** An id as a key. */
export function idText(id: Uint8Array): string {
  return Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The model of this page. */
export const model = new Model()
