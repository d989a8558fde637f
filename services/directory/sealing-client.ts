/**
 * The directory's calls to Auth, over mutual TLS: who a caller is, and a ticket for a conversation.
 *
 * The directory starts and stays up without Auth. A call then fails with `ERR_UNAVAILABLE` and a time to try again; the
 * channel connects again by itself.
 *
 * @module
 */
import {
  ChatRefusal,
  type ChatResult,
  type ChatToSeal,
  type ListAccountsResponse,
  type SealedChat,
  type SealingServiceService,
  type SealLetterResponse,
} from '#gen/sotto/sealing/v1/sealing_service.ts'
import { type ErrorCode, isSottoError, SottoError } from '#lib/errors.ts'
import { Gathering } from '#lib/gathering.ts'
import { MAX_SEALED_TOGETHER } from '#lib/protocol.ts'
import type { Connection } from '#lib/rpc/client.ts'
import type { CallContext, CallOptions } from '#lib/rpc/service.ts'
import type { Logger } from '#lib/runtime/log.ts'
import type { Secret } from '#lib/secret.ts'
import { chatWithSelf, sessionEnded } from '#lib/shared-errors.ts'
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

/** A conversation that the caller asks for. */
export type ChatRequest = Omit<ChatToSeal, 'senderBearer' | 'requestId'>

/** The signal of what nobody gives up. */
const NEVER = new AbortController().signal

export class SealingClient {
  readonly #connection: Connection<typeof SealingServiceService>
  readonly #log: Logger
  readonly #chats = new Gathering<ChatToSeal, ChatResult['result']>({
    most: MAX_SEALED_TOGETHER,
    ask: (chats) => this.#sealAll(chats),
  })
  /** Unknown before the first call. */
  #reachable: boolean | undefined

  constructor(connection: Connection<typeof SealingServiceService>, log: Logger) {
    this.#connection = connection
    this.#log = log
  }

  /**
   * Tell who the caller is, and extend the session.
   *
   * @throws SottoError `ERR_SESSION_ENDED`, `ERR_UNAVAILABLE`.
   */
  async authenticate(origin: Origin): Promise<Authenticated> {
    const directoryBearer = revealBearer(origin.bearer)
    return await this.#ask(origin, async (call, options) => {
      const { username, sessionId, expiresAt, serverTime } = await call.authenticate({ directoryBearer }, options)
      // Whoever announces is told this time: one that is not a number would end no session.
      if (!isTimestamp(expiresAt) || !isTimestamp(serverTime) || sessionId.length !== SESSION_ID_BYTES) {
        throw brokenContract()
      }
      return { account: username, sessionId, expiresAt, serverTime }
    })
  }

  /**
   * Make sure that an account exists.
   *
   * @throws SottoError `ERR_NO_SUCH_USER`, `ERR_UNAVAILABLE`.
   */
  async findAccount(origin: Origin, username: string): Promise<void> {
    await this.#ask(origin, (call, options) => call.findAccount({ username }, options))
  }

  /**
   * List accounts, for a caller who is signed in.
   *
   * @throws SottoError `ERR_SESSION_ENDED`, `ERR_TURNED_OFF`, `ERR_UNAVAILABLE`.
   */
  async listAccounts(
    origin: Origin,
    page: { readonly prefix: string; readonly pageSize: number; readonly after: string },
  ): Promise<ListAccountsResponse> {
    const directoryBearer = revealBearer(origin.bearer)
    return await this.#ask(origin, (call, options) => call.listAccounts({ directoryBearer, ...page }, options))
  }

  /**
   * Have a conversation's secret minted and sealed for both ends.
   *
   * @throws SottoError `ERR_SESSION_ENDED` for the caller's session, `ERR_NOT_ONLINE` for the receiver's;
   *   `ERR_CHAT_WITH_SELF`, `ERR_UNAVAILABLE`.
   */
  async sealChat({ bearer, requestId }: Origin, request: ChatRequest): Promise<SealedChat> {
    const result = await this.#chats.ask({ ...request, senderBearer: revealBearer(bearer), requestId })
    if (result?.$case === 'sealed') return result.value
    throw errorFor(result?.value, requestId)
  }

  /**
   * Have a letter's secret minted and sealed for both ends.
   *
   * @throws SottoError `ERR_SESSION_ENDED`, `ERR_NO_SUCH_USER`, `ERR_NO_MAILBOX`, `ERR_CHAT_WITH_SELF`,
   *   `ERR_UNAVAILABLE`.
   */
  async sealLetter(origin: Origin, receiverName: string, nonce: Buffer): Promise<SealLetterResponse> {
    const senderBearer = revealBearer(origin.bearer)
    return await this.#ask(origin, (call, options) => call.sealLetter({ senderBearer, receiverName, nonce }, options))
  }

  async #sealAll(chats: readonly ChatToSeal[]): Promise<readonly ChatResult['result'][]> {
    // Whoever has gone away meanwhile is no reason to give the others up. The call goes under the id of the first.
    const { requestId } = chats[0] ?? {}
    const { results } = await this.#ask({ signal: NEVER, ...(requestId && { requestId }) }, (call, options) =>
      call.sealChats({ chats: [...chats] }, options),
    )
    if (results.length !== chats.length) throw brokenContract()
    return results.map(({ result }) => result)
  }

  /**
   * Hear of sessions that end, until the stream breaks or the signal fires.
   *
   * @param after - The number up to which all are known; undefined at first.
   * @throws SottoError what broke it; the signal's reason.
   */
  watchRevocations(after: bigint | undefined, signal: AbortSignal): AsyncIterable<Revocations> {
    return this.#connection.call.watchRevocations({ after }, { signal })
  }

  async #ask<Answer>(
    { requestId, signal }: Pick<Origin, 'signal'> & Partial<Origin>,
    ask: (call: Connection<typeof SealingServiceService>['call'], options: CallOptions) => Promise<Answer>,
  ): Promise<Answer> {
    try {
      const answer = await ask(this.#connection.call, {
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
      throw new SottoError('ERR_UNAVAILABLE', 'the directory cannot reach auth', {
        cause: error,
        hint: 'wait a little and try again',
        retryAfterMs: RETRY_AFTER_MS,
      })
    }
  }

  #noteReachable(): void {
    if (this.#reachable !== true) this.#log.info('auth is reachable')
    this.#reachable = true
  }

  #noteUnreachable(error: unknown): void {
    if (this.#reachable !== false) this.#log.warn({ err: error }, 'auth cannot be reached')
    this.#reachable = false
  }
}

function brokenContract(): SottoError {
  return new SottoError('ERR_UNAVAILABLE', 'an answer of auth breaks its contract')
}

/** What the caller is told who asked for a conversation that Auth has not sealed. */
function errorFor(refusal: ChatRefusal | undefined, requestId: string): SottoError {
  switch (refusal) {
    case ChatRefusal.SENDER_SESSION_ENDED:
      return sessionEnded()
    case ChatRefusal.RECEIVER_SESSION_ENDED:
      return new SottoError('ERR_NOT_ONLINE', "the receiver's session has ended", {
        hint: 'try again when they are back',
      })
    case ChatRefusal.WITH_SELF:
      return chatWithSelf()
    default:
      return new SottoError('ERR_INTERNAL', `auth could not seal a conversation: its log says why, under ${requestId}`)
  }
}

function revealBearer(bearer: Secret | undefined): Buffer {
  if (!bearer) throw sessionEnded()
  return Buffer.from(bearer.reveal())
}
