/**
 * What people do with the second factor of their own account. Each change is proved by the password and a code, whether the
 * profile has a session or not.
 *
 * @module
 */
import type { EndSecondFactorRequest } from '#gen/sotto/auth/v1/auth_service.ts'
import { isSottoError, SottoError } from '#lib/errors.ts'
import type { Secret } from '#lib/secret.ts'
import { checkRecoveryCodes } from './answers.ts'
import type { TrustedServer } from './authority.ts'
import { inTurn } from './backoff.ts'
import { type CodePrompt, withCode } from './code-prompt.ts'
import { type AuthConnection, beginSecondFactor, connectAuth, type LoginOptions, login } from './login.ts'

export interface OwnerOptions {
  readonly server: TrustedServer
  readonly username: string
  readonly password: Secret
  readonly codes: CodePrompt
  readonly signal: AbortSignal
}

/**
 * Give the account a second factor, or another one: a secret is drawn and shown, and a sign-in with the first code confirms
 * it.
 *
 * @throws SottoError as {@link login}; `ERR_CODE_REFUSED` if it was not confirmed, as by a code that came too late, or its recovery codes were lost.
 */
export async function setUpSecondFactor(options: LoginOptions & { readonly codes: CodePrompt }): Promise<void> {
  const { server, username, codes, signal } = options
  const password = await options.askPassword()
  const shown = { server, username, password, codes, signal }
  await codes.showSecret(await withOwner(shown, (auth, request) => beginSecondFactor(auth, request, signal)))
  let isConfirmed = false
  const prompt: CodePrompt = {
    ...codes,
    showRecoveryCodes(list) {
      isConfirmed = true
      codes.showRecoveryCodes(list)
    },
  }
  await login({ ...options, codes: prompt, askPassword: async () => password, firstCode: await codes.askCode() })
  if (isConfirmed) return
  // The code came too late, so that it was none; or it was the answer that was lost, and the call repeated.
  throw new SottoError('ERR_CODE_REFUSED', 'no recovery codes have come', {
    hint: 'see whether the second factor is on: sotto second-factor; if so, get others by: sotto second-factor recovery-codes',
  })
}

/**
 * Take the second factor away.
 *
 * @throws SottoError `ERR_LOGIN_REFUSED`, `ERR_CODE_REQUIRED`, `ERR_CODE_REFUSED`; `ERR_TURNED_OFF` if the host asks everybody
 *   for one; `ERR_BUSY`, `ERR_UNAVAILABLE`.
 */
export async function endSecondFactor(options: OwnerOptions): Promise<void> {
  const { signal } = options
  try {
    await withOwner(options, (auth, request) => inTurn(() => auth.call.endSecondFactor(request, { signal }), signal))
  } catch (cause) {
    if (!isSottoError(cause, 'ERR_TURNED_OFF')) throw cause
    throw new SottoError('ERR_TURNED_OFF', 'this server asks everybody for a second factor', {
      cause,
      hint: 'it stays; to move it to another app: sotto second-factor on',
    })
  }
}

/**
 * Replace the recovery codes, and show the new ones.
 *
 * @throws SottoError `ERR_LOGIN_REFUSED`, `ERR_CODE_REQUIRED`, `ERR_CODE_REFUSED`; `ERR_ENROLMENT_REQUIRED` if the account has
 *   no second factor; `ERR_BUSY`, `ERR_UNAVAILABLE`.
 */
export async function renewRecoveryCodes(options: OwnerOptions): Promise<void> {
  const { codes, signal } = options
  const { recoveryCodes } = await withOwner(options, (auth, request) =>
    inTurn(() => auth.call.renewRecoveryCodes(request, { signal }), signal),
  )
  codes.showRecoveryCodes(checkRecoveryCodes(recoveryCodes))
}

async function withOwner<T>(
  { server, username, password, codes }: OwnerOptions,
  ask: (auth: AuthConnection, request: EndSecondFactorRequest) => Promise<T>,
): Promise<T> {
  const auth = connectAuth(server)
  try {
    const shown = { username, password: Buffer.from(password.reveal()).toString('utf8') }
    return await withCode({ prompt: codes }, (code) => ask(auth, { ...shown, code }))
  } finally {
    auth.close()
  }
}
