/**
 * A messenger of a signed-in person, as `sotto chat` has one, without the terminal.
 *
 * @module
 */
import { EventEmitter, once } from 'node:events'
import type { SottoError } from '#lib/errors.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { createLogger } from '#lib/runtime/log.ts'
import { MailboxClient } from '../../clients/letters/mailbox.ts'
import { Messenger } from '../../clients/messenger/messenger.ts'
import type { MessengerOptions } from '../../clients/messenger/messenger-options.ts'
import type { ConversationEnd } from '../../clients/peer/close-reasons.ts'
import type { Lock } from '../../clients/profile/lock.ts'
import { lockForReceiving } from '../../clients/profile/process-locks.ts'
import { Profile } from '../../clients/profile/profile.ts'
import { DirectoryClient } from '../../clients/session/directory-client.ts'
import { ServerClock } from '../../clients/session/server-clock.ts'
import { openStore } from '../../clients/store/open-store.ts'
import type { Message } from '../../clients/store/reading/messages.ts'
import type { Store } from '../../clients/store/store.ts'
import type { Watch } from '../../clients/store/store-watch.ts'
import type { TraceEvent } from '../../clients/trace/trace.ts'
import { textOf } from './event-text.ts'
import type { MailboxUnderTest } from './running-mailbox.ts'

interface Parts {
  readonly profile: Profile
  readonly lock: Lock
  readonly store: Store
  readonly directory: DirectoryClient
  readonly mailbox: MailboxClient | undefined
}

/** The options in which messengers of tests differ. */
export interface MessengerUnderTestOptions
  extends Partial<
    Pick<
      MessengerOptions,
      | 'listen'
      | 'advertise'
      | 'acceptInto'
      | 'trace'
      | 'awayMs'
      | 'channelTimes'
      | 'moveBackoff'
      | 'staggerMs'
      | 'startsOffline'
      | 'maxConversations'
    >
  > {
  /** Makes the client of the directory. */
  readonly directoryFor?: (profile: Profile) => DirectoryClient
  /** The mailboxes that it uses; none unless set. */
  readonly mailboxes?: MailboxUnderTest
}

export class MessengerUnderTest implements AsyncDisposable {
  readonly profile: Profile
  readonly store: Store
  /** The messages that were received, as NAME: TEXT. */
  readonly received: string[] = []
  readonly refused: SottoError[] = []
  readonly typing: string[] = []
  /** Those who had no room, as NAME: CODE. */
  readonly busy: string[] = []
  /** The reports of messages that wait for another key, as NAME: COUNT. */
  readonly undeliverable: string[] = []
  /** The names of those for whom something is too large for a letter, as it was reported. */
  readonly tooLarge: string[] = []
  /** The names whose key was proven while there was a doubt of it. */
  readonly withdrawn: string[] = []
  /** The reports of files, as NAME: STATE, and whether they wait for room, without repeats in a row. */
  readonly files: string[] = []
  readonly fileErrors: SottoError[] = []
  /** The events of the trace. */
  readonly traced: TraceEvent[] = []
  /** Emits `change` for every event of the messenger. */
  readonly changes = new EventEmitter<{ change: [] }>()
  readonly messenger: Messenger
  /** How each conversation ended that no other carried on. */
  readonly parted: ConversationEnd['how'][] = []
  /** Whether the directory has the messenger's announcement. */
  isOnline = false
  /** The relay that others are told to call at. */
  relay: string | undefined
  readonly #directory: DirectoryClient
  readonly #lock: Lock
  readonly #watch: Watch
  readonly #ended: Promise<unknown>

  /** Start the messenger of a person. Resolves when others can call them. */
  static async start(
    { home }: { readonly home: { readonly path: string } },
    name: string,
    options: MessengerUnderTestOptions = {},
  ): Promise<MessengerUnderTest> {
    const profile = await Profile.open(home.path, name)
    const { folder, key } = profile.storage
    const lock = await lockForReceiving(profile)
    const store = openStore(folder, { profileKey: key })
    const { account, session } = profile.login
    const clock = new ServerClock(systemClock, account.clockOffsetMs)
    const {
      directoryFor = () => new DirectoryClient({ account, session, clock, trace: undefined }),
      mailboxes,
      ...others
    } = options
    const mailbox = mailboxes && mailboxOf(mailboxes, profile)
    const directory = directoryFor(profile)
    const started = new MessengerUnderTest({ profile, lock, store, directory, mailbox }, clock, others)
    await started.until(() => started.isOnline)
    return started
  }

  private constructor(
    { profile, lock, store, directory, mailbox }: Parts,
    clock: ServerClock,
    options: MessengerUnderTestOptions,
  ) {
    this.profile = profile
    this.store = store
    this.#directory = directory
    this.#lock = lock
    const notify = (): void => void this.changes.emit('change')
    this.messenger = new Messenger({
      profile,
      store,
      directory,
      clock,
      account: profile.login.account,
      events: {
        onReceived: (name, events) => {
          this.received.push(...events.map((event) => `${name}: ${textOf(event)}`))
          notify()
        },
        onProgress: notify,
        onTyping: (name, isActive) => {
          this.typing.push(`${name}: ${isActive ? 'writes' : 'stops'}`)
          notify()
        },
        onFile: ({ name, state, isPaused }, error) => {
          const step = `${name}: ${state}${isPaused ? ', paused' : ''}`
          if (this.files.at(-1) !== step) this.files.push(step)
          if (error !== undefined) this.fileErrors.push(error)
          notify()
        },
        onPresence: notify,
        onConversation: notify,
        onRoute: notify,
        onParted: (_name, { how }) => {
          this.parted.push(how)
          notify()
        },
        onOnline: (_endpoints, relay) => {
          this.isOnline = true
          this.relay = relay
          notify()
        },
        onOffline: () => {
          this.isOnline = false
          notify()
        },
        onPinned: notify,
        onDoubtWithdrawn: (name) => {
          this.withdrawn.push(name)
          notify()
        },
        onTooLargeForLetter: (name) => {
          this.tooLarge.push(name)
          notify()
        },
        onUndeliverable: (name, count) => {
          this.undeliverable.push(`${name}: ${count}`)
          notify()
        },
        onBusy: (name, { code }) => {
          this.busy.push(`${name}: ${code}`)
          notify()
        },
        onRefused: (_name, error) => {
          this.refused.push(error)
          notify()
        },
      },
      mailbox,
      listen: { address: '127.0.0.1', port: 0 },
      advertise: [],
      log: createLogger({ name: 'messenger', level: 'silent' }),
      trace: (event) => this.traced.push(event),
      ...options,
      signal: new AbortController().signal,
    })
    this.#watch = store.watch(() => this.messenger.takeAppended())
    this.#ended = this.messenger.run().catch((error: unknown) => error)
  }

  /** Wait until a condition holds that events of the messenger can make true. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await once(this.changes, 'change')
  }

  /** Wait until all that was sent to a contact is delivered. */
  async untilDelivered(name: string): Promise<void> {
    await this.until(() => this.waitingFor(name) === 0)
  }

  /** Say something, and wait until it is with them. */
  async deliver(name: string, text: string): Promise<void> {
    const ordinal = await this.messenger.enqueue(name, text)
    await this.until(() => this.messenger.progress(name).delivered >= ordinal)
  }

  waitingFor(name: string): number {
    const { waiting, posted } = this.store.undelivered(name)
    return waiting + posted
  }

  /** The texts of a conversation as the store has them, the oldest first. */
  async texts(name: string): Promise<string[]> {
    const texts: string[] = []
    for await (const message of this.store.messages([name])) texts.push(textOf((message as Message).event))
    return texts
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch.stop()
    await this.messenger.stop()
    await this.#ended
    this.#directory.close()
    this.store.close()
    this.#lock.release()
  }
}

/** A person's link to the mailboxes. */
export function mailboxOf(mailboxes: MailboxUnderTest, { login: { account, session } }: Profile): MailboxClient {
  const { bearer } = mailboxes.join(account.username, session.sessionId, session.keys.directoryBearer)
  return new MailboxClient([mailboxes.connect()], bearer)
}
