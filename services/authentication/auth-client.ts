/**
 * A service's calls to Auth, over mutual TLS: who a caller is, and which sessions end.
 *
 * A service starts and stays up without Auth. A call then fails with `ERR_UNAVAILABLE` and a time to try again; the
 * channel connects again by itself.
 *
 * @module
 */
import type { SealingServiceService } from '#gen/sotto/sealing/v1/sealing_service.ts'
import { type ErrorCode, isSottoError, SottoError } from '#lib/errors.ts'
import type { Connection } from '#lib/rpc/client.ts'
import type { CallContext, CallOptions } from '#lib/rpc/service.ts'
import type { LoadedLeaf } from '#lib/runtime/certificates/leaf.ts'
import type { Logger } from '#lib/runtime/log.ts'
import type { Secret } from '#lib/secret.ts'
import { sessionEnded } from '#lib/shared-errors.ts'
import { SESSION_ID_BYTES } from '#lib/ticket/grant.ts'
import { isTimestamp } from '#lib/validation.ts'

/** How long Auth may take for one answer, in milliseconds: less than our own callers wait, so that they hear from us. */
const DEADLINE_MS = 5_000

/** The time after which a caller may try again while Auth cannot be reached, in milliseconds. */
const RETRY_AFTER_MS = 2_000

/** Auth's answers that are for our caller. Any other failure of a call is ours or the link's. */
const FOR_THE_CALLER: ReadonlySet<ErrorCode> = new Set([
  'ERR_SESSION_ENDED',
  'ERR_NO_SUCH_USER',
  'ERR_NOT_ONLINE',
  'ERR_NO_MAILBOX',
  'ERR_CHAT_WITH_SELF',
  'ERR_TURNED_OFF',
  'ERR_SERVER_DISK_FULL',
  'ERR_SERVER_STORE',
])

/** The part of a call's context that is passed on to Auth in the call made for it. */
export type Origin = Pick<CallContext, 'requestId' | 'bearer' | 'signal'>

/** The owner of a bearer, as Auth says. */
export interface Authenticated {
  readonly account: string
  /** 16 bytes. */
  readonly sessionId: Uint8Array
  /** The time at which the session ends unless it is used again. */
  readonly expiresAt: Date
  /** Auth's clock when it answered. */
  readonly serverTime: Date
}

/** The sessions that have ended, as Auth tells them. */
export interface Revocations {
  /** The number up to which all are known now. */
  readonly number: bigint
  /** 16 bytes each. */
  readonly sessionIds: readonly Uint8Array[]
  /** Some before these cannot be told any more. */
  readonly incomplete: boolean
}

export interface AuthClientOptions {
  readonly connection: Connection<typeof SealingServiceService>
  /** The service that asks, which decides what the bearers of its callers are. */
  readonly service: 'directory' | 'relay'
  readonly log: Logger
}

export class AuthClient {
  readonly #options: AuthClientOptions
  /** Unknown before the first call. */
  #reachable: boolean | undefined

  constructor(options: AuthClientOptions) {
    this.#options = options
  }

  /**
   * Tell who the caller is, and extend the session.
   *
   * @throws SottoError `ERR_SESSION_ENDED`; as {@link ask}.
   */
  async authenticate(origin: Origin): Promise<Authenticated> {
    const bearer = revealBearer(origin.bearer)
    const none = Buffer.alloc(0)
    const isRelay = this.#options.service === 'relay'
    const request = { directoryBearer: isRelay ? none : bearer, relayBearer: isRelay ? bearer : none }
    return await this.ask(origin, async (call, options) => {
      const { username, sessionId, expiresAt, serverTime } = await call.authenticate(request, options)
      // Whoever announces is told this time: one that is not a number would end no session.
      if (!isTimestamp(expiresAt) || !isTimestamp(serverTime) || sessionId.length !== SESSION_ID_BYTES) {
        throw brokenContract()
      }
      return { account: username, sessionId, expiresAt, serverTime }
    })
  }

  /**
   * Hear of sessions that end, until the stream breaks or the signal fires.
   *
   * @param after - The number up to which all are known; undefined at first.
   * @throws SottoError what broke it; the signal's reason.
   */
  watchRevocations(after: bigint | undefined, signal: AbortSignal): AsyncIterable<Revocations> {
    return this.#options.connection.call.watchRevocations({ after }, { signal })
  }

  /**
   * Make a call to Auth for one of our own.
   *
   * @throws SottoError what Auth refuses our caller; `ERR_SERVER_DISK_FULL`, `ERR_SERVER_STORE` if it cannot use its
   *   database; `ERR_UNAVAILABLE` for whatever else it fails with; the signal's reason.
   */
  async ask<Answer>(
    { requestId, signal }: Pick<Origin, 'signal'> & Partial<Origin>,
    ask: (call: Connection<typeof SealingServiceService>['call'], options: CallOptions) => Promise<Answer>,
  ): Promise<Answer> {
    const { connection, service } = this.#options
    try {
      const answer = await ask(connection.call, {
        signal,
        deadlineMs: DEADLINE_MS,
        ...(requestId !== undefined && { requestId }),
      })
      this.#noteReachable()
      return answer
    } catch (error) {
      if (signal.aborted) throw error
      if (isSottoError(error) && FOR_THE_CALLER.has(error.code)) {
        this.#noteReachable()
        throw error
      }
      this.#noteUnreachable(error)
      throw new SottoError('ERR_UNAVAILABLE', `the ${service} cannot reach auth`, {
        cause: error,
        hint: 'wait a little and try again',
        retryAfterMs: RETRY_AFTER_MS,
      })
    }
  }

  #noteReachable(): void {
    if (this.#reachable !== true) this.#options.log.info('auth is reachable')
    this.#reachable = true
  }

  #noteUnreachable(error: unknown): void {
    if (this.#reachable !== false) this.#options.log.warn({ err: error }, 'auth cannot be reached')
    this.#reachable = false
  }
}

/** The error for an answer that Auth does not give. */
export function brokenContract(): SottoError {
  return new SottoError('ERR_UNAVAILABLE', 'an answer of auth breaks its contract')
}

/** The bytes of a caller's bearer. @throws SottoError `ERR_SESSION_ENDED` if there is none. */
export function revealBearer(bearer: Secret | undefined): Buffer {
  if (!bearer) throw sessionEnded()
  return Buffer.from(bearer.reveal())
}

/** How a service calls Auth: as the one that its certificate names. */
export function sealingSecurity({ certificate, authoritiesPem }: LoadedLeaf) {
  return { authorityPem: authoritiesPem, role: 'sealing.sotto', certificate } as const
}
