/** `sotto admin`: accounts, on Auth's own database. Whoever can read its files is the administrator. */
import { Command } from 'commander'
import { systemClock } from '#lib/runtime/clock.ts'
import { environment } from '#lib/runtime/environment.ts'
import type { Secret } from '#lib/secret.ts'
import type { NewAccount } from '../services/auth/accounts.ts'
import type { Config } from '../services/auth/config.ts'
import { withCopies } from './admin/copies.ts'
import { notice } from './profile-command.ts'

interface PasswordOptions {
  readonly passwordFile?: string
}

const EXAMPLES = `
  sotto admin add-user alice bob  asks for a password each
  docker compose exec auth sotto admin add-user alice bob
                                  the same in the container
  printf '%s\\n' "$PASSWORD" | sotto admin add-user alice
                                  in a script`

export function adminCommand(): Command {
  const admin = new Command('admin').description(
    "manage accounts, on the machine and as the user that Auth's database belongs to",
  )
  admin.addHelpText('after', EXAMPLES)
  const withPassword = (name: string) =>
    admin.command(name).option('--password-file <file>', 'read the password from this file, less its line end')

  withPassword('add-user')
    .description('add accounts, all or none; asks for each password, or reads one a line from standard input')
    .argument('<name...>', '1 to 32 characters: a to z, 0 to 9, and . _ - after the first')
    .action(async (names: string[], options: PasswordOptions) => {
      const { addUsers, checkNewNames } = await import('../services/auth/admin.ts')
      const config = await readConfig()
      await checkNewNames(config, systemClock, names)
      await addUsers(config, systemClock, await readPasswords(names, options))
      await reportAdded(config, names)
    })
  withPassword('set-password')
    .description('give an account another password; its sessions end, its identity key stays')
    .argument('<name>')
    .action(async (name: string, options: PasswordOptions) => {
      const { checkUser, setPassword } = await import('../services/auth/admin.ts')
      const config = await readConfig()
      await checkUser(config, systemClock, name)
      for (const { password } of await readPasswords([name], options)) {
        await setPassword(config, systemClock, name, password)
      }
      notice(`${name} has another password and must sign in again`, {})
    })
  admin
    .command('remove-user')
    .description('remove an account and end its sessions')
    .argument('<name>')
    .action(async (name: string) => {
      const { removeUser } = await import('../services/auth/admin.ts')
      await removeUser(await readConfig(), systemClock, name)
      notice(`removed ${name}`, {})
    })
  admin
    .command('list-users')
    .description('list the accounts, one a line')
    .action(async () => {
      const { listUsers } = await import('../services/auth/admin.ts')
      for (const { name } of await listUsers(await readConfig(), systemClock)) process.stdout.write(`${name}\n`)
    })
  return withCopies(admin)
}

async function readConfig(): Promise<Config> {
  const { readConfig } = await import('../services/auth/config.ts')
  return readConfig(environment())
}

async function reportAdded(config: Config, added: readonly string[]): Promise<void> {
  const { readAuthorityCertificate } = await import('../services/auth/certificates.ts')
  const { readPublicAddress } = await import('../services/auth/public-address.ts')
  const { fingerprintOf } = await import('#lib/runtime/tls.ts')
  const address = await readPublicAddress(config)
  const isNamed = !address.startsWith(':')
  // The fingerprint is what makes it safe to sign in for the first time.
  const server = `${isNamed ? '' : 'localhost'}${address}#${fingerprintOf(await readAuthorityCertificate(config))}`
  notice(`added ${added.join(', ')}; what each types next, on a machine of their own:`, {})
  for (const name of added) process.stderr.write(`  sotto chat --login ${name}@${server}\n`)
  if (isNamed) return
  notice(
    "from another machine, put this one's name in place of localhost; SOTTO_NAMES sets others (docs/operations.md)",
    {},
  )
}

/** The passwords that these accounts are to have, each checked as soon as it is there. */
async function readPasswords(names: readonly string[], { passwordFile }: PasswordOptions): Promise<NewAccount[]> {
  const { PasswordReader } = await import('../clients/terminal/password.ts')
  const { checkNewPassword } = await import('../services/auth/passwords/new-password.ts')
  using passwords = new PasswordReader({ file: passwordFile, input: process.stdin, output: process.stderr })
  const accounts: NewAccount[] = []
  for (const name of names) {
    const check = (password: Secret) => checkNewPassword(name, password)
    accounts.push({ name, password: await passwords.read(`password for ${name}`, { twice: true, check }) })
  }
  return accounts
}
