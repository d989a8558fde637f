/**
 * Signing in again at the terminal, where a session has ended under somebody who was using it.
 *
 * @module
 */
import { isSottoError, SottoError } from '#lib/errors.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { UnlockKey } from '../profile/key-file.ts'
import { Profile } from '../profile/profile.ts'
import { login } from '../session/login.ts'
import { type PasswordInput, PasswordReader } from '../terminal/password.ts'
import { terminalCodes } from './terminal-codes.ts'

/** How often somebody may type it wrong. */
const MAX_ATTEMPTS = 3

export interface SignInAgainOptions extends Pick<PasswordInput, 'input' | 'output'> {
  readonly home: string
  readonly profile: string
  readonly unlock: UnlockKey
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Ask for the password of the profile's account, unseen, and begin a session with it. The password is kept nowhere.
 *
 * @throws SottoError `ERR_NOT_LOGGED_IN` if the profile has no account any more; what `login` fails with; `ERR_INTERRUPTED` on Ctrl-C.
 */
export async function signInAgain({ home, unlock, clock, signal, ...options }: SignInAgainOptions): Promise<void> {
  const profile = await Profile.open(home, options.profile, unlock)
  const { account } = profile.state
  if (account === undefined) throw new SottoError('ERR_NOT_LOGGED_IN', 'the profile has no account')
  const { username } = account
  const { input, output } = options
  using passwords = new PasswordReader({ input, output, signal })
  const askPassword = () => passwords.read(`password for ${username}, to go on (Ctrl-C to leave)`)
  const notice = (text: string) => output.write(`sotto: ${text}\n`)
  const codes = terminalCodes({
    username,
    server: account.authAddress,
    reader: passwords,
    output,
    isJson: false,
    notice,
  })
  const attempt = { profile, server: account, username, askPassword, codes, replaceIdentityKey: false, clock, signal }
  for (let attempts = 1; ; attempts += 1) {
    try {
      await login({ ...attempt, trace: undefined })
      return
    } catch (error) {
      if (!isSottoError(error, 'ERR_LOGIN_REFUSED') || attempts === MAX_ATTEMPTS) throw error
      notice(error.message)
    }
  }
}
