/** `sotto join`: from an invite's link to an account, a session, and ready to chat. */
import { Command } from 'commander'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { environment, sottoHome } from '#lib/runtime/environment.ts'
import type { Secret } from '#lib/secret.ts'
import { USERNAME } from '#lib/validation.ts'
import { accountName } from '../../clients/command/account-name.ts'
import { profileFlag } from '../../clients/profile/login-line.ts'
import type { PasswordReader } from '../../clients/terminal/password.ts'
import { notice, type ProfileOptions, printJson, untilStopped, waitingNotice, withProfile } from '../profile-command.ts'
import { whoamiFields } from '../whoami.ts'
import { openMailbox } from './open-mailbox.ts'

interface JoinOptions extends ProfileOptions {
  readonly name?: string
  readonly passwordFile?: string
  readonly codeFile?: string
  readonly replaceIdentity?: true
}

const HELP = `
  sotto join                     asks for the link, and for a password of your own choosing
  sotto join --profile bob       a second person on this machine
  printf '%s\\n' "$LINK" "$PASSWORD" | sotto join
                                 in a script: the link, the name if the link has none, the password, a line each
  sotto join chat.example.org:7001#5C0A…
                                 where the server lets everybody sign up

The link is a secret until it is used. As an argument it can be seen by other users of this machine for the moment in which
the command starts. A link from "sotto admin reset-password" gives your account another password in the same way.`

export function joinCommand(): Command {
  return withProfile(new Command('join'))
    .description('take up an invite: make your account, and sign in')
    .argument('[link]', 'of the invite; without it you are asked, or it is the first line of standard input')
    .option('--name <name>', 'the name of your account, where the invite leaves that to you', accountName)
    .option('--password-file <file>', 'read the password from this file instead of asking')
    .option('--code-file <file>', 'read a code of the second factor from this file, where one is needed')
    .option('--replace-identity', 'take the account over from another installation; every contact sees a changed key')
    .addHelpText('after', HELP)
    .action(async (link: string | undefined, options: JoinOptions) => {
      // Every user of the machine can list command lines; from here on this one has no link in it.
      if (link !== undefined) process.title = 'sotto join'
      const { PasswordReader } = await import('../../clients/terminal/password.ts')
      await untilStopped(async (signal) => {
        using lines = new PasswordReader({ input: process.stdin, output: process.stderr, signal })
        const ask = (question: string) => askFor(question, lines, signal)
        const invite = await inviteOf(link ?? (await ask("the invite's link")))
        await join(invite, { options, ask, lines, signal })
      })
    })
}

/** Where to join, and by what. */
interface Invite {
  /** `HOST:PORT#FINGERPRINT`. */
  readonly server: string
  readonly name: string | undefined
  readonly code: Secret | undefined
}

/** A link; or the address of a server that lets everybody sign up, with a fingerprint. */
async function inviteOf(text: string): Promise<Invite> {
  const { parseInviteLink } = await import('#lib/invite-link.ts')
  if (/^[^/\s]+#[0-9a-f]{64}$/i.test(text.trim())) return { server: text.trim(), name: undefined, code: undefined }
  const { address, fingerprint, name, code } = parseInviteLink(text)
  return { server: `${address}#${fingerprint}`, name, code }
}

interface Joining {
  readonly options: JoinOptions
  readonly ask: (question: string) => Promise<string>
  /** The source of what comes from no file. */
  readonly lines: PasswordReader
  readonly signal: AbortSignal
}

async function join(invite: Invite, { options, ask, lines, signal }: Joining): Promise<void> {
  const { findServer } = await import('../../clients/session/authority.ts')
  const session = await import('../../clients/session/join.ts')
  const { Profile } = await import('../../clients/profile/profile.ts')
  const { signInPrompts } = await import('./sign-in-prompts.ts')
  const { unlockKey } = await import('../../clients/command/unlock.ts')
  const { checkNewPassword } = await import('../../services/auth/passwords/new-password.ts')

  const username = await nameFor(invite, options.name, ask)
  const profile = await Profile.openOrCreate(sottoHome(environment()), options.profile, { unlock: unlockKey(signal) })
  using waiting = await waitingNotice(options)
  const prompts = signInPrompts({ options, lines, waiting, output: process.stderr, signal })
  waiting.begin('auth')
  const server = await findServer({ server: invite.server }, undefined, signal)
  await session.join({
    profile,
    server,
    username,
    code: invite.code,
    async askPassword() {
      waiting.stop()
      const check = (password: Secret) => checkNewPassword(username, password)
      const password = await prompts.passwords.read(`a password of your own for ${username}`, { twice: true, check })
      waiting.begin('auth')
      return password
    },
    codes: prompts.codesFor(username, server.authAddress),
    replaceIdentityKey: options.replaceIdentity === true,
    clock: systemClock,
    signal,
    trace: undefined,
  })
  waiting.begin('your mailbox')
  await openMailbox(profile, signal)
  waiting.stop()
  const flag = profileFlag(options.profile)
  if (options.json) printJson(whoamiFields(profile))
  else notice(`welcome, ${username}; next: sotto chat${flag}, or: sotto send${flag} USER`, options)
}

async function nameFor({ name }: Invite, typed: string | undefined, ask: Joining['ask']): Promise<string> {
  if (name !== undefined && typed !== undefined && name !== typed) {
    throw new SottoError('ERR_USAGE', `the invite is for ${name}`, { hint: 'leave out --name' })
  }
  const chosen = name ?? typed ?? (await ask('the name of your account'))
  if (USERNAME.test(chosen)) return chosen
  throw new SottoError('ERR_USAGE', 'that is no name for an account', {
    hint: 'it is 1 to 32 of a-z, 0-9, ".", "_" and "-", and begins with a letter or a digit',
  })
}

/** A line that is no secret to who types it; from a pipe, one of the lines that the password comes from, too. */
async function askFor(question: string, lines: PasswordReader, signal: AbortSignal): Promise<string> {
  const { stdin: input, stderr: output } = process
  if (input.isTTY === true) {
    const { askLine } = await import('../../clients/terminal/ask-line.ts')
    return await askLine(question, { input, output, signal })
  }
  try {
    return Buffer.from((await lines.read(question)).reveal()).toString('utf8')
  } catch (error) {
    if (!isSottoError(error, 'ERR_USAGE')) throw error
    throw new SottoError('ERR_USAGE', `${question} is not given`, {
      cause: error,
      hint: 'pipe it in as a line, before the password, or run the command at a terminal',
    })
  }
}
