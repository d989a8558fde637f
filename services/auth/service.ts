/**
 * AuthService, as proto/sotto/auth/v1/auth_service.proto states it.
 *
 * @module
 */
import type { AuthServiceService } from '#gen/sotto/auth/v1/auth_service.ts'
import { PROTOCOL_VERSION } from '#lib/protocol.ts'
import type { Handlers } from '#lib/rpc/service.ts'
import { networkOf } from '#lib/rpc/sockets/network-of.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { Secret } from '#lib/secret.ts'
import { sessionEnded } from '#lib/shared-errors.ts'
import type { Accounts } from './accounts.ts'
import type { SignInAttempts } from './attempts/sign-in-attempts.ts'
import type { Sessions } from './sessions.ts'
import { checkLoginRequest } from './validation.ts'

export interface AuthServiceOptions {
  readonly accounts: Accounts
  readonly attempts: SignInAttempts
  readonly sessions: Sessions
  readonly clock: Clock
  /** SHA-256 of the authority's public key, 32 bytes. */
  readonly realm: Uint8Array
  /** HOST:PORT to hand out; an empty HOST means the one that the caller used. */
  readonly directoryAddress: string
}

export function createAuthService({
  accounts,
  attempts,
  sessions,
  clock,
  realm,
  directoryAddress,
}: AuthServiceOptions): Handlers<typeof AuthServiceService> {
  return {
    async getServerInfo() {
      return {
        protocolVersion: PROTOCOL_VERSION,
        realm: Buffer.from(realm),
        directoryAddress,
        serverTime: clock.now(),
      }
    },

    async login(request, { signal, log, caller, remoteAddress, noteAccount }) {
      checkLoginRequest(request)
      // Whoever reads the log has to see whose password is being tried.
      noteAccount(request.username)
      const password = Secret.of(Buffer.from(request.password, 'utf8'))
      const network = networkOf(remoteAddress)
      const account = await attempts.try({ network, account: request.username }, () =>
        accounts.authenticate(request.username, password, { network, signal }),
      )
      const session = await sessions.begin(account, request.identityKey, request.replaceIdentityKey)
      log.info({ account: account.name }, 'session begun')
      caller.admit()
      return {
        sessionToken: Buffer.from(session.token.reveal()),
        sessionId: Buffer.from(session.id),
        expiresAt: new Date(session.expiresAtMs),
        serverTime: clock.now(),
      }
    },

    async logout(_request, { bearer, caller }) {
      if (!bearer || !(await sessions.end(bearer))) throw sessionEnded()
      caller.admit()
      return {}
    },
  }
}
