/**
 * Reach one of somebody's endpoints: connections are raced, conversations never.
 *
 * The attempts begin one after another with a short delay, as Happy Eyeballs has it (RFC 8305, section 5), so that one
 * dead address does not hold up the next and a live one is not flooded. The first that speaks HTTP/2 is taken, and all
 * others are closed before a word was said over them.
 *
 * @module
 */
import { isIP } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import { SottoError } from '#lib/errors.ts'
import { type Connection, connect } from '#lib/rpc/client.ts'
import { formatAddress } from '#lib/runtime/address.ts'
import { MAX_ENDPOINTS } from '../session/endpoints.ts'
import { PeerService } from './peer-service.ts'

/** How long one attempt has a head start on the next, in milliseconds (RFC 8305, section 8). */
const STAGGER_MS = 250

/** How long one attempt may take, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000

export type PeerConnection = Connection<typeof PeerService>

export interface Reached {
  readonly connection: PeerConnection
  readonly endpoint: Endpoint
}

/**
 * Connect to the first endpoint that answers.
 *
 * @param endpoints - In the directory's word; anything but an IP literal and a port is left out, and so is what goes
 *   beyond {@link MAX_ENDPOINTS}.
 * @throws SottoError `ERR_PEER_UNREACHABLE` if none does; what the signal was aborted with.
 */
export async function dial(endpoints: readonly Endpoint[], signal: AbortSignal): Promise<Reached> {
  const settled = new AbortController()
  const race = new Race(AbortSignal.any([signal, settled.signal]))
  try {
    for (const endpoint of endpoints.filter(isUsable).slice(0, MAX_ENDPOINTS)) {
      await race.enter(endpoint)
      if (race.isWon) break
    }
    return await race.winner()
  } catch (cause) {
    signal.throwIfAborted()
    throw new SottoError('ERR_PEER_UNREACHABLE', 'none of the receiver’s addresses answers', {
      cause,
      hint: 'the two machines must reach each other; the receiver can name an address with --advertise',
    })
  } finally {
    settled.abort()
  }
}

class Race {
  readonly #signal: AbortSignal
  readonly #attempts: Promise<Reached>[] = []
  isWon = false

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** Begin an attempt. Resolves when the next may begin: when this one ended or has had its head start. */
  async enter(endpoint: Endpoint): Promise<void> {
    const attempt = this.#reach(endpoint)
    this.#attempts.push(attempt)
    const headStart = setTimeout(STAGGER_MS, undefined, { signal: this.#signal })
    await Promise.race([Promise.allSettled([attempt]), Promise.any(this.#attempts), headStart])
  }

  /** @throws AggregateError if every attempt has failed. */
  winner(): Promise<Reached> {
    return Promise.any(this.#attempts)
  }

  async #reach(endpoint: Endpoint): Promise<Reached> {
    const connection = connect(PeerService, { address: addressOf(endpoint), security: undefined })
    try {
      await connection.ready({ timeoutMs: CONNECT_TIMEOUT_MS, signal: this.#signal })
      if (this.isWon) throw new SottoError('ERR_CHANNEL_CLOSED', 'another endpoint answered first')
      this.isWon = true
      return { connection, endpoint }
    } catch (error) {
      connection.close()
      throw error
    }
  }
}

function isUsable({ address, port }: Endpoint): boolean {
  return isIP(address) !== 0 && port >= 1 && port <= 65_535
}

/** `ADDRESS:PORT`, with brackets where the address has colons itself. */
export function addressOf({ address, port }: Endpoint): string {
  return formatAddress({ host: address, port })
}
