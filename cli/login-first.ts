/**
 * `--login` on the commands that need a session: sign in first, where there is none.
 *
 * A profile is one person's at one installation. A command line that names somebody else is refused, session or not: a
 * command must not speak for another person than it names.
 *
 * @module
 */
import type { Command } from 'commander'
import { SottoError } from '#lib/errors.ts'
import { profileFlag } from '../clients/profile/login-line.ts'
import { signIn } from './login.ts'
import { notice, openProfile, undefinedIfMissing, untilStopped } from './profile-command.ts'

interface LoginFirstOptions {
  readonly profile: string
  readonly login?: string
  readonly passwordFile?: string
  readonly codeFile?: string
  readonly json?: true
}

export function withLogin(command: Command): Command {
  return command
    .option('--login <name@server>', 'sign in first, unless the profile has a session: NAME@HOST:PORT#FINGERPRINT')
    .option('--password-file <file>', 'for --login: read the password from this file instead of asking')
    .option('--code-file <file>', 'for --login: read a code of the second factor from this file, where one is needed')
    .hook('preAction', async (_program, action) => {
      const options = action.opts<LoginFirstOptions>()
      const { profile, login, passwordFile, codeFile } = options
      if (login === undefined) return
      const [, name, server] = /^([^@]+)@(.+)$/.exec(login) ?? []
      if (name === undefined || server === undefined) {
        throw new SottoError('ERR_USAGE', 'that is no account at a server', {
          hint: 'write --login NAME@HOST:PORT#FINGERPRINT, as "sotto admin add-user" prints it',
        })
      }
      if (await hasSession(options, name, server)) return
      if (passwordFile === undefined && process.stdin.isTTY !== true) {
        throw new SottoError('ERR_USAGE', 'standard input is for messages here, not for a password', {
          hint: 'add --password-file FILE, or use sotto login before',
        })
      }
      const files = { ...(passwordFile !== undefined && { passwordFile }), ...(codeFile !== undefined && { codeFile }) }
      await signIn(name, { profile, server, ...files }, process.stdin.isTTY === true)
      notice(`signed in as ${name}`, options)
    })
}

/**
 * Whether this person's session is there already.
 *
 * @throws SottoError `ERR_USAGE` if the profile is somebody else's, or belongs to another installation.
 */
async function hasSession(options: LoginFirstOptions, name: string, server: string): Promise<boolean> {
  const { parseServer } = await import('../clients/session/authority.ts')
  const named = parseServer(server)
  const profile = await openProfile(options).catch(undefinedIfMissing)
  const account = profile?.state.account
  if (profile === undefined || account === undefined) return false
  const { checkAccount, isAuthorityOf } = await import('../clients/session/login.ts')
  const { parseFingerprint } = await import('#lib/runtime/tls.ts')
  const { fingerprint } = named
  const isSame =
    fingerprint === undefined ||
    (await untilStopped((signal) => isAuthorityOf(account, parseFingerprint(fingerprint), signal)))
  checkAccount(profile, name, isSame)
  if (account.session === undefined) return false
  if (named.address !== account.authAddress) {
    // One server may have several names: it is the fingerprint that tells installations apart.
    const login = `sotto login ${name}${profileFlag(options.profile)} --server ${server}`
    notice(`the session is at ${account.authAddress}, and stays there; to move it: ${login}`, options)
  }
  return true
}
