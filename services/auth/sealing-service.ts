/**
 * SealingService, as proto/sotto/sealing/v1/sealing_service.proto states it. Its server lets nobody in but the
 * directory, for all of it, and relays, for little of it.
 *
 * @module
 */
import {
  ChatRefusal,
  type ChatResult,
  type ChatToSeal,
  LetterRefusal,
  type SealingServiceService,
} from '#gen/sotto/sealing/v1/sealing_service.ts'
import { enumNames } from '#lib/enum-names.ts'
import { SottoError } from '#lib/errors.ts'
import type { CallContext, Handlers } from '#lib/rpc/service.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { Logger } from '#lib/runtime/log.ts'
import { Secret } from '#lib/secret.ts'
import { sessionEnded } from '#lib/shared-errors.ts'
import type { Accounts } from './accounts.ts'
import { noSuchUser, rosterOff } from './errors.ts'
import type { Revocations } from './revocations.ts'
import { sealChat } from './sealing/seal-chat.ts'
import { sealLetters } from './sealing/seal-letters.ts'
import type { Session } from './sessions/session-rows.ts'
import type { Sessions } from './sessions.ts'
import {
  checkAuthenticateRequest,
  checkFindAccountRequest,
  checkListAccountsRequest,
  checkSealChatsRequest,
  checkSealLettersRequest,
} from './validation.ts'

const chatRefusalName = enumNames(ChatRefusal)
const letterRefusalName = enumNames(LetterRefusal)

export interface SealingServiceOptions {
  readonly revocations: Revocations
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly clock: Clock
  readonly log: Logger
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
  log,
  realm,
  hasRoster,
  maxSessionDurationMs,
}: SealingServiceOptions): Handlers<typeof SealingServiceService> {
  /** What becomes of one conversation: whatever that is, the others of its call get theirs. */
  function resultOf(
    chat: ChatToSeal,
    sender: Session | undefined,
    receiver: Session | undefined,
  ): ChatResult['result'] {
    if (!sender) return { $case: 'refusal', value: ChatRefusal.SENDER_SESSION_ENDED }
    if (!receiver) return { $case: 'refusal', value: ChatRefusal.RECEIVER_SESSION_ENDED }
    if (isSameAccount(sender, receiver)) return { $case: 'refusal', value: ChatRefusal.WITH_SELF }
    try {
      const value = sealChat({
        realm,
        receiver: { session: receiver, key: sessions.unwrap(receiver, 'ticket') },
        sender: { session: sender, key: sessions.unwrap(sender, 'grant') },
        instanceId: chat.receiverInstanceId,
        nonce: chat.nonce,
        senderAddress: chat.senderAddress,
        nowMs: clock.now().getTime(),
        maxSessionDurationMs,
      })
      return { $case: 'sealed', value }
    } catch (error) {
      log.error({ requestId: chat.requestId, err: error }, 'a conversation could not be sealed')
      return { $case: 'refusal', value: ChatRefusal.UNSPECIFIED }
    }
  }

  return {
    async authenticate(request, { peerCertificateName, noteAccount }) {
      const isRelay = peerCertificateName === 'relay.sotto'
      checkAuthenticateRequest(request, isRelay)
      const session = isRelay
        ? await sessions.useByRelayBearer(Secret.of(request.relayBearer))
        : await sessions.use(Secret.of(request.directoryBearer))
      if (!session) throw sessionEnded()
      noteAccount(session.name)
      return {
        username: session.name,
        sessionId: Buffer.from(session.id),
        expiresAt: new Date(session.expiresAtMs),
        serverTime: clock.now(),
      }
    },

    async findAccount(request, context) {
      requireDirectory(context)
      checkFindAccountRequest(request)
      if (!(await accounts.exists(request.username))) throw noSuchUser()
      return {}
    },

    async listAccounts(request, context) {
      requireDirectory(context)
      checkListAccountsRequest(request)
      const session = await sessions.use(Secret.of(request.directoryBearer))
      if (!session) throw sessionEnded()
      context.noteAccount(session.name)
      if (!hasRoster) throw rosterOff()
      const { accounts: listed, hasMore } = await accounts.page(request.prefix, request.after, request.pageSize)
      return { accounts: listed.map(({ name: username, displayName }) => ({ username, displayName })), hasMore }
    },

    async sealChats(request, context) {
      requireDirectory(context)
      checkSealChatsRequest(request)
      const { chats } = request
      const senders = await sessions.useAll(chats.map(({ senderBearer }) => Secret.of(senderBearer)))
      const receivers = await sessions.findAll(chats.map(({ receiverSessionId }) => receiverSessionId))
      return {
        results: chats.map((chat, index) => {
          const result = resultOf(chat, senders[index], receivers[index])
          const refusal = result?.$case === 'refusal' ? { refusal: chatRefusalName(result.value) } : undefined
          const fields = { requestId: chat.requestId, account: senders[index]?.name, ...refusal }
          log.info(fields, refusal ? 'conversation refused' : 'conversation sealed')
          return { result }
        }),
      }
    },

    async sealLetters(request, context) {
      requireDirectory(context)
      checkSealLettersRequest(request)
      const { letters } = request
      const sealed = await sealLetters(letters, { accounts, sessions, clock, log, realm })
      return {
        results: sealed.map(({ result, account }, index) => {
          const refusal = result?.$case === 'refusal' ? { refusal: letterRefusalName(result.value) } : undefined
          const fields = { requestId: letters[index]?.requestId, account, ...refusal }
          log.info(fields, refusal ? 'letter refused' : 'letter sealed')
          return { result }
        }),
      }
    },

    async *watchRevocations({ after }, { signal }) {
      const known = after === undefined ? undefined : Number(after)
      for await (const { number, sessionIds, incomplete } of revocations.watch(known, signal)) {
        yield { number: BigInt(number), sessionIds: sessionIds.map((id) => Buffer.from(id)), incomplete }
      }
    },
  }
}

/** @throws SottoError `ERR_CALLER_UNTRUSTED` if a relay calls. */
function requireDirectory({ peerCertificateName }: CallContext): void {
  if (peerCertificateName === 'directory.sotto') return
  throw new SottoError('ERR_CALLER_UNTRUSTED', 'this call is for the directory alone')
}

function isSameAccount(one: Session, other: Session): boolean {
  return Buffer.compare(one.accountId, other.accountId) === 0
}
