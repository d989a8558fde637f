/**
 * A member of the office, who uses Sotto for hours: comes and goes, signs in and out, and is cut off now and then. A
 * member has a messenger over a store, as `sotto chat` has one, and keeps nothing else of what they receive.
 *
 * @module
 */
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import type { ChannelTimes } from '#lib/channel/channel-times.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { createLogger } from '#lib/runtime/log.ts'
import { prepareOffer } from '../../clients/files/offer/prepare-offer.ts'
import { Messenger } from '../../clients/messenger/messenger.ts'
import { lockForReceiving } from '../../clients/profile/process-locks.ts'
import { Profile } from '../../clients/profile/profile.ts'
import { DirectoryClient } from '../../clients/session/directory-client.ts'
import { logout } from '../../clients/session/login.ts'
import { ServerClock } from '../../clients/session/server-clock.ts'
import { openStore } from '../../clients/store/open-store.ts'
import { freePort } from '../support/free-port.ts'
import type { Installation } from '../support/installation.ts'
import { Link } from '../support/link.ts'

/** The running messenger of a member who is online. */
interface Presence extends AsyncDisposable {
  readonly messenger: Messenger
  /** How many messages and files are not delivered yet. */
  readonly waiting: () => number
}

/** The time for all to be delivered once all members are online, in milliseconds: the longest silence, and a call. */
const DELIVERY_TIMEOUT_MS = 60_000

export interface MemberOptions {
  readonly installation: Installation
  readonly name: string
  readonly times: Partial<ChannelTimes>
}

export class Member implements AsyncDisposable {
  readonly name: string
  /** How many messages the member has received. */
  received = 0
  readonly #options: MemberOptions
  readonly #port: number
  /** The link through which others call the member. */
  readonly #link: Link
  readonly #changes = new EventEmitter<{ change: [] }>()
  #presence: Presence | undefined
  /** Resolves when no offer is being prepared. */
  #offering: Promise<unknown> = Promise.resolve()

  /** Add a member with a new account, signed in and offline. */
  static async join(options: MemberOptions): Promise<Member> {
    await options.installation.signUp(options.name)
    const port = await freePort()
    return new Member(options, port, await Link.to(`127.0.0.1:${port}`))
  }

  private constructor(options: MemberOptions, port: number, link: Link) {
    this.name = options.name
    this.#options = options
    this.#port = port
    this.#link = link
  }

  get isOnline(): boolean {
    return this.#presence !== undefined
  }

  /** Come online, unless the member is. */
  async goOnline(): Promise<void> {
    if (this.#presence !== undefined) return
    const { installation, name, times: channelTimes } = this.#options
    await using resources = new AsyncDisposableStack()
    const profile = await Profile.open(installation.home.path, name)
    const { account, session } = profile.login
    resources.adopt(await lockForReceiving(profile), (lock) => lock.release())
    const { folder, key } = profile.storage
    const store = resources.adopt(openStore(folder, { profileKey: key }), (open) => open.close())
    const clock = new ServerClock(systemClock, account.clockOffsetMs)
    const trace = undefined
    const directory = resources.adopt(new DirectoryClient({ account, session, clock, trace }), (open) => open.close())
    const notify = (): void => void this.#changes.emit('change')
    const online = Promise.withResolvers<void>()
    const messenger = new Messenger({
      profile,
      account,
      clock,
      directory,
      store,
      events: {
        onReceived: (_name, events) => {
          this.received += events.length
        },
        onProgress: notify,
        onPresence: notify,
        onFile: notify,
        onOnline: () => online.resolve(),
        onOffline() {},
        onPinned() {},
        onRefused() {},
      },
      acceptInto: join(installation.home.path, `files for ${name}`),
      listen: { address: '127.0.0.1', port: this.#port },
      advertise: [{ address: '127.0.0.1', port: Number(this.#link.address.split(':')[1]) }],
      log: createLogger({ name: 'soak', level: 'silent' }),
      trace,
      channelTimes,
      signal: new AbortController().signal,
    })
    const ended = messenger.run().catch((error: unknown) => online.reject(error))
    resources.defer(async () => {
      await messenger.stop()
      await ended
    })
    resources.adopt(
      store.watch(() => messenger.takeAppended()),
      (watch) => watch.stop(),
    )
    await online.promise
    const kept = resources.move()
    this.#presence = {
      messenger,
      waiting: () => {
        const files = messenger.files.list().filter(({ state }) => state === 'offered' || state === 'accepted')
        return store.waiting().reduce((sum, { count }) => sum + count, files.length)
      },
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    }
  }

  async goOffline(): Promise<void> {
    const presence = this.#presence
    this.#presence = undefined
    await this.#offering
    await presence?.[Symbol.asyncDispose]()
  }

  /** Go offline, sign out and sign in again. */
  async signInAgain(): Promise<void> {
    const { installation, name } = this.#options
    await this.goOffline()
    await logout(await Profile.open(installation.home.path, name), new AbortController().signal)
    await installation.signIn(name)
  }

  async send(to: string, text: string): Promise<void> {
    await this.#presence?.messenger.enqueue(to, text)
  }

  /** Offer a file to another member, who accepts every one. */
  async offer(to: string, path: string): Promise<void> {
    const { signal } = new AbortController()
    const presence = this.#presence
    const offered = prepareOffer(path, { signal }).then((prepared) => presence?.messenger.files.offer(to, prepared))
    this.#offering = Promise.allSettled([this.#offering, offered]).then(() => undefined)
    await offered
  }

  /** Close the conversation with another member in order. */
  async closeConversation(to: string): Promise<void> {
    await this.#presence?.messenger.peer(to).goodbye()
  }

  /** Cut every connection to the member. */
  cut(): void {
    this.#link.cut()
  }

  /** Wait until all that was sent is delivered. @throws Error if it takes more than a minute. */
  async untilDelivered(): Promise<void> {
    const signal = AbortSignal.timeout(DELIVERY_TIMEOUT_MS)
    while ((this.#presence?.waiting() ?? 0) > 0) {
      await once(this.#changes, 'change', { signal }).catch((cause) => {
        throw new Error(`what ${this.name} sent is not delivered`, { cause })
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.goOffline()
    await this.#link[Symbol.asyncDispose]()
  }
}
