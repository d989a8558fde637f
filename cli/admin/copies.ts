/** `sotto admin init`, `backup`, `restore` and `move`: the keys that replicas share, and copies of Auth's database. */
import type { Command } from 'commander'
import { systemClock } from '#lib/runtime/clock.ts'
import { notice } from '../profile-command.ts'
import { readConfig } from './server.ts'

interface RestoreFlags {
  readonly replace?: boolean
  readonly endSessions?: boolean
  readonly wrappingKey?: string
}

interface MoveFlags {
  readonly toFile?: string
  readonly toSqlite?: string
}

const BACKUP_HELP = `
It is of one moment, and may be made while Auth runs. It holds accounts and sessions, passwords as hashes and keys
wrapped; what it does not hold is the certificate authority and the wrapping key, which are files: copy these, too, and
keep them apart from it.`

const MOVE_HELP = `
  sotto admin move --to-file /run/secrets/database
                               to the PostgreSQL whose URL this file holds
  sotto admin move --to-sqlite ~/.sotto/auth/auth.db
                               back to a file

Stop Auth before, and then start it with the setting that is printed.`

/** Adds the commands. */
export function withCopies(admin: Command): Command {
  admin
    .command('init')
    .description('make the keys that all replicas of Auth on one PostgreSQL share; one on SQLite makes its own')
    .option(
      '--new-authority',
      'where the authority is lost: have the accounts belong to a new one, which nobody trusts yet',
    )
    .action(async ({ newAuthority }: { newAuthority?: boolean }) => {
      const { initialise } = await import('../../services/auth/admin.ts')
      const config = await readConfig()
      await initialise(config, systemClock, newAuthority)
      notice(`give to every replica of Auth: ${config.authorityFolder} and ${config.wrappingKeyFile}`, {})
    })
  admin
    .command('backup')
    .description("write a copy of Auth's database to a new file")
    .argument('<file>')
    .addHelpText('after', BACKUP_HELP)
    .action(async (file: string) => {
      const { backupTo } = await import('../../services/auth/backup/administration.ts')
      await backupTo(file, await readConfig(), systemClock)
      notice(`wrote ${file}; keep it as you keep the database itself`, {})
    })
  admin
    .command('restore')
    .description('put a copy in the place of what the database holds, all of it or nothing')
    .argument('<file>', 'written by sotto admin backup, of this version')
    .option('--replace', 'even if there are accounts; what came after the copy is lost')
    .option('--end-sessions', 'have everybody sign in again: sessions that ended since come back otherwise')
    .option(
      '--wrapping-key <file>',
      'the wrapping key of that time, if it was rotated since: else people sign in again',
    )
    .action(async (file: string, { replace = false, endSessions = false, wrappingKey }: RestoreFlags) => {
      const { restoreFrom } = await import('../../services/auth/backup/administration.ts')
      const count = await restoreFrom(
        file,
        await readConfig(),
        { replace, endSessions, wrappingKeyFile: wrappingKey },
        systemClock,
      )
      if (wrappingKey !== undefined)
        notice('next: sotto admin rotate wrapping-key, which has the old key forgotten', {})
      notice(`restored; there ${count === 1 ? 'is 1 account' : `are ${count} accounts`} now`, {})
    })
  admin
    .command('move')
    .description('copy everything to another database, which has no accounts yet')
    .option('--to-file <file>', 'to PostgreSQL: a file that holds its URL')
    .option('--to-sqlite <path>', 'to SQLite: the file of the database')
    .addHelpText('after', MOVE_HELP)
    .action(async ({ toFile, toSqlite }: MoveFlags, command: Command) => {
      if ((toFile === undefined) === (toSqlite === undefined)) command.error('error: give --to-file or --to-sqlite')
      const { moveTo } = await import('../../services/auth/backup/administration.ts')
      const target =
        toFile === undefined
          ? ({ kind: 'sqlite', path: toSqlite ?? '' } as const)
          : ({ kind: 'postgres', urlFile: toFile } as const)
      const count = await moveTo(target, await readConfig(), systemClock)
      const next = toFile === undefined ? 'without SOTTO_AUTH_DATABASE_FILE' : `with SOTTO_AUTH_DATABASE_FILE=${toFile}`
      notice(`moved ${count === 1 ? '1 account' : `${count} accounts`}; start Auth ${next}`, {})
    })
  return admin
}
