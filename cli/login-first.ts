/** `--login` on the commands that need a session: sign in first, where there is none. */
import type { Command } from 'commander'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { signIn } from './login.ts'
import { openProfile } from './profile-command.ts'

interface LoginFirstOptions {
  readonly profile: string
  readonly login?: string
  readonly passwordFile?: string
}

export function withLogin(command: Command): Command {
  return command
    .option('--login <name@server>', 'sign in first, unless the profile has a session: NAME@HOST:PORT#FINGERPRINT')
    .option('--password-file <file>', 'for --login: read the password from this file instead of asking')
    .hook('preAction', async (_program, action) => {
      const { profile, login, passwordFile } = action.opts<LoginFirstOptions>()
      if (login === undefined || (await hasSession(profile))) return
      const [, name, server] = /^([^@]+)@(.+)$/.exec(login) ?? []
      if (name === undefined || server === undefined) {
        throw new SottoError('ERR_USAGE', 'that is no account at a server', {
          hint: 'write --login NAME@HOST:PORT#FINGERPRINT, as "sotto admin add-user" prints it',
        })
      }
      if (passwordFile === undefined && process.stdin.isTTY !== true) {
        throw new SottoError('ERR_USAGE', 'standard input is for messages here, not for a password', {
          hint: 'add --password-file FILE, or use sotto login before',
        })
      }
      await signIn(name, { profile, server, ...(passwordFile !== undefined && { passwordFile }) })
    })
}

async function hasSession(profile: string): Promise<boolean> {
  try {
    const { state } = await openProfile({ profile })
    return state.account?.session !== undefined
  } catch (error) {
    if (isSottoError(error, 'ERR_PROFILE_MISSING')) return false
    throw error
  }
}
