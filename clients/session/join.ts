/**
 * Taking up an invite: an account, and at once a session of it.
 *
 * @module
 */
import { isSottoError, SottoError } from '#lib/errors.ts'
import type { Secret } from '#lib/secret.ts'
import type { Account } from '../profile/state.ts'
import { inTurn } from './backoff.ts'
import { checkOwner, connectAuth, getServerInfo, type LoginOptions, login } from './login.ts'

export interface JoinOptions extends LoginOptions {
  /** The code of the invite; undefined where the server lets everybody sign up. */
  readonly code: Secret | undefined
}

/**
 * Make the account that an invite is for, or set its password if that is what the invite is for; then begin a session and
 * keep it in the profile.
 *
 * @throws SottoError as {@link login}, and what Join gives.
 */
export async function join(options: JoinOptions): Promise<Account> {
  const { profile, server, username, code, signal } = options
  checkOwner(profile, username)
  const auth = connectAuth(server)
  try {
    const { realm } = await getServerInfo(auth, server, signal)
    checkOwner(profile, username, realm)
    const password = await options.askPassword()
    const signIn = () => login({ ...options, askPassword: async () => password })
    const request = {
      code: Buffer.from(code?.reveal() ?? []),
      username,
      password: Buffer.from(password.reveal()).toString('utf8'),
    }
    try {
      await inTurn(() => auth.call.join(request, { signal }), signal)
    } catch (refusal) {
      if (isSottoError(refusal, 'ERR_TURNED_OFF')) throw signUpClosed(refusal)
      if (!isSottoError(refusal, 'ERR_INVITE_REFUSED')) throw refusal
      // It may have been used by this very person, whose connection broke before the answer came.
      return await signIn().catch((error: unknown) => {
        throw isSottoError(error, 'ERR_LOGIN_REFUSED') ? refusal : error
      })
    }
    return await signIn()
  } finally {
    auth.close()
  }
}

function signUpClosed(cause: unknown): SottoError {
  return new SottoError('ERR_TURNED_OFF', 'nobody can sign up at this server', { cause, hint: 'ask whoever runs it' })
}
