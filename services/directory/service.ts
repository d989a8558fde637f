/**
 * DirectoryService: proto/sotto/directory/v1 says what each call does and who may make it.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import {
  type AnnounceRequest,
  type AnnounceResponse,
  type DirectoryServiceService,
  type GetPresenceRequest,
  type GetPresenceResponse,
  LetterRefusal,
  type ListUsersRequest,
  type ListUsersResponse,
  Presence,
  type PresenceState,
  ReplacedAnnouncement,
  type RequestChatRequest,
  type RequestChatResponse,
  type RequestLettersRequest,
  type RequestLettersResponse,
  type WantedLetter,
  type WantedLetterResult,
  type WatchPresenceRequest,
  type WatchPresenceResponse,
} from '#gen/sotto/directory/v1/directory_service.ts'
import { type ErrorCode, isSottoError, SottoError } from '#lib/errors.ts'
import type { CallContext, Handlers } from '#lib/rpc/service.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { Ranges } from '#lib/runtime/network/ranges.ts'
import { chatWithSelf } from '#lib/shared-errors.ts'
import type { Authentications, Caller } from '../authentication/authentications.ts'
import { judgeEndpoints } from './endpoints.ts'
import type { PresenceRegistry } from './presence.ts'
import type { SealingClient } from './sealing-client.ts'
import {
  checkAnnounceRequest,
  checkGetPresenceRequest,
  checkListUsersRequest,
  checkRequestChatRequest,
  checkRequestLettersRequest,
  checkWatchPresenceRequest,
} from './validation.ts'
import type { OnlineState } from './watch.ts'

/** How many people a page of the roster has unless the caller says otherwise. */
const DEFAULT_PAGE_SIZE = 100

export interface DirectoryHandlersOptions {
  readonly presence: PresenceRegistry
  readonly sealing: SealingClient
  readonly authentications: Authentications
  readonly clock: Clock
  /** The endpoints that the host allows, whoever announces them. */
  readonly allowedEndpoints: Ranges
  /** How often an open announcement or watch is answered and its session looked at again, in milliseconds. */
  readonly heartbeatMs: number
}

export function createDirectoryHandlers(options: DirectoryHandlersOptions): Handlers<typeof DirectoryServiceService> {
  const { presence, sealing, authentications, clock, allowedEndpoints, heartbeatMs } = options

  async function* announce(request: AnnounceRequest, context: CallContext): AsyncGenerator<AnnounceResponse> {
    checkAnnounceRequest(request)
    const { requestId, bearer, signal } = context
    let caller = await authenticate(context)
    const isReached = request.relay !== undefined
    const judged = judgeEndpoints(request.endpoints, context.remoteAddress, allowedEndpoints, isReached)
    // Whoever has gone by now must not take the place of the announcement that came after it.
    signal.throwIfAborted()
    context.caller.settle()
    let clockOffsetMs = offsetOf(caller)
    const { account, sessionId } = caller
    const registration = await presence.announce({
      account,
      sessionId,
      instanceId: request.instanceId,
      endpoints: judged.accepted,
      relay: request.relay,
    })
    const { OTHER_INSTANCE, UNSPECIFIED } = ReplacedAnnouncement
    let replaced: ReplacedAnnouncement = registration.hasReplacedInstance ? OTHER_INSTANCE : UNSPECIFIED
    let refusedEndpoints = [...judged.refused]
    try {
      while (true) {
        const over = AbortSignal.any([signal, registration.ended, caller.ended])
        over.throwIfAborted()
        const serverTime = new Date(clock.now().getTime() + clockOffsetMs)
        yield { serverTime, sessionExpiresAt: caller.expiresAt, replaced, refusedEndpoints }
        replaced = UNSPECIFIED
        refusedEndpoints = []
        await pause(heartbeatMs, over)
        const confirmed = await authentications.confirm({ requestId, bearer, signal: over })
        // Those who are online stay so while Auth cannot tell.
        if (confirmed) {
          caller = confirmed
          clockOffsetMs = offsetOf(confirmed)
        }
      }
    } finally {
      await registration.withdraw()
    }
  }

  /**
   * Who calls; from here on they are no stranger, and the call is one of their account's.
   *
   * @param calls - As how many it counts.
   */
  async function authenticate(context: CallContext, calls?: number): Promise<Caller> {
    const caller = await authentications.authenticate(context)
    context.caller.admit()
    context.noteAccount(caller.account)
    context.countFor(caller.account, calls)
    return caller
  }

  /** Tickets expire by Auth's clock, so it is that one which clients are told; ours fills the time between its answers. */
  function offsetOf({ serverTime }: Caller): number {
    return serverTime.getTime() - clock.now().getTime()
  }

  async function getPresence(request: GetPresenceRequest, context: CallContext): Promise<GetPresenceResponse> {
    checkGetPresenceRequest(request)
    await authenticate(context)
    if (await presence.find(request.username)) return { presence: Presence.ONLINE }
    await sealing.findAccount(context, request.username)
    return { presence: Presence.OFFLINE }
  }

  async function* watchPresence(
    request: WatchPresenceRequest,
    context: CallContext,
  ): AsyncGenerator<WatchPresenceResponse> {
    checkWatchPresenceRequest(request)
    let caller = await authenticate(context)
    context.caller.settle()
    using watch = await presence.watchers.open(request.usernames)
    while (true) {
      const over = AbortSignal.any([context.signal, caller.ended])
      const untilHeartbeat = AbortSignal.any([over, AbortSignal.timeout(heartbeatMs)])
      for await (const states of watch.states(untilHeartbeat)) yield { states: states.map(stateOf) }
      over.throwIfAborted()
      caller = (await authentications.confirm(context)) ?? caller
      yield { states: [] }
    }
  }

  async function listUsers(request: ListUsersRequest, context: CallContext): Promise<ListUsersResponse> {
    checkListUsersRequest(request)
    const { prefix, pageToken: after } = request
    const pageSize = request.pageSize || DEFAULT_PAGE_SIZE
    await authenticate(context)
    const { accounts, hasMore } = await sealing.listAccounts(context, { prefix, pageSize, after })
    const online = await presence.onlineAmong(accounts.map(({ username }) => username))
    const users = accounts.map(({ username, displayName }) => {
      return { username, displayName, presence: online.has(username) ? Presence.ONLINE : Presence.OFFLINE }
    })
    return { users, nextPageToken: hasMore ? (users.at(-1)?.username ?? '') : '' }
  }

  async function requestChat(request: RequestChatRequest, context: CallContext): Promise<RequestChatResponse> {
    checkRequestChatRequest(request)
    const [caller, receiver] = await Promise.all([authenticate(context), presence.find(request.username)])
    if (!receiver) throw await absenceOf(request.username, caller, context)
    try {
      const { ticket, grant } = await sealing.sealChat(context, {
        receiverSessionId: Buffer.from(receiver.sessionId),
        receiverInstanceId: Buffer.from(receiver.instanceId),
        nonce: request.nonce,
        senderAddress: request.hideAddress ? '' : context.remoteAddress,
      })
      return { endpoints: [...receiver.endpoints], ticket, grant, relay: receiver.relay }
    } catch (error) {
      // Auth says that the receiver's session has ended; its stream would learn of it at its next beat only.
      if (isSottoError(error, 'ERR_NOT_ONLINE')) await presence.expel(receiver)
      throw error
    }
  }

  async function requestLetters(request: RequestLettersRequest, context: CallContext): Promise<RequestLettersResponse> {
    checkRequestLettersRequest(request)
    const { letters } = request
    await authenticate(context, letters.length)
    // Auth is asked for all of them at once.
    return { results: await Promise.all(letters.map((letter) => requestLetter(letter, context))) }
  }

  /** Whatever presence says: the letter is for when they are back. */
  async function requestLetter({ username, nonce }: WantedLetter, context: CallContext): Promise<WantedLetterResult> {
    try {
      const { ticket, grant } = await sealing.sealLetter(context, username, nonce)
      return { result: { $case: 'granted', value: { ticket, grant } } }
    } catch (error) {
      const refusal = isSottoError(error) ? LETTER_REFUSALS[error.code] : undefined
      // What is no matter of this letter is one of the call.
      if (refusal === undefined) throw error
      return { result: { $case: 'refusal', value: refusal } }
    }
  }

  /** The error that says why somebody who is not online cannot be called. */
  async function absenceOf(username: string, caller: Caller, context: CallContext): Promise<SottoError> {
    if (caller.account === username) return chatWithSelf()
    await sealing.findAccount(context, username)
    return notOnline()
  }

  return { announce, getPresence, watchPresence, listUsers, requestChat, requestLetters }
}

/** What one of several letters may be refused for. */
const LETTER_REFUSALS: Readonly<Partial<Record<ErrorCode, LetterRefusal>>> = {
  ERR_NO_SUCH_USER: LetterRefusal.NO_SUCH_USER,
  ERR_NO_MAILBOX: LetterRefusal.NO_MAILBOX,
  ERR_CHAT_WITH_SELF: LetterRefusal.WITH_SELF,
  // The log of Auth says why.
  ERR_INTERNAL: LetterRefusal.UNSPECIFIED,
}

function stateOf({ username, online }: OnlineState): PresenceState {
  return { username, presence: online ? Presence.ONLINE : Presence.OFFLINE }
}

/** @throws the signal's reason, as soon as it fires. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => signal.throwIfAborted())
}

function notOnline(): SottoError {
  return new SottoError('ERR_NOT_ONLINE', 'the account is not online', { hint: 'try again when they are' })
}
