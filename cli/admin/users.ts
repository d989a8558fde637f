/** `sotto admin add-user` and its like: accounts that are there, and passwords that the host sets. */
import type { Command } from 'commander'
import { systemClock } from '#lib/runtime/clock.ts'
import type { Secret } from '#lib/secret.ts'
import type { AccountSummary } from '../../services/auth/accounts/account-list.ts'
import type { NewAccount } from '../../services/auth/accounts.ts'
import type { Config } from '../../services/auth/config.ts'
import { notice, printJson } from '../profile-command.ts'
import { HOUR_MS, hoursOption } from './hours.ts'
import { publicServer, readConfig } from './server.ts'

interface PasswordOptions {
  readonly passwordFile?: string
}

/** Adds the commands. */
export function withUsers(admin: Command): Command {
  const withPassword = (name: string) =>
    admin.command(name).option('--password-file <file>', 'read the password from this file, less its line end')

  withPassword('add-user')
    .description('add accounts, all or none; asks for each password, or reads one a line from standard input')
    .argument('<name...>', '1 to 32 characters: a to z, 0 to 9, and . _ - after the first')
    .action(async (names: string[], options: PasswordOptions) => {
      const { addUsers, checkNewNames } = await import('../../services/auth/admin.ts')
      const config = await readConfig()
      await checkNewNames(config, systemClock, names)
      await addUsers(config, systemClock, await readPasswords(names, options))
      await reportAdded(config, names)
    })
  withPassword('set-password')
    .description('give an account another password; its sessions end, its identity key stays')
    .argument('<name>')
    .action(async (name: string, options: PasswordOptions) => {
      const { checkUser, setPassword } = await import('../../services/auth/admin.ts')
      const config = await readConfig()
      await checkUser(config, systemClock, name)
      for (const { password } of await readPasswords([name], options)) {
        await setPassword(config, systemClock, name, password)
      }
      notice(`${name} has another password and must sign in again`, {})
    })
  admin
    .command('reset-password')
    .description('print a link by which somebody sets another password; until then, theirs stays')
    .argument('<name>')
    .addOption(hoursOption())
    .option('--json', 'say it as JSON')
    .action(async (name: string, { hours, json }: { hours: number; json?: true }) => {
      const { invite } = await import('../../services/auth/invites/administration.ts')
      const { printInvite } = await import('./print-invite.ts')
      const config = await readConfig()
      const server = await publicServer(config)
      const invitee = { name, displayName: '', cohort: undefined, isReset: true }
      const issued = await invite(config, systemClock, invitee, hours * HOUR_MS)
      await printInvite(config, issued, server, json === true)
    })
  admin
    .command('reset-second-factor')
    .description('take the second factor of somebody away who has lost it, and end their sessions')
    .argument('<name>')
    .action(async (name: string) => {
      const { resetSecondFactor } = await import('../../services/auth/second-factor/administration.ts')
      const hadOne = await resetSecondFactor(await readConfig(), systemClock, name)
      notice(hadOne ? `${name} has no second factor, and must sign in again` : `${name} has no second factor`, {})
    })
  admin
    .command('disable')
    .description('let somebody sign in no longer, and end their sessions; all else stays')
    .argument('<name>')
    .action(async (name: string) => {
      const { setDisabled } = await import('../../services/auth/admin.ts')
      await setDisabled(await readConfig(), systemClock, name, true)
      notice(`${name} is disabled`, {})
    })
  admin
    .command('enable')
    .description('let somebody sign in again')
    .argument('<name>')
    .action(async (name: string) => {
      const { setDisabled } = await import('../../services/auth/admin.ts')
      await setDisabled(await readConfig(), systemClock, name, false)
      notice(`${name} can sign in`, {})
    })
  admin
    .command('set-display-name')
    .description('say what others read beside a name; it is for eyes alone, and never changes who somebody is')
    .argument('<name>')
    .argument('[text]', 'up to 64 characters; without it there is none')
    .action(async (name: string, text = '') => {
      const { setDisplayName } = await import('../../services/auth/admin.ts')
      await setDisplayName(await readConfig(), systemClock, name, text)
      notice(text === '' ? `${name} has no display name` : `${name} has another display name`, {})
    })
  admin
    .command('remove-user')
    .description('remove an account and end its sessions')
    .argument('<name>')
    .action(async (name: string) => {
      const { removeUser } = await import('../../services/auth/admin.ts')
      await removeUser(await readConfig(), systemClock, name)
      notice(`removed ${name}`, {})
    })
  admin
    .command('list-users')
    .description('list the accounts, one a line')
    .option('--json', 'say it as JSON, with what is known of each')
    .action(async ({ json }: { json?: true }) => {
      const { listUsers } = await import('../../services/auth/admin.ts')
      for (const account of await listUsers(await readConfig(), systemClock)) {
        if (json) printJson(fieldsOf(account))
        else process.stdout.write(`${account.name}\n`)
      }
    })
  return admin
}

async function reportAdded(config: Config, added: readonly string[]): Promise<void> {
  const { address, fingerprint, noticeIfUnnamed } = await publicServer(config)
  notice(`added ${added.join(', ')}; what each types next, on a machine of their own:`, {})
  for (const name of added) process.stderr.write(`  sotto chat --login ${name}@${address}#${fingerprint}\n`)
  noticeIfUnnamed()
}

function fieldsOf({ createdAtMs, identityKey, cohort, hasSecondFactor, ...account }: AccountSummary): object {
  const identity = identityKey === undefined ? null : Buffer.from(identityKey).toString('hex')
  return {
    ...account,
    secondFactor: hasSecondFactor,
    cohort: cohort ?? null,
    createdAt: new Date(createdAtMs),
    identity,
  }
}

/** The passwords that these accounts are to have, each checked as soon as it is there. */
async function readPasswords(names: readonly string[], { passwordFile }: PasswordOptions): Promise<NewAccount[]> {
  const { PasswordReader } = await import('../../clients/terminal/password.ts')
  const { checkNewPassword } = await import('../../services/auth/passwords/new-password.ts')
  using passwords = new PasswordReader({ file: passwordFile, input: process.stdin, output: process.stderr })
  const accounts: NewAccount[] = []
  for (const name of names) {
    const check = (password: Secret) => checkNewPassword(name, password)
    accounts.push({ name, password: await passwords.read(`password for ${name}`, { twice: true, check }) })
  }
  return accounts
}
