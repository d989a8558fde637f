/**
 * Reach somebody: by one of their endpoints, or through the relay that they attend. Connections are raced, conversations
 * never.
 *
 * The attempts begin one after another with a short delay, as Happy Eyeballs has it (RFC 8305, section 5), so that one
 * dead address does not hold up the next and a live one is not flooded. The first that speaks HTTP/2 is taken, and all
 * others are closed before a word was said over them. A relay is always there, whoever attends it: its attempt counts as
 * won once the call is joined. It begins behind those to endpoints, for direct is better where both work; where the relay was
 * quicker nevertheless, the conversation is moved later (messenger/move-to-direct.ts).
 *
 * @module
 */
import { isIP } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { AttendedRelay, Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import type { ConverseRequest, ConverseResponse } from '#gen/sotto/peer/v1/peer_service.ts'
import { isSottoError, SottoError } from '#lib/errors.ts'
import type { Route } from '#lib/protocol.ts'
import { connect } from '#lib/rpc/client.ts'
import type { Duplex } from '#lib/rpc/service.ts'
import { formatAddress } from '#lib/runtime/address.ts'
import type { Session, SignedIn } from '../profile/state.ts'
import { MAX_ENDPOINTS } from '../session/announcement/endpoints.ts'
import { PeerService } from './peer-service.ts'
import { relayTarget, requireRelay } from './relay/relay-link.ts'
import { RelayService } from './relay/relay-service.ts'
import { callThroughRelay } from './relay/relayed-call.ts'

/** How long one attempt has a head start on the next, in milliseconds (RFC 8305, section 8). */
const STAGGER_MS = 250

/** How long the first attempt to an endpoint has a head start on the relay at most, in milliseconds: three rounds of 250. */
export const RELAY_STAGGER_MS = 750

/** How long one attempt may take, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000

/** Where somebody can be reached, in the directory's word. */
export interface Places {
  /** Anything but an IP literal and a port is left out, and so is what goes beyond {@link MAX_ENDPOINTS}. */
  readonly endpoints: readonly Endpoint[]
  /** The relay that they attend, with what it takes to call there. */
  readonly relay:
    | { readonly attended: AttendedRelay; readonly account: SignedIn; readonly session: Session }
    | undefined
}

/** A place where somebody, perhaps the one who was meant, takes a conversation. */
export interface Reached {
  readonly route: Route
  /** Names the place among those that were dialled. */
  readonly place: string
  /** Begin the conversation: once. */
  readonly converse: () => Duplex<ConverseResponse, ConverseRequest>
  readonly close: () => void
}

/**
 * Connect to the first place that answers.
 *
 * @param staggerMs - How long one attempt has a head start on the next, the relay's included, in milliseconds.
 * @throws SottoError `ERR_PEER_UNREACHABLE` if none does, with a time to come back where one takes connections and closes
 *   them, as a receiver without room does; what the signal was aborted with.
 */
export async function dial(
  { endpoints, relay }: Places,
  signal: AbortSignal,
  staggerMs = STAGGER_MS,
): Promise<Reached> {
  const settled = new AbortController()
  const race = new Race(AbortSignal.any([signal, settled.signal]), staggerMs)
  try {
    const direct = race.enterInTurn(endpoints.filter(isUsable).slice(0, MAX_ENDPOINTS))
    if (relay !== undefined) await race.enterRelay(relay, direct)
    await direct
    return await race.winner()
  } catch (cause) {
    signal.throwIfAborted()
    const retryAfterMs = retryAfterMsIn(cause)
    throw new SottoError('ERR_PEER_UNREACHABLE', 'none of the receiver’s addresses answers', {
      cause,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      hint:
        relay === undefined
          ? 'the two machines must reach each other; the receiver can name an address with --advertise'
          : 'nor does the relay that they attend; try again in a moment',
    })
  } finally {
    settled.abort()
  }
}

class Race {
  readonly #signal: AbortSignal
  readonly #staggerMs: number
  readonly #attempts: Promise<Reached>[] = []
  isWon = false

  constructor(signal: AbortSignal, staggerMs: number) {
    this.#signal = signal
    this.#staggerMs = staggerMs
  }

  /** Begin an attempt to each endpoint, as long as none has won. Resolves when all have begun, and the last has had its head start. */
  async enterInTurn(endpoints: readonly Endpoint[]): Promise<void> {
    for (const endpoint of endpoints) {
      if (this.isWon) return
      const attempt = this.#enter(this.#reachEndpoint(endpoint))
      await Promise.race([Promise.allSettled([attempt]), this.#anyone(), this.#pause(this.#staggerMs)])
    }
  }

  /**
   * Begin an attempt through a relay, as one more place behind the others: once the last of them has had its head start, and
   * {@link RELAY_STAGGER_MS} from now at the latest.
   */
  async enterRelay(relay: NonNullable<Places['relay']>, others: Promise<void>): Promise<void> {
    await Promise.race([others, this.#anyone(), this.#pause(RELAY_STAGGER_MS)])
    if (!this.isWon) void this.#enter(this.#reachThroughRelay(relay))
  }

  /** @throws AggregateError if every attempt has failed. */
  winner(): Promise<Reached> {
    return Promise.any(this.#attempts)
  }

  #enter(attempt: Promise<Reached>): Promise<Reached> {
    this.#attempts.push(attempt)
    attempt.catch(() => undefined)
    return attempt
  }

  /** Resolves when an attempt has won; never rejects. */
  async #anyone(): Promise<void> {
    await Promise.any(this.#attempts).catch(() => new Promise(() => {}))
  }

  async #pause(ms: number): Promise<void> {
    await setTimeout(ms, undefined, { signal: this.#signal }).catch(() => {})
  }

  async #reachEndpoint(endpoint: Endpoint): Promise<Reached> {
    const place = addressOf(endpoint)
    const connection = connect(PeerService, { address: place, security: undefined })
    try {
      await connection.ready({ timeoutMs: CONNECT_TIMEOUT_MS, signal: this.#signal })
      this.#win()
      return { route: 'direct', place, converse: () => connection.call.converse(), close: () => connection.close() }
    } catch (error) {
      connection.close()
      throw error
    }
  }

  async #reachThroughRelay({ attended, account, session }: NonNullable<Places['relay']>): Promise<Reached> {
    const { relayBearer: bearer } = session.keys
    if (bearer === undefined) throw new SottoError('ERR_SESSION_ENDED', 'the session is of before there were relays')
    await requireRelay(account, attended.address, this.#signal)
    const connection = connect(RelayService, relayTarget(account, attended.address))
    try {
      await connection.ready({ timeoutMs: CONNECT_TIMEOUT_MS, signal: this.#signal })
      const stream = await callThroughRelay(connection, attended.attendanceId, { bearer, signal: this.#signal })
      this.#win()
      return { route: 'relay', place: RELAY, converse: () => stream, close: () => connection.close() }
    } catch (error) {
      connection.close()
      throw error
    }
  }

  #win(): void {
    if (this.isWon) throw new SottoError('ERR_CHANNEL_CLOSED', 'another way was quicker')
    this.isWon = true
  }
}

/** When to come back, where one of several attempts was told. */
function retryAfterMsIn(cause: unknown): number | undefined {
  const errors: readonly unknown[] = cause instanceof AggregateError ? cause.errors : []
  return errors.map((error) => (isSottoError(error) ? error.retryAfterMs : undefined)).find((ms) => ms !== undefined)
}

/** The name of the relay among places. */
export const RELAY = 'relay'

function isUsable({ address, port }: Endpoint): boolean {
  return isIP(address) !== 0 && port >= 1 && port <= 65_535
}

/** `ADDRESS:PORT`, with brackets where the address has colons itself. */
export function addressOf({ address, port }: Endpoint): string {
  return formatAddress({ host: address, port })
}
