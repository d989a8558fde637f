/** `sotto login` and `sotto logout`: a session for this installation, and its end. */
import { Command } from 'commander'
import { isSottoError } from '#lib/errors.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { environment, sottoHome } from '#lib/runtime/environment.ts'
import { accountName } from '../clients/command/account-name.ts'
import { profileFlag } from '../clients/profile/login-line.ts'
import type { Profile } from '../clients/profile/profile.ts'
import { openMailbox } from './account/open-mailbox.ts'
import {
  notice,
  openProfile,
  type ProfileOptions,
  printJson,
  untilStopped,
  waitingNotice,
  withProfile,
} from './profile-command.ts'
import { whoamiFields } from './whoami.ts'

interface LoginOptions extends ProfileOptions {
  readonly server?: string
  readonly ca?: string
  readonly caFingerprint?: string
  readonly passwordFile?: string
  readonly codeFile?: string
  readonly replaceIdentity?: true
  readonly trace?: true
}

const LOGIN_EXAMPLES = `
  sotto login alice --server chat.example.org:7001#5C0A…
  sotto login alice --server localhost --ca ~/.sotto/auth/ca/ca.pem
                                 at the first time; the fingerprint is what "sotto admin add-user" and "sotto up" print
  sotto login alice              later: the profile knows the server
  sotto login bob --profile bob  a second person on this machine
  sotto login alice --password-file FILE
                                 in a script; or pipe the password in
  printf '%s\\n' "$PASSWORD" "$CODE" | sotto login alice
                                 with a code of the second factor, on a line of its own or by --code-file FILE`

export function loginCommand(): Command {
  return withProfile(new Command('login'))
    .description('sign in; at the first time say which server, and how to know it')
    .argument('<name>', 'the name of your account', accountName)
    .option('--server <host:port>', 'where auth listens; #FINGERPRINT behind it names its authority')
    .option('--ca <file>', "the certificate of the server's authority")
    .option('--ca-fingerprint <hex>', 'its SHA-256, 64 digits, as "sotto admin add-user" prints it')
    .option(
      '--password-file <file>',
      'read the password from this file; otherwise you are asked, or it is read from a pipe',
    )
    .option('--code-file <file>', 'read a code of the second factor from this file, where one is needed')
    .option('--replace-identity', 'take the account over from another installation; every contact sees a changed key')
    .option('--trace', 'show messages 1 and 2 as they happen')
    .addHelpText('after', LOGIN_EXAMPLES)
    .action(async (username: string, options: LoginOptions) => {
      const profile = await signIn(username, options)
      const flag = profileFlag(options.profile)
      if (options.json) printJson(whoamiFields(profile))
      else notice(`signed in as ${username}; next: sotto chat${flag}, or: sotto send${flag} USER`, options)
    })
}

/**
 * Sign in with a password that is asked for or read, and a code where one is needed.
 *
 * @param mayRead - Whether standard input is for what no file has.
 * @returns the profile, with its session.
 */
export async function signIn(username: string, options: LoginOptions, mayRead = true): Promise<Profile> {
  const { findServer } = await import('../clients/session/authority.ts')
  const { login } = await import('../clients/session/login.ts')
  const { Profile } = await import('../clients/profile/profile.ts')
  const { traceTo } = await import('../clients/trace/render.ts')
  const { PasswordReader } = await import('../clients/terminal/password.ts')
  const { signInPrompts } = await import('./account/sign-in-prompts.ts')
  const { unlockKey } = await import('../clients/command/unlock.ts')

  const profile = await Profile.openOrCreate(sottoHome(environment()), options.profile, { unlock: unlockKey() })
  const { server: address, ca: caFile, caFingerprint } = options
  await untilStopped(async (signal) => {
    using lines = new PasswordReader({ input: process.stdin, output: process.stderr, signal })
    using waiting = await waitingNotice(options)
    const { passwords, codesFor } = signInPrompts({ options, lines, waiting, output: process.stderr, signal })
    waiting.begin('auth')
    const server = await findServer({ server: address, caFile, caFingerprint }, profile.state.account, signal)
    await login({
      ...((mayRead || options.codeFile !== undefined) && { codes: codesFor(username, server.authAddress) }),
      profile,
      server,
      username,
      async askPassword() {
        waiting.stop()
        const password = await passwords.read(`password for ${username}`)
        waiting.begin('auth')
        return password
      },
      replaceIdentityKey: options.replaceIdentity === true,
      clock: systemClock,
      signal,
      trace: options.trace && traceTo(process.stderr, { json: options.json === true }),
    })
    waiting.begin('your mailbox')
    await openMailbox(profile, signal)
  })
  return profile
}

export function logoutCommand(): Command {
  return withProfile(new Command('logout'))
    .description('take in what lies in the mailbox, and end the session; identity and pins stay for the next one')
    .action((options: ProfileOptions) =>
      untilStopped(async (signal) => {
        const { logout } = await import('../clients/session/login.ts')
        const profile = await openProfile(options, signal)
        using waiting = await waitingNotice(options)
        waiting.begin('your mailbox')
        const collected = await collectBefore(profile, options, signal)
        waiting.begin('auth')
        await logout(profile, signal)
        waiting.stop()
        if (collected > 0) {
          notice(
            `${collected === 1 ? 'one message' : `${collected} messages`} came by letter, and can be read with: sotto history`,
            options,
          )
        }
        if (options.json) printJson(whoamiFields(profile))
        else notice('signed out', options)
      }),
    )
}

/** Take in what lies in the mailbox for a session that ends. Whatever fails, the session can be ended. */
async function collectBefore(profile: Profile, options: ProfileOptions, signal: AbortSignal): Promise<number> {
  // What it takes to look is loaded where there is something to look into.
  if (profile.login.account.relayAddresses.length === 0) return 0
  const { collectOnce } = await import('../clients/messenger/mailbox/collect-once.ts')
  const { ServerClock } = await import('../clients/session/server-clock.ts')
  const clock = new ServerClock(systemClock, profile.login.account.clockOffsetMs)
  try {
    return await collectOnce(profile, clock, signal)
  } catch (error) {
    if (signal.aborted || !isSottoError(error)) throw error
    notice(`what lies in your mailbox could not be taken in: ${error.message}`, options)
    return 0
  }
}
