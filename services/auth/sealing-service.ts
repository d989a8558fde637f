/**
 * SealingService, as proto/sotto/sealing/v1/sealing_service.proto states it. Its server lets nobody in but the
 * directory.
 *
 * @module
 */
import type { SealingServiceService } from '#gen/sotto/sealing/v1/sealing_service.ts'
import type { Handlers } from '#lib/rpc/service.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { Secret } from '#lib/secret.ts'
import { chatWithSelf, sessionEnded } from '#lib/shared-errors.ts'
import type { Accounts } from './accounts.ts'
import { noSuchUser, receiverGone, rosterOff } from './errors.ts'
import type { Revocations } from './revocations.ts'
import { sealChat } from './sealing.ts'
import type { Session, Sessions } from './sessions.ts'
import {
  checkAuthenticateRequest,
  checkFindAccountRequest,
  checkListAccountsRequest,
  checkSealChatRequest,
} from './validation.ts'

export interface SealingServiceOptions {
  readonly revocations: Revocations
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly clock: Clock
  /** SHA-256 of the authority's public key, 32 bytes. */
  readonly realm: Uint8Array
  /** Whether members may know who the others are. */
  readonly hasRoster: boolean
  /** How long a conversation may go on without a new ticket, in milliseconds. */
  readonly maxSessionDurationMs: number
}

export function createSealingService({
  revocations,
  accounts,
  sessions,
  clock,
  realm,
  hasRoster,
  maxSessionDurationMs,
}: SealingServiceOptions): Handlers<typeof SealingServiceService> {
  async function callerOf(directoryBearer: Uint8Array): Promise<Session> {
    const session = await sessions.use(Secret.of(directoryBearer))
    if (!session) throw sessionEnded()
    return session
  }

  return {
    async authenticate(request) {
      checkAuthenticateRequest(request)
      const session = await callerOf(request.directoryBearer)
      return {
        username: session.name,
        sessionId: Buffer.from(session.id),
        expiresAt: new Date(session.expiresAtMs),
        serverTime: clock.now(),
      }
    },

    async findAccount(request) {
      checkFindAccountRequest(request)
      if (!(await accounts.exists(request.username))) throw noSuchUser()
      return {}
    },

    async listAccounts(request) {
      checkListAccountsRequest(request)
      await callerOf(request.directoryBearer)
      if (!hasRoster) throw rosterOff()
      const { accounts: listed, hasMore } = await accounts.page(request.prefix, request.after, request.pageSize)
      return { accounts: listed.map(({ name: username, displayName }) => ({ username, displayName })), hasMore }
    },

    async sealChat(request) {
      checkSealChatRequest(request)
      const sender = await callerOf(request.senderBearer)
      const receiver = await sessions.find(request.receiverSessionId)
      if (!receiver) throw receiverGone()
      if (Buffer.compare(sender.accountId, receiver.accountId) === 0) throw chatWithSelf()
      const { ticket, grant } = sealChat({
        realm,
        receiver: { session: receiver, key: sessions.unwrap(receiver, 'ticket') },
        sender: { session: sender, key: sessions.unwrap(sender, 'grant') },
        instanceId: request.receiverInstanceId,
        nonce: request.nonce,
        senderAddress: request.senderAddress,
        nowMs: clock.now().getTime(),
        maxSessionDurationMs,
      })
      return { ticket: Buffer.from(ticket), grant: Buffer.from(grant) }
    },

    async *watchRevocations({ after }, { signal }) {
      const known = after === undefined ? undefined : Number(after)
      for await (const { number, sessionIds, incomplete } of revocations.watch(known, signal)) {
        yield { number: BigInt(number), sessionIds: sessionIds.map((id) => Buffer.from(id)), incomplete }
      }
    },
  }
}
