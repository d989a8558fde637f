/**
 * Being there to be called, of a messenger that listens: its server, the relay that it attends, and the announcement of
 * both.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import { INSTANCE_ID_BYTES } from '#lib/protocol.ts'
import type { RpcServer } from '#lib/rpc/server.ts'
import type { Logger } from '#lib/runtime/log.ts'
import { withTimeout } from '#lib/runtime/with-timeout.ts'
import type { Attending } from '../peer/relay/attend.ts'
import type { Hosting, PeerHost } from '../peer/serve.ts'
import type { Profile } from '../profile/profile.ts'
import { type Online, stayOnline } from '../session/announcement/stay-online.ts'
import type { MessengerOptions } from './messenger-options.ts'

/** How long a start waits for a relay to be attended before it announces without, in milliseconds. */
const ATTEND_FIRST_MS = 1_000

/** The same where there is nothing else to announce, in milliseconds: as long as it may take to find that none answers. */
const ATTEND_ALONE_MS = 15_000

export interface ReachabilityOptions
  extends Omit<Hosting, 'instanceId' | 'directory' | 'log'>,
    Pick<Online, 'directory' | 'account' | 'onOnline' | 'onNotAdvertised' | 'onReplaced' | 'onOffline'>,
    Pick<MessengerOptions, 'advertise' | 'startsOffline'> {
  readonly profile: Profile
  /** The address to listen on, port 0 for any free one. */
  readonly listen: Endpoint
  readonly log: Logger | undefined
  /** Mail may have come. */
  readonly onMail: () => void
  /** Ends it. */
  readonly signal: AbortSignal
}

export class Reachability {
  readonly #options: ReachabilityOptions
  /** Drawn at the start of the receiver. */
  readonly #instanceId = randomBytes(INSTANCE_ID_BYTES)
  #server: Promise<RpcServer> | undefined
  #port: number | undefined
  #attending: Attending | undefined

  constructor(options: ReachabilityOptions) {
    this.#options = options
  }

  /**
   * Begin to listen, and to attend a relay, as the profile has it. Nobody is told of either yet.
   *
   * @throws SottoError `ERR_CONFIG` if the address cannot be bound; the signal's reason.
   */
  async begin(): Promise<void> {
    const { profile } = this.#options
    const { reach } = profile.state
    const peers = await this.#createHost()
    // Whoever is to be reached through a relay alone has no port that anybody could find.
    if (reach !== 'relay') this.#server = this.#listen(peers)
    if (reach !== 'direct') this.#attending = await this.#attend(peers)
    this.#port = (await this.#server)?.port
  }

  /** Be online until it can go on no more. @throws SottoError as {@link stayOnline} does. */
  async stayOnline(): Promise<never> {
    const { listen } = this.#options
    // Most attend within milliseconds, and are announced once so.
    const longestMs = this.#port === undefined ? ATTEND_ALONE_MS : ATTEND_FIRST_MS
    if (this.#attending) await withTimeout(this.#attending.settled, longestMs)
    return await stayOnline({
      ...this.#options,
      listening: this.#port === undefined ? undefined : { host: listen.address, port: this.#port },
      relay: this.#attending,
      instanceId: this.#instanceId,
    })
  }

  /** Be there no longer: to be called once the signal is aborted, and the conversations have ended. */
  async stop(): Promise<void> {
    // It may just be starting.
    await this.#server?.then(
      (server) => server.stop(0),
      () => undefined,
    )
    await this.#attending?.stop()
  }

  async #createHost(): Promise<PeerHost> {
    const hosting = { ...this.#options, log: this.#log, instanceId: this.#instanceId }
    // Loaded here, for it takes as long to load as a send to send.
    const { PeerHost } = await import('../peer/serve.ts')
    this.#options.signal.throwIfAborted()
    return new PeerHost(hosting)
  }

  async #listen(peers: PeerHost): Promise<RpcServer> {
    const { listen, channelTimes } = this.#options
    const { servePeers } = await import('../peer/serve.ts')
    return await servePeers(
      { log: this.#log, ...(channelTimes && { channelTimes }) },
      peers,
      listen.address,
      listen.port,
    )
  }

  /** Be there to be called through a relay of the host, if there is one. */
  async #attend(peers: PeerHost): Promise<Attending> {
    const { profile, onMail, signal } = this.#options
    const { account, session } = profile.login
    const { Attending } = await import('../peer/relay/attend.ts')
    return new Attending({
      account,
      session,
      converse: (stream, call) => {
        const caller = { vouch() {}, admit: call.onProven }
        return peers.converse(stream, { route: 'relay', caller, signal: call.signal })
      },
      onMail,
      signal,
    })
  }

  get #log(): Logger {
    const { log } = this.#options
    if (log === undefined) throw new TypeError('a server needs a log')
    return log
  }
}
