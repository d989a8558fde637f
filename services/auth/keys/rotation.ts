/**
 * The rotation of keys and certificates by the host, while Auth runs. Each changes files that every Auth of the
 * installation looks at, and is written into the audit log; one at a time is made.
 *
 * @module
 */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { askForNewLeaves } from '#lib/runtime/certificates/authority.ts'
import { loadLeaf } from '#lib/runtime/certificates/leaf.ts'
import { endOf } from '#lib/runtime/certificates/lifetimes.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { takeTurn } from '#lib/runtime/database/dialect.ts'
import { withDatabase } from '../admin.ts'
import { type AuditEvent, appendAudit, byHost } from '../audit/audit-log.ts'
import type { Config } from '../config.ts'
import { requireAuthorityOf } from '../installation.ts'
import type { AuthSchema } from '../store.ts'
import { RELOAD_MS } from './certificates.ts'

export type RotationConfig = Pick<Config, 'authorityFolder' | 'database' | 'dataFolder'>

/** How long an Auth that runs has to take up what was rotated, in milliseconds: two looks, and the time to make it. */
const TAKEN_UP_MS = 2 * RELOAD_MS + 2_000

/** How often it is asked whether it has, in milliseconds. */
const POLL_INTERVAL_MS = 200

/**
 * Have all leaves of the installation made anew, by the Auths that run, or at their next start.
 *
 * @throws SottoError `ERR_CONFIG` if there is no installation; `ERR_STORE` if its authority is gone, or a file cannot be
 *   written.
 */
export async function rotateLeaves(config: RotationConfig, clock: Clock): Promise<void> {
  await withDatabase(config, async (db) => {
    await requireAuthorityOf(db, config.authorityFolder)
    await inTurn(db, clock, async () => {
      await askForNewLeaves(config.authorityFolder, clock)
      return byHost('leaves renewed')
    })
  })
}

/**
 * Wait until the Auth of this machine has a leaf from after a moment.
 *
 * @param before - The one of before, as {@link currentLeaf} gives it.
 * @returns its end; undefined if none comes in time: Auth does not run.
 */
export async function awaitNewLeaf(
  config: Pick<Config, 'dataFolder'>,
  before: string,
  clock: Clock,
): Promise<Date | undefined> {
  const deadlineMs = clock.monotonicMs() + TAKEN_UP_MS
  while (clock.monotonicMs() < deadlineMs) {
    const found = await currentLeaf(config)
    if (found !== before) return endOf(found)
    await delay(POLL_INTERVAL_MS)
  }
  return undefined
}

/** The leaf of AuthService, as PEM with the authorities behind it. @throws SottoError `ERR_STORE`. */
export async function currentLeaf({ dataFolder }: Pick<Config, 'dataFolder'>): Promise<string> {
  return (await loadLeaf(join(dataFolder, 'tls'))).certificate.certificatesPem
}

/**
 * Change files while no other rotation does, and write what was done into the audit log. Unlike other transactions it is
 * not tried again: its work is not the database's alone.
 *
 * @param work - Gives what is to be written; undefined if nothing was done.
 */
export async function inTurn(
  db: Kysely<AuthSchema>,
  clock: Clock,
  work: () => Promise<AuditEvent | undefined>,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await takeTurn(transaction, 'rotation')
    const event = await work()
    if (event !== undefined) await appendAudit(transaction, [event], clock.now().getTime())
  })
}
