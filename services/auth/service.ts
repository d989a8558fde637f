/**
 * AuthService, as proto/sotto/auth/v1/auth_service.proto states it.
 *
 * @module
 */
import type { AuthServiceService } from '#gen/sotto/auth/v1/auth_service.ts'
import { PROTOCOL_VERSION } from '#lib/protocol.ts'
import type { CallContext, Handlers } from '#lib/rpc/service.ts'
import { networkOf } from '#lib/rpc/sockets/network-of.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { isSame } from '#lib/same-bytes.ts'
import { Secret } from '#lib/secret.ts'
import { sessionEnded } from '#lib/shared-errors.ts'
import type { Accounts } from './accounts.ts'
import { Credentials, passwordOf } from './attempts/credentials.ts'
import type { SignInAttempts } from './attempts/sign-in-attempts.ts'
import { SOMEBODY } from './audit/chain.ts'
import type { Refusals } from './audit/refusals.ts'
import { inviteRefused, signUpClosed } from './errors.ts'
import type { SignUpMode } from './invites/redeem-invite.ts'
import { checkNewPassword } from './passwords/new-password.ts'
import type { Revocations } from './revocations.ts'
import { secondFactorHandlers } from './second-factor/handlers.ts'
import type { SecondFactors } from './second-factor/second-factors.ts'
import type { Session } from './sessions/session-rows.ts'
import type { Sessions } from './sessions.ts'
import {
  checkChangePasswordRequest,
  checkEndSessionsRequest,
  checkJoinRequest,
  checkLoginRequest,
} from './validation.ts'

export interface AuthServiceOptions {
  readonly accounts: Accounts
  readonly attempts: SignInAttempts
  readonly sessions: Sessions
  readonly secondFactors: SecondFactors
  readonly revocations: Revocations
  readonly refusals: Refusals
  readonly signUp: SignUpMode
  readonly clock: Clock
  /** SHA-256 of the first authority's public key, 32 bytes. */
  readonly realm: Uint8Array
  /** The certificates of the authorities in DER, the newest first, as they are now. */
  readonly authorities: () => readonly Buffer[]
  /** HOST:PORT to hand out; an empty HOST means the one that the caller used. */
  readonly directoryAddress: string
  /** The same of each relay. */
  readonly relayAddresses: readonly string[]
}

export function createAuthService({
  accounts,
  attempts,
  sessions,
  secondFactors,
  revocations,
  refusals,
  signUp,
  clock,
  realm,
  authorities,
  directoryAddress,
  relayAddresses,
}: AuthServiceOptions): Handlers<typeof AuthServiceService> {
  const credentials = new Credentials(accounts, attempts, refusals)

  /** Whose session it is; from here on they are no stranger, and the call is one of their account's. */
  async function callerOf({ bearer, caller, noteAccount, countFor }: CallContext): Promise<Session> {
    const session = bearer && (await sessions.findByAuthBearer(bearer))
    if (session === undefined) throw sessionEnded()
    noteAccount(session.name)
    caller.admit()
    countFor(session.name)
    return session
  }

  return {
    async getServerInfo() {
      return {
        protocolVersion: PROTOCOL_VERSION,
        realm: Buffer.from(realm),
        directoryAddress,
        serverTime: clock.now(),
        authorities: [...authorities()],
        relayAddresses: [...relayAddresses],
      }
    },

    async login(request, context) {
      checkLoginRequest(request)
      const { identityKey, replaceIdentityKey, code } = request
      const session = await credentials.forSignIn(request, context, (account) =>
        sessions.begin(account, identityKey, replaceIdentityKey, code),
      )
      return {
        sessionToken: Buffer.from(session.token.reveal()),
        sessionId: Buffer.from(session.id),
        expiresAt: new Date(session.expiresAtMs),
        serverTime: clock.now(),
        recoveryCodes: [...session.recoveryCodes],
      }
    },

    async join(request, { signal, log, caller, remoteAddress, noteAccount }) {
      checkJoinRequest(request)
      caller.vouch()
      const { username, code } = request
      noteAccount(username)
      const password = passwordOf(request.password)
      checkNewPassword(username, password)
      const network = networkOf(remoteAddress)
      await attempts.try({ network, account: undefined, isSignIn: false }, async () => {
        const joining = { username, password, code: code.length === 0 ? undefined : Secret.of(code) }
        const { inviteId: id, refusal } = await accounts.join(joining, signUp, { network, signal })
        if (refusal === undefined) return
        log.warn({ account: username, invite: id, reason: refusal, peer: remoteAddress }, 'invite refused')
        const detail = id === undefined ? refusal : `${refusal}, invite ${id}`
        await refusals.note({ who: SOMEBODY, what: 'invite refused', detail })
        throw refusal === 'closed' ? signUpClosed() : inviteRefused()
      })
      // A password that was reset has ended sessions.
      revocations.noteChange()
      caller.admit()
      return {}
    },

    async changePassword(request, context) {
      checkChangePasswordRequest(request)
      const { signal, remoteAddress } = context
      const session = await callerOf(context)
      const [current, next] = [passwordOf(request.currentPassword), passwordOf(request.newPassword)]
      checkNewPassword(session.name, next)
      const network = networkOf(remoteAddress)
      const change = () =>
        attempts.try({ network, account: session.name, isSignIn: false }, () =>
          accounts.changePassword(session, { current, next }, { network, signal }),
        )
      await credentials.noting('password change refused', session.name, change)
      revocations.noteChange()
      return {}
    },

    ...secondFactorHandlers(secondFactors, credentials, callerOf),

    async listSessions(_request, context) {
      const session = await callerOf(context)
      const listed = await sessions.listOf(session.accountId)
      return {
        sessions: listed.map(({ id, createdAtMs, lastUsedAtMs, expiresAtMs }) => ({
          sessionId: Buffer.from(id),
          createdAt: new Date(createdAtMs),
          lastUsedAt: new Date(lastUsedAtMs),
          expiresAt: new Date(expiresAtMs),
          isCurrent: isSame(id, session.id),
        })),
      }
    },

    async endSessions(request, context) {
      checkEndSessionsRequest(request)
      const session = await callerOf(context)
      const ended = await sessions.endOwn(session, request.sessionIds)
      return { ended }
    },

    async logout(_request, context) {
      await callerOf(context)
      const { bearer } = context
      if ((bearer && (await sessions.end(bearer))) === undefined) throw sessionEnded()
      return {}
    },
  }
}
