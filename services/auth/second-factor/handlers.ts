/**
 * The calls of AuthService about second factors, as proto/sotto/auth/v1/auth_service.proto states them.
 *
 * @module
 */
import type { AuthServiceService } from '#gen/sotto/auth/v1/auth_service.ts'
import type { CallContext, Handlers } from '#lib/rpc/service.ts'
import type { Credentials } from '../attempts/credentials.ts'
import type { Session } from '../sessions/session-rows.ts'
import { checkShown } from '../validation.ts'
import type { SecondFactors } from './second-factors.ts'

type Calls = 'beginSecondFactor' | 'renewRecoveryCodes' | 'endSecondFactor' | 'getSecondFactor'

/** @param callerOf - Finds the session of a caller, or throws `ERR_SESSION_ENDED`. */
export function secondFactorHandlers(
  secondFactors: SecondFactors,
  credentials: Credentials,
  callerOf: (context: CallContext) => Promise<Session>,
): Pick<Handlers<typeof AuthServiceService>, Calls> {
  return {
    async beginSecondFactor(request, context) {
      checkShown(request)
      const secret = await credentials.forSecondFactor(request, context, (account) =>
        secondFactors.begin(account, request.code),
      )
      return { secret: Buffer.from(secret.reveal()) }
    },

    async renewRecoveryCodes(request, context) {
      checkShown(request)
      const recoveryCodes = await credentials.forSecondFactor(request, context, (account) =>
        secondFactors.renewRecoveryCodes(account, request.code),
      )
      return { recoveryCodes: [...recoveryCodes] }
    },

    async endSecondFactor(request, context) {
      checkShown(request)
      await credentials.forSecondFactor(request, context, (account) => secondFactors.end(account, request.code))
      return {}
    },

    async getSecondFactor(_request, context) {
      const session = await callerOf(context)
      const { confirmedAtMs, recoveryCodesLeft } = await secondFactors.summaryOf(session.accountId)
      return { confirmedAt: confirmedAtMs === undefined ? undefined : new Date(confirmedAtMs), recoveryCodesLeft }
    },
  }
}
