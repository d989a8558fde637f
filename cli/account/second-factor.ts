/** `sotto second-factor`: codes of an authenticator app for one's own account, besides the password. */
import { Command } from 'commander'
import { SottoError } from '#lib/errors.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { firstLoginLine, profileFlag } from '../../clients/profile/login-line.ts'
import type { CodePrompt } from '../../clients/session/code-prompt.ts'
import type { LoginOptions } from '../../clients/session/login.ts'
import type { OwnSecondFactor } from '../../clients/session/own-account.ts'
import {
  notice,
  openProfile,
  type ProfileOptions,
  printJson,
  untilStopped,
  waitingNotice,
  withProfile,
} from '../profile-command.ts'

interface ChangeOptions extends ProfileOptions {
  readonly passwordFile?: string
  readonly codeFile?: string
}

const HELP = `
  sotto second-factor                 tells whether your account has one
  sotto second-factor on              shows a QR code for an authenticator app, and asks for its first code
  sotto second-factor off             takes it away
  sotto second-factor recovery-codes  replaces the recovery codes, and shows the new ones

Each change asks for your password, and for a code where you have a second factor; from a pipe each is one line, in that order.
A code serves once: for the next sign-in take the next one. Whoever has lost app and recovery codes asks whoever runs the
server, who resets it: sotto admin reset-second-factor NAME`

const NONE: OwnSecondFactor = { confirmedAt: undefined, recoveryCodesLeft: 0 }

export function secondFactorCommand(): Command {
  return withProfile(new Command('second-factor'))
    .description('protect your account by codes of an authenticator app, besides the password')
    .addHelpText('after', HELP)
    .action((options: ProfileOptions) => untilStopped((signal) => tell(options, signal)))
    .addCommand(changing('on', 'set one up, or another in its place', setUp))
    .addCommand(changing('off', 'take it away: from then on the password is enough', end))
    .addCommand(changing('recovery-codes', 'replace the recovery codes; the former ones serve no more', renew))
}

async function tell(options: ProfileOptions, signal: AbortSignal): Promise<void> {
  const { getSecondFactor } = await import('../../clients/session/own-account.ts')
  const profile = await openProfile(options, signal)
  using waiting = await waitingNotice(options)
  waiting.begin('auth')
  const found = await getSecondFactor(profile, signal)
  waiting.stop()
  if (options.json) printJson(fieldsOf(found))
  else process.stdout.write(`${sentenceOf(found, options)}\n`)
}

function fieldsOf({ confirmedAt, recoveryCodesLeft }: OwnSecondFactor): object {
  return { confirmedAt: confirmedAt ?? null, recoveryCodesLeft }
}

function sentenceOf({ confirmedAt, recoveryCodesLeft }: OwnSecondFactor, { profile }: ProfileOptions): string {
  if (confirmedAt === undefined) return `none; to set one up: sotto second-factor on${profileFlag(profile)}`
  return `on since ${confirmedAt.toISOString()}, recovery codes left: ${recoveryCodesLeft}`
}

type Owner = LoginOptions & { readonly codes: CodePrompt }
type Change = (owner: Owner, options: ChangeOptions) => Promise<void>

function changing(name: string, description: string, change: Change): Command {
  return new Command(name)
    .description(description)
    .option('--password-file <file>', 'read the password from this file instead of asking')
    .option('--code-file <file>', 'read the code from this file instead of asking')
    .action((_own: unknown, command: Command) => {
      // --profile and --json belong to the command above, wherever they stand.
      const options = command.optsWithGlobals<ChangeOptions>()
      return untilStopped((signal) => asOwner(options, signal, change))
    })
}

/** Have the owner of the profile's account show who they are. It takes no session: theirs may have ended. */
async function asOwner(options: ChangeOptions, signal: AbortSignal, change: Change): Promise<void> {
  const { PasswordReader } = await import('../../clients/terminal/password.ts')
  const { signInPrompts } = await import('./sign-in-prompts.ts')
  const profile = await openProfile(options, signal)
  const { account: server } = profile.state
  if (server === undefined) throw noAccount(options)
  const { username } = server

  using lines = new PasswordReader({ input: process.stdin, output: process.stderr, signal })
  using waiting = await waitingNotice(options)
  const { passwords, codesFor } = signInPrompts({ options, lines, waiting, output: process.stdout, signal })
  const codes = codesFor(username, server.authAddress)
  const password = await passwords.read(`password for ${username}`)
  waiting.begin('auth')
  const asked = { askPassword: async () => password, codes, replaceIdentityKey: false }
  await change({ profile, server, username, ...asked, clock: systemClock, signal, trace: undefined }, options)
  waiting.stop()
}

async function setUp(owner: Owner, options: ChangeOptions): Promise<void> {
  const { setUpSecondFactor } = await import('../../clients/session/second-factor.ts')
  await setUpSecondFactor(owner)
  const others = `sotto sessions end --others${profileFlag(options.profile)}`
  notice(`the second factor is on; to end the sessions that began without it: ${others}`, options)
}

async function end(owner: Owner, options: ChangeOptions): Promise<void> {
  const { endSecondFactor } = await import('../../clients/session/second-factor.ts')
  await endSecondFactor({ ...owner, password: await owner.askPassword() })
  if (options.json) printJson(fieldsOf(NONE))
  else notice('the second factor is off: the password is enough', options)
}

async function renew(owner: Owner): Promise<void> {
  const { renewRecoveryCodes } = await import('../../clients/session/second-factor.ts')
  await renewRecoveryCodes({ ...owner, password: await owner.askPassword() })
}

function noAccount({ profile }: ProfileOptions): SottoError {
  return new SottoError('ERR_NOT_LOGGED_IN', `the profile ${profile} has no account`, {
    hint: `begin with: ${firstLoginLine(profile)}`,
  })
}
