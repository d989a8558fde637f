/**
 * The conversations of a profile as the contract has them: what the store counts, what the profile knows of keys, and what
 * the messenger knows of presence, together.
 *
 * @module
 */
import { type Conversation, KeyState } from '#gen/sotto/agent/v1/agent_service.ts'
import type { Messenger } from '../messenger/messenger.ts'
import { type PinState, stateOf } from '../profile/pins.ts'
import type { Profile } from '../profile/profile.ts'
import type { Progress } from '../store/log/progress.ts'
import type { ContactSummary } from '../store/reading/summaries.ts'
import type { Store } from '../store/store.ts'
import { messageForm } from './forms/message-form.ts'

export interface ConversationsOptions {
  readonly profile: Profile
  readonly store: Store
  readonly messenger: Pick<Messenger, 'isOnline' | 'progress'>
}

const KEY_STATES: Readonly<Record<PinState, KeyState>> = {
  pinned: KeyState.PINNED,
  verified: KeyState.VERIFIED,
  changed: KeyState.CHANGED,
  mismatch: KeyState.MISMATCH,
}

const NO_PROGRESS: Progress = { appended: 0, sent: 0, posted: 0, delivered: 0, read: 0 }

export class Conversations {
  readonly #options: ConversationsOptions

  constructor(options: ConversationsOptions) {
    this.#options = options
  }

  /** All of them, that of the newest message first. */
  list(): Conversation[] {
    const summaries = this.#options.store.contacts().sort((one, other) => lastMs(other) - lastMs(one))
    return summaries.map((summary) => this.#form(summary.name, summary))
  }

  /** The one with a person, with whom there may be none yet. */
  with(name: string): Conversation {
    return this.#form(name, this.#options.store.contact(name))
  }

  /** The key that somebody has now, where one is known. */
  keyOf(name: string): Uint8Array | undefined {
    return this.#options.profile.state.pins.get(name)?.identityKey
  }

  #form(contact: string, summary: ContactSummary | undefined): Conversation {
    const { profile, store, messenger } = this.#options
    const pin = profile.state.pins.get(contact)
    const { unread = 0, last } = summary ?? {}
    const { waiting, undeliverable, posted: inMailbox } = store.undelivered(contact, pin?.identityKey)
    // To ask for the progress with somebody makes a conversation of it.
    const { sent, posted, delivered, read } = summary === undefined ? NO_PROGRESS : messenger.progress(contact)
    return {
      contact,
      online: messenger.isOnline(contact),
      key: pin === undefined ? KeyState.UNSPECIFIED : KEY_STATES[stateOf(pin)],
      blocked: profile.state.blocked.has(contact),
      unread: BigInt(unread),
      waiting: BigInt(waiting),
      undeliverable: BigInt(undeliverable),
      posted: BigInt(inMailbox),
      sentThrough: BigInt(sent),
      deliveredThrough: BigInt(delivered),
      readThrough: BigInt(read),
      postedThrough: BigInt(posted),
      provisional: pin?.isProvisional === true,
      last: last && messageForm(last, pin?.identityKey),
    }
  }
}

/** When the newest message was stored; a gap counts as old. */
function lastMs({ last }: ContactSummary): number {
  return last?.kind === 'message' ? last.storedAt.getTime() : 0
}
