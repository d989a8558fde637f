/**
 * Opening a database that may start after the service: services and PostgreSQL start in any order.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { isSottoError } from '../../errors.ts'
import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import { openDatabase } from './database.ts'
import type { Migrations } from './migrations.ts'
import type { DatabaseSetting, OpenDatabaseOptions } from './options.ts'

/** How long a start waits for PostgreSQL, in milliseconds: enough for one that recovers after a crash. */
export const DATABASE_WAIT_MS = 60_000

/** Between attempts, in milliseconds. */
const RETRY_MS = 500

export interface DatabaseWait extends OpenDatabaseOptions {
  readonly clock: Clock
  readonly log: Logger
  /** How long at most, in milliseconds; {@link DATABASE_WAIT_MS} unless set. */
  readonly databaseWaitMs?: number | undefined
  /** Ends the wait early, with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Open the database of a service, as soon as it answers.
 *
 * @throws SottoError as {@link openDatabase}; `ERR_UNAVAILABLE` if it does not answer in time.
 */
export async function awaitDatabase<Schema>(
  setting: DatabaseSetting,
  migrations: Migrations,
  { clock, log, durability, databaseWaitMs: waitMs = DATABASE_WAIT_MS, signal }: DatabaseWait,
): Promise<Kysely<Schema>> {
  const deadlineMs = clock.monotonicMs() + waitMs
  let waiting = false
  while (true) {
    try {
      return await openDatabase<Schema>(setting, migrations, { durability, log })
    } catch (error) {
      if (!isSottoError(error, 'ERR_UNAVAILABLE') || clock.monotonicMs() >= deadlineMs) throw error
      if (!waiting) log.info({ err: error, waitMs }, 'waiting for the database')
      waiting = true
    }
    signal?.throwIfAborted()
    await delay(RETRY_MS)
  }
}
