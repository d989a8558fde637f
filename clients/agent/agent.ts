/**
 * The parts of a running client that its API works with, and what its calls have in common.
 *
 * @module
 */
import type { Message as MessageForm } from '#gen/sotto/agent/v1/agent_service.ts'
import { USERNAME, Violations } from '#lib/validation.ts'
import type { Messenger } from '../messenger/messenger.ts'
import type { Profile } from '../profile/profile.ts'
import type { SignedIn } from '../profile/state.ts'
import type { DirectoryClient } from '../session/directory-client.ts'
import { NameCheck } from '../session/name-check.ts'
import type { ServerClock } from '../session/server-clock.ts'
import type { Gap, Message, Position } from '../store/reading/messages.ts'
import type { Store } from '../store/store.ts'
import { Conversations } from './conversations.ts'
import { messageForm } from './forms/message-form.ts'
import { Uploads } from './uploads.ts'
import type { WatchSource } from './watcher.ts'
import type { Watchers } from './watchers.ts'

export interface AgentOptions {
  readonly watchers: Watchers
  readonly messenger: Messenger
  readonly profile: Profile
  readonly account: SignedIn
  readonly store: Store
  readonly directory: DirectoryClient
  readonly clock: ServerClock
  /** The folder that accepted files come to; made if it is not there. */
  readonly downloads: string
  readonly signal: AbortSignal
}

/** How many messages are read in one go. */
const RUN = 50

/** How many bytes of texts a response holds: with all else it is less than the 4 MiB that gRPC's clients take. */
const ROOM_BYTES = 1024 * 1024

/** A page of a conversation, in the order in which it was read. */
interface Page {
  readonly entries: readonly (Message | Gap)[]
  /** Whether there is more behind it. */
  readonly more: boolean
}

export class Agent implements WatchSource {
  readonly conversations: Conversations
  readonly options: AgentOptions
  readonly uploads: Uploads
  readonly #nameCheck: NameCheck

  constructor(options: AgentOptions) {
    const { account, profile, store, directory, messenger, signal } = options
    this.options = options
    this.conversations = new Conversations(options)
    this.uploads = new Uploads(profile.storage.folder, () => messenger.files.list())
    this.#nameCheck = new NameCheck({
      ownName: account.username,
      isKnown: (name) => profile.state.pins.has(name) || store.names().includes(name),
      ask: (name, timeout) => directory.getPresence(name, AbortSignal.any([signal, timeout])),
    })
  }

  /** @throws SottoError `ERR_CHAT_WITH_SELF`, `ERR_NO_SUCH_USER`, `ERR_SESSION_ENDED`, `ERR_UNAVAILABLE`. */
  async checkName(name: string): Promise<void> {
    await this.#nameCheck.check(name)
  }

  names(): string[] {
    return this.options.store.names()
  }

  newest(name: string): Position | undefined {
    return this.options.store.history(name, { limit: 1 })[0]?.position
  }

  after(name: string, position: Position): { messages: MessageForm[]; last: Position } | undefined {
    const { entries } = this.pageAfter(name, position, RUN)
    const last = entries.at(-1)
    return last && { messages: entries.map((entry) => this.form(entry)), last: last.position }
  }

  conversation(name: string): ReturnType<Conversations['with']> {
    return this.conversations.with(name)
  }

  form(entry: Message | Gap): MessageForm {
    return messageForm(entry, this.conversations.keyOf(entry.contact))
  }

  /** The messages before a position, or the newest; the newest of them first. */
  pageBefore(name: string, before: Position | undefined, limit: number): Page {
    const { store } = this.options
    return readPage(limit, (last, count) => store.history(name, { before: last ?? before, limit: count }))
  }

  /** The messages behind a position, the oldest first. */
  pageAfter(name: string, after: Position, limit: number): Page {
    const { store } = this.options
    return readPage(limit, (last, count) => store.historyAfter(name, last ?? after, count))
  }
}

/** The room of a response: for so many bytes of texts, and for one message always. */
export class Room {
  #count = 0
  #bytes = 0

  /** Whether there is room for one more, which is then taken. */
  takes(entry: Message | Gap): boolean {
    const size = sizeOf(entry)
    if (this.#count > 0 && this.#bytes + size > ROOM_BYTES) return false
    this.#count += 1
    this.#bytes += size
    return true
  }
}

/** Read a page run by run, so that a page of large messages is not read whole before it is found to be too large. */
function readPage(
  limit: number,
  read: (last: Position | undefined, count: number) => readonly (Message | Gap)[],
): Page {
  const entries: (Message | Gap)[] = []
  const room = new Room()
  for (;;) {
    // One more than asked for tells whether there is more.
    const count = Math.min(RUN, limit + 1 - entries.length)
    const run = read(entries.at(-1)?.position, count)
    for (const entry of run) {
      if (entries.length === limit || !room.takes(entry)) return { entries, more: true }
      entries.push(entry)
    }
    if (run.length < count) return { entries, more: false }
  }
}

function sizeOf(entry: Message | Gap): number {
  if (entry.kind === 'gap' || entry.event.kind?.$case !== 'text') return 0
  return entry.event.kind.value.body.length
}

/** @throws SottoError `ERR_INVALID_ARGUMENT` with what was found. */
export function check(find: (violations: Violations) => void): void {
  const violations = new Violations()
  find(violations)
  violations.throwIfAny()
}

/** @throws SottoError `ERR_INVALID_ARGUMENT` */
export function checkContact(contact: string): void {
  check((violations) => violations.expectUsername(contact, 'contact'))
}

/** Whether a name may be a contact's; for a field that may be empty. */
export function isName(name: string): boolean {
  return USERNAME.test(name)
}
