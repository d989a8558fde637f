/**
 * Who callers are, as Auth said it and for as long as it is true: an answer is used again until its session ends, of which
 * Auth tells by a stream (`SealingService.WatchRevocations`). So a look-up and a beat of a standing announcement ask
 * nobody, and a session that is ended is refused within a second all the same.
 *
 * While that stream is silent nothing is used again; what is open goes on.
 *
 * @module
 */
import { type ErrorCode, isSottoError } from '#lib/errors.ts'
import { mapKeyOf } from '#lib/map-key.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { bearerHash } from '#lib/session/session-keys.ts'
import { sessionEnded } from '#lib/shared-errors.ts'
import type { AuthClient, Authenticated, Origin, Revocations } from './auth-client.ts'

/** How long an answer is used, in milliseconds. The next use asks Auth again, which extends the session: 5 min. */
export const REUSE_MS = 5 * 60_000

/** How long the stream of revocations may say nothing, in milliseconds: three of the signs that it gives each second. */
const SILENCE_LIMIT_MS = 3_000

/** How many sessions are known at once: about 50 MB. The one that was asked for longest ago goes first. */
const MAX_KNOWN = 50_000

/**
 * How long a revocation is remembered, in milliseconds: longer than an answer of Auth takes, which may have been given
 * before it and come after it.
 */
const OVERTAKEN_MS = 15_000

/** The errors that say nothing of a session: Auth cannot be reached, or cannot use its database. */
const CANNOT_TELL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_UNAVAILABLE',
  'ERR_SERVER_DISK_FULL',
  'ERR_SERVER_STORE',
])

/** Whose bearer came with a call. */
export interface Caller extends Authenticated {
  /** Aborted when the session is ended before its time, with what the caller is to be told. */
  readonly ended: AbortSignal
}

interface Known {
  authenticated: Authenticated
  /** On the monotonic clock. */
  atMs: number
  readonly bearerHash: string
  readonly end: AbortController
}

export class Authentications {
  readonly #auth: Pick<AuthClient, 'authenticate'>
  readonly #clock: Clock
  readonly #byBearer = new Map<string, Known>()
  readonly #bySession = new Map<string, Known>()
  /** Sessions that ended lately, with when: in the order of their ends. */
  readonly #endedLately = new Map<string, number>()
  #heardMs = Number.NEGATIVE_INFINITY

  constructor(auth: Pick<AuthClient, 'authenticate'>, clock: Clock) {
    this.#auth = auth
    this.#clock = clock
  }

  /**
   * Tell who the caller is. The session is extended every {@link REUSE_MS} of its use.
   *
   * @throws SottoError `ERR_SESSION_ENDED`; {@link CANNOT_TELL}.
   */
  async authenticate(origin: Origin): Promise<Caller> {
    const bearerHash = hashOf(origin)
    const known = this.#byBearer.get(bearerHash)
    if (known !== undefined && this.#isFresh(known)) return this.#callerOf(known)
    const authenticated = await this.#auth.authenticate(origin)
    if (this.#endedLately.has(mapKeyOf(authenticated.sessionId))) throw sessionEnded()
    return this.#callerOf(this.#keep(bearerHash, authenticated))
  }

  /**
   * Tell again who somebody is who was let in, which extends their session.
   *
   * @returns undefined while Auth cannot tell: whoever is there then stays.
   * @throws SottoError `ERR_SESSION_ENDED`; the signal's reason.
   */
  async confirm(origin: Origin): Promise<Caller | undefined> {
    try {
      return await this.authenticate(origin)
    } catch (error) {
      if (isSottoError(error) && CANNOT_TELL.has(error.code) && !origin.signal.aborted) return undefined
      throw error
    }
  }

  /** Take note of what Auth tells of ended sessions. */
  note({ sessionIds, incomplete }: Revocations): void {
    this.#heardMs = this.#clock.monotonicMs()
    // Whoever is open finds out when they are looked at again, at the next beat.
    if (incomplete) for (const known of this.#byBearer.values()) known.atMs = Number.NEGATIVE_INFINITY
    for (const sessionId of sessionIds) this.#revoke(mapKeyOf(sessionId))
    for (const [sessionId, endedMs] of this.#endedLately) {
      if (endedMs > this.#heardMs - OVERTAKEN_MS) break
      this.#endedLately.delete(sessionId)
    }
  }

  #revoke(sessionId: string): void {
    this.#endedLately.set(sessionId, this.#heardMs)
    const known = this.#bySession.get(sessionId)
    if (known === undefined) return
    this.#forget(known)
    known.end.abort(sessionEnded())
  }

  #keep(bearerHash: string, authenticated: Authenticated): Known {
    const atMs = this.#clock.monotonicMs()
    const known = this.#byBearer.get(bearerHash) ?? { authenticated, atMs, bearerHash, end: new AbortController() }
    this.#forget(known)
    known.authenticated = authenticated
    known.atMs = atMs
    this.#byBearer.set(bearerHash, known)
    this.#bySession.set(mapKeyOf(authenticated.sessionId), known)
    const [oldest] = this.#byBearer.values()
    if (this.#byBearer.size > MAX_KNOWN && oldest !== undefined) this.#forget(oldest)
    return known
  }

  #forget({ bearerHash, authenticated }: Known): void {
    this.#byBearer.delete(bearerHash)
    this.#bySession.delete(mapKeyOf(authenticated.sessionId))
  }

  #isFresh(known: Known): boolean {
    const nowMs = this.#clock.monotonicMs()
    const isHeard = nowMs - this.#heardMs < SILENCE_LIMIT_MS
    return isHeard && nowMs - known.atMs < REUSE_MS && this.#serverTimeOf(known) < known.authenticated.expiresAt
  }

  #callerOf(known: Known): Caller {
    return { ...known.authenticated, serverTime: this.#serverTimeOf(known), ended: known.end.signal }
  }

  /** Auth's clock now, as far as this process can tell. */
  #serverTimeOf({ authenticated, atMs }: Known): Date {
    return new Date(authenticated.serverTime.getTime() + this.#clock.monotonicMs() - atMs)
  }
}

/** A bearer is not kept, only what tells it from others. */
function hashOf({ bearer }: Origin): string {
  if (bearer === undefined) throw sessionEnded()
  return mapKeyOf(bearerHash(bearer))
}
