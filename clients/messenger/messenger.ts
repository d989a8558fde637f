/**
 * The messenger: the one process that owns a profile's conversations. It is online for as long as it runs, takes
 * conversations that others open, opens one itself whenever something waits for somebody who is there, and keeps all
 * that is said and heard in the profile's store.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import type { ChannelTimes } from '#lib/channel/channel-times.ts'
import { SottoError } from '#lib/errors.ts'
import { KID_BYTES } from '#lib/protocol.ts'
import type { RpcServer } from '#lib/rpc/server.ts'
import type { Logger } from '#lib/runtime/log.ts'
import type { Conversation } from '../peer/conversation.ts'
import type { DirectoryClient } from '../peer/directory-client.ts'
import { stayOnline } from '../peer/online.ts'
import type { Calling } from '../peer/open-conversation.ts'
import { keyChanged, refuseBlocked } from '../peer/pins.ts'
import type { PresenceWatch } from '../peer/presence-watch.ts'
import type { Profile } from '../peer/profile.ts'
import type { Account } from '../peer/profile-state.ts'
import { servePeers } from '../peer/serve.ts'
import type { ServerClock } from '../peer/server-clock.ts'
import type { Trace } from '../peer/trace.ts'
import type { Progress } from '../store/mailbox.ts'
import type { Store } from '../store/store.ts'
import { Correspondent, HEAD_START_MS } from './correspondent.ts'
import { StoredExchanges } from './stored-exchanges.ts'

/** What the messenger tells whoever shows it. */
export interface MessengerEvents {
  /** Events that are new, in order; they are in the store. */
  readonly onHeard: (name: string, events: readonly Event[]) => void
  /** What was said to somebody may have come further. */
  readonly onProgress: (name: string, progress: Progress) => void
  /** Somebody has come or gone. */
  readonly onPresence: (name: string, isOnline: boolean) => void
  /** This end is online, or no longer. */
  readonly onOnline: (endpoints: readonly Endpoint[]) => void
  readonly onOffline: (error: SottoError) => void
  readonly onPinned: (name: string) => void
  /** Somebody cannot be written to, or called in vain, until the user does something about it. */
  readonly onRefused: (name: string, error: SottoError) => void
}

export interface MessengerOptions {
  readonly profile: Profile
  readonly account: Account
  readonly clock: ServerClock
  readonly directory: DirectoryClient
  readonly store: Store
  readonly events: MessengerEvents
  /** Where to listen: `::` for everywhere, port 0 for any free one. */
  readonly listen: Endpoint
  /** What to offer others in place of this machine's own addresses. */
  readonly advertise: readonly Endpoint[]
  readonly log: Logger
  readonly trace: Trace
  /** Where the durations of channels are to be shorter than the protocol's. */
  readonly channelTimes?: Partial<ChannelTimes>
  /** Ends everything. */
  readonly signal: AbortSignal
}

export class Messenger {
  readonly #options: MessengerOptions
  readonly #calling: Calling
  readonly #exchanges: StoredExchanges
  readonly #watch: PresenceWatch
  readonly #correspondents = new Map<string, Correspondent>()
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  /** Ends with what is being said: one after the other, in the order of writing. */
  #saying: Promise<unknown> = Promise.resolve()
  #server: RpcServer | undefined

  constructor(options: MessengerOptions) {
    const { profile, clock, directory, store, events, trace, channelTimes = {} } = options
    this.#options = options
    this.#signal = AbortSignal.any([options.signal, this.#stopped.signal])
    this.#exchanges = new StoredExchanges({ store, clock: clock.local, onProgress: events.onProgress })
    const deliver = async (name: string, heard: readonly Event[]) => events.onHeard(name, heard)
    this.#calling = { profile, directory, clock, deliver, onPinned: events.onPinned, trace, channelTimes }
    this.#watch = directory.watch([], {
      signal: this.#signal,
      onChange: (name, isOnline) => this.#onPresence(name, isOnline),
      onRegained: () => this.#onRegained(),
    })
  }

  /**
   * Be online until it can go on no more.
   *
   * @throws SottoError `ERR_CONFIG` if the address cannot be bound; `ERR_ANNOUNCE_REPLACED`, `ERR_SESSION_ENDED` when
   *   that ends it; `ERR_UNAVAILABLE` and the like if the services cannot be reached at the start; the signal's reason.
   */
  async run(): Promise<never> {
    const { listen, events, store } = this.#options
    const kid = randomBytes(KID_BYTES)
    const hosting = {
      ...this.#options,
      ...this.#calling,
      directory: this.#options.directory,
      kid,
      exchanges: this.#exchanges,
      onKeyChanged: (name: string) => events.onRefused(name, keyChanged(name)),
      onRefused() {},
      onConversation: (conversation: Conversation) => this.#onConversation(conversation),
    }
    this.#server = await servePeers(hosting, listen.address, listen.port)
    for (const name of store.names()) this.correspondent(name)
    const { port } = this.#server
    const signal = this.#signal
    const online = stayOnline({ ...this.#options, ...events, host: listen.address, port, kid, signal })
    return await Promise.race([online, this.#watch.ended])
  }

  /** Somebody, watched from now on. */
  correspondent(name: string): Correspondent {
    const known = this.#correspondents.get(name)
    if (known !== undefined) return known
    const correspondent = new Correspondent({
      name,
      calling: this.#calling,
      exchanges: this.#exchanges,
      patienceMs: () => (this.#isHigher(name) ? HEAD_START_MS : 0),
      onRefused: (error) => this.#options.events.onRefused(name, error),
      signal: this.#signal,
    })
    this.#correspondents.set(name, correspondent)
    this.#watch.setUsernames(this.#correspondents.keys())
    return correspondent
  }

  /** Whether this side gives the other a head start: the one with the bytewise larger identity key does. */
  #isHigher(name: string): boolean {
    const { identity, pins } = this.#options.profile.state
    const theirs = pins.get(name)?.identityKey
    return theirs !== undefined && Buffer.compare(identity.publicKey, theirs) > 0
  }

  /**
   * Say a text. It waits in the store until it is acknowledged.
   *
   * @returns its ordinal among all that was said to this key, to look for in {@link MessengerEvents.onProgress}.
   * @throws SottoError `ERR_BLOCKED`, `ERR_KEY_CHANGED`, `ERR_MESSAGE_TOO_LARGE`, `ERR_STORE`: then nothing waits.
   */
  say(name: string, text: string): Promise<number> {
    const said = this.#saying.then(() => this.#say(name, text))
    this.#saying = said.catch(() => undefined)
    return said
  }

  async #say(name: string, text: string): Promise<number> {
    const { profile } = this.#options
    // The profile is read again by it: the user may have trusted another key in another terminal.
    await refuseBlocked(profile, name)
    // It would be bound to the old key, and never go.
    if (profile.state.pins.get(name)?.changedTo !== undefined) throw keyChanged(name)
    const correspondent = this.correspondent(name)
    const ordinal = correspondent.exchange.say(Buffer.from(text, 'utf8'))
    correspondent.dial()
    return ordinal
  }

  /** What became of what was said to somebody, under the key that is pinned now. */
  progress(name: string): Progress {
    return this.correspondent(name).exchange.progress
  }

  /** Another process has changed the store: say what it left there. */
  takeAppended(): void {
    const names = this.#options.store.names()
    this.#exchanges.keepOnly(new Set(names))
    for (const name of names) {
      const correspondent = this.correspondent(name)
      correspondent.exchange.takeAppended()
      correspondent.dial()
    }
  }

  isOnline(name: string): boolean {
    return this.#correspondents.get(name)?.isOnline ?? false
  }

  #onPresence(name: string, isOnline: boolean): void {
    this.correspondent(name).setOnline(isOnline)
    this.#options.events.onPresence(name, isOnline)
  }

  /** The directory is there again, and so are calls. */
  #onRegained(): void {
    for (const correspondent of this.#correspondents.values()) correspondent.hurry()
  }

  #onConversation({ peerName, ended }: Conversation): void {
    const correspondent = this.correspondent(peerName)
    // What waits and could not be said in it is said in another.
    void ended.then(() => correspondent.dial({ headStart: true }))
  }

  /** Say goodbye to everybody, and stop: afterwards nothing of it uses the store. */
  async stop(): Promise<void> {
    this.#stopped.abort(new SottoError('ERR_INTERRUPTED', 'the messenger was stopped'))
    const correspondents = [...this.#correspondents.values()]
    await Promise.all(correspondents.map((each) => each.goodbye()))
    await this.#server?.stop(0)
    await Promise.all(correspondents.map((each) => each.idle()))
  }
}
