/**
 * The calls of AgentService that read: the profile, conversations, messages, people.
 *
 * @module
 */
import type { AgentServiceService } from '#gen/sotto/agent/v1/agent_service.ts'
import type { Handlers } from '#lib/rpc/service.ts'
import { USERNAME_PREFIX } from '#lib/validation.ts'
import { folderFor } from '../command/file-flags.ts'
import type { Gap, Message } from '../store/reading/messages.ts'
import { type Agent, check, checkContact, isName, Room } from './agent.ts'
import { positionForm, positionOf } from './forms/position.ts'

const MAX_LISTED = 500
const DEFAULT_LISTED = 50
const DEFAULT_FOUND = 100
const MAX_WORDS_CHARACTERS = 1_000
const MAX_PEOPLE = 50

type ReadingCalls = Pick<
  Handlers<typeof AgentServiceService>,
  'getProfile' | 'watch' | 'listConversations' | 'listMessages' | 'search' | 'listPeople'
>

export function readingCalls(agent: Agent): ReadingCalls {
  const { watchers, profile, account, store, directory, downloads } = agent.options
  return {
    async getProfile() {
      const { identity, receipts } = await profile.refresh()
      return {
        username: account.username,
        profile: profile.name,
        server: account.authAddress,
        identityKey: Buffer.from(identity.publicKey),
        receipts,
        connection: watchers.connection,
        downloads: await folderFor(downloads),
      }
    },

    watch: ({ trace }, { signal }) => watchers.watch(agent, trace, signal),

    async listConversations() {
      await profile.refresh()
      return { conversations: agent.conversations.list() }
    },

    async listMessages({ contact, from, limit }) {
      checkContact(contact)
      checkLimit(limit)
      const count = limit || DEFAULT_LISTED
      const isAfter = from?.$case === 'after'
      const { entries, more } = isAfter
        ? agent.pageAfter(contact, positionOf(from.value), count)
        : agent.pageBefore(contact, from && positionOf(from.value), count)
      const inOrder = isAfter ? entries : entries.toReversed()
      return { messages: inOrder.map((entry) => agent.form(entry)), more }
    },

    async search({ words, contact, limit }, { signal }) {
      checkLimit(limit)
      check((violations) => {
        const { length } = [...words]
        violations.expect(length > 0 && length <= MAX_WORDS_CHARACTERS, 'words', 'must be 1 to 1,000 characters')
        violations.expect(contact === '' || isName(contact), 'contact', 'must be a name, or empty')
      })
      const found = new Newest(limit || DEFAULT_FOUND)
      for await (const entry of store.search(words, contact === '' ? undefined : [contact])) {
        signal.throwIfAborted()
        found.add(entry)
      }
      const room = new Room()
      const messages = found.list().filter((entry) => room.takes(entry))
      return { messages: messages.map((entry) => agent.form(entry)), found: BigInt(found.count) }
    },

    async listPeople({ prefix }, { signal }) {
      check((violations) =>
        violations.expect(USERNAME_PREFIX.test(prefix), 'prefix', 'must be how a name may begin, or empty'),
      )
      const people = []
      for await (const page of directory.listPeople(prefix, signal)) {
        for (const { name, displayName, isOnline } of page) people.push({ name, displayName, online: isOnline })
        if (people.length > MAX_PEOPLE) break
      }
      return { people: people.slice(0, MAX_PEOPLE), complete: people.length <= MAX_PEOPLE }
    },
  }
}

function checkLimit(limit: number): void {
  check((violations) => violations.expect(limit <= MAX_LISTED, 'limit', `must be at most ${MAX_LISTED}`))
}

/** The newest of what is found, of however much there is. */
class Newest {
  readonly #limit: number
  #held: Message[] = []
  count = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  add(entry: Message | Gap): void {
    // A gap may have held more; it is told where it stands.
    if (entry.kind === 'gap') return
    this.count += 1
    this.#held.push(entry)
    if (this.#held.length >= 2 * this.#limit) this.#held = this.list()
  }

  /** The newest first. */
  list(): Message[] {
    return this.#held.sort(newestFirst).slice(0, this.#limit)
  }
}

function newestFirst(one: Message, other: Message): number {
  const byTime = other.storedAt.getTime() - one.storedAt.getTime()
  return byTime || Number(positionForm(other.position) - positionForm(one.position))
}
