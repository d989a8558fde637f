/** `sotto password`: another password for one's own account. */
import { Command } from 'commander'
import type { Secret } from '#lib/secret.ts'
import {
  notice,
  openProfile,
  type ProfileOptions,
  printJson,
  untilStopped,
  waitingNotice,
  withProfile,
} from '../profile-command.ts'
import { whoamiFields } from '../whoami.ts'

interface PasswordOptions extends ProfileOptions {
  readonly passwordFile?: string
  readonly newPasswordFile?: string
}

const HELP = `
  sotto password                asks for the present one, and twice for the new one
  sotto password --password-file OLD --new-password-file NEW
                                in a script

From a pipe each is one line: the present one, then the new. This profile stays signed in; all other sessions of the account
end at once. The passphrase of the profile is another thing: sotto passphrase`

export function passwordCommand(): Command {
  return withProfile(new Command('password'))
    .description('change the password of your account; all your other sessions end')
    .option('--password-file <file>', 'read the present one from this file')
    .option('--new-password-file <file>', 'read the new one from this file')
    .addHelpText('after', HELP)
    .action((options: PasswordOptions) => untilStopped((signal) => change(options, signal)))
}

async function change(options: PasswordOptions, signal: AbortSignal): Promise<void> {
  const { PasswordReader } = await import('../../clients/terminal/password.ts')
  const { changePassword } = await import('../../clients/session/own-account.ts')
  const { checkNewPassword } = await import('../../services/auth/passwords/new-password.ts')
  const profile = await openProfile(options, signal)
  const { username } = profile.login.account

  const typed = { input: process.stdin, output: process.stderr, signal }
  // One reader for both, where both are lines of one pipe.
  using lines = new PasswordReader(typed)
  const readerOf = (file: string | undefined) => (file === undefined ? lines : new PasswordReader({ ...typed, file }))
  const current = await readerOf(options.passwordFile).read(`present password for ${username}`)
  const check = (password: Secret) => checkNewPassword(username, password)
  const question = `new password for ${username}`
  const next = await readerOf(options.newPasswordFile).read(question, { twice: true, check })

  using waiting = await waitingNotice(options)
  waiting.begin('auth')
  await changePassword(profile, { current, next }, signal)
  waiting.stop()
  if (options.json) printJson(whoamiFields(profile))
  else notice('the password is changed; this profile stays signed in, and no other does', options)
}
