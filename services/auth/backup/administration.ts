/**
 * What `sotto admin` does with copies: to a file, from a file, and from one kind of database to another.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import type { Kysely } from 'kysely'
import { isSottoError, SottoError } from '#lib/errors.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { createFileOnce } from '#lib/runtime/create-once.ts'
import { openDatabase, openDatabaseBeside } from '#lib/runtime/database/database.ts'
import type { DatabaseSetting } from '#lib/runtime/database/options.ts'
import { systemRefusal } from '#lib/runtime/system-errors.ts'
import { type AuditEvent, byHost, noteAudit } from '../audit/audit-log.ts'
import type { Config } from '../config.ts'
import { noInstallation } from '../errors.ts'
import { addKeysOf } from '../keys/wrapping-key-file.ts'
import { MIGRATIONS } from '../migrations.ts'
import type { AuthSchema } from '../store.ts'
import { backup, type RestoreOptions, restore } from './backup.ts'

type BackupConfig = Pick<Config, 'database' | 'dataFolder'>

export interface RestoreFromOptions extends Pick<RestoreOptions, 'replace' | 'endSessions'> {
  /** A file of the wrapping keys of that time, if they were rotated since; they are added to those of now. */
  readonly wrappingKeyFile?: string | undefined
}

/**
 * Write a copy of the database to a new file, for its owner alone.
 *
 * @throws SottoError `ERR_STORE` if there is a file already, or it cannot be written; `ERR_CONFIG` if there is no
 *   installation.
 */
export async function backupTo(path: string, config: BackupConfig, clock: Clock): Promise<void> {
  const lines = await copyOf(config, clock, 'backup made')
  const isNew = await createFileOnce(path, Buffer.from(`${lines.join('\n')}\n`)).catch((error: unknown) => {
    throw systemRefusal(error) ?? error
  })
  if (isNew) return
  throw new SottoError('ERR_STORE', `there is a file ${path} already`, { hint: 'name another; nothing was written' })
}

/**
 * Put a copy from a file in the place of what the database holds; one is made if there is none.
 *
 * @returns how many accounts there are now.
 * @throws SottoError as {@link restore} and {@link addKeysOf} do; `ERR_STORE` if the file cannot be read.
 */
export async function restoreFrom(
  path: string,
  config: BackupConfig & Pick<Config, 'wrappingKeyFile'>,
  { wrappingKeyFile, ...options }: RestoreFromOptions,
  clock: Clock,
): Promise<number> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw systemRefusal(error) ?? error
  })
  if (wrappingKeyFile !== undefined) await addKeysOf(wrappingKeyFile, config.wrappingKeyFile)
  return await restoreInto(
    config.database,
    text.trimEnd().split('\n'),
    { ...options, what: 'database restored' },
    clock,
  )
}

/**
 * Copy everything from the database that the settings name to another one, which must hold no accounts.
 *
 * @returns how many accounts there are now.
 * @throws SottoError as {@link restore} does.
 */
export async function moveTo(target: DatabaseSetting, config: BackupConfig, clock: Clock): Promise<number> {
  const options = { replace: false, endSessions: false, what: 'database moved' } as const
  return await restoreInto(target, await copyOf(config, clock), options, clock)
}

/** @param what - What the audit log is to say of it; it is in the copy, too. */
async function copyOf(config: BackupConfig, clock: Clock, what?: 'backup made'): Promise<string[]> {
  const db = await openDatabaseBeside<AuthSchema>(config.database, MIGRATIONS)
  if (db === undefined) throw noInstallation(config.dataFolder)
  try {
    if (what !== undefined) await noteIfPossible(db, byHost(what), clock)
    return await backup(db, clock.now())
  } finally {
    await db.destroy()
  }
}

/** A database that takes no more can still be copied: that is when a copy is needed most. */
async function noteIfPossible(db: Kysely<AuthSchema>, event: AuditEvent, clock: Clock): Promise<void> {
  try {
    await noteAudit(db, event, clock.now().getTime())
  } catch (error) {
    if (!isSottoError(error)) throw error
  }
}

async function restoreInto(
  target: DatabaseSetting,
  lines: readonly string[],
  options: Omit<RestoreOptions, 'nowMs'>,
  clock: Clock,
): Promise<number> {
  const db = await openDatabase<AuthSchema>(target, MIGRATIONS, { durability: 'disk' })
  try {
    return await restore(db, lines, { ...options, nowMs: clock.now().getTime() })
  } finally {
    await db.destroy()
  }
}
