/**
 * The rotation of keys and certificates by the host, while Auth runs. Each changes files that every Auth of the
 * installation looks at, and is written into the audit log; one at a time is made.
 *
 * @module
 */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { askForNewLeaves, replaceAuthority } from '#lib/runtime/certificates/authority.ts'
import { loadLeaf } from '#lib/runtime/certificates/leaf.ts'
import { endOf } from '#lib/runtime/certificates/lifetimes.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { takeTurn } from '#lib/runtime/database/dialect.ts'
import { fingerprintOf } from '#lib/runtime/tls.ts'
import { withDatabase } from '../admin.ts'
import { type AuditEvent, appendAudit, byHost } from '../audit/audit-log.ts'
import type { Config } from '../config.ts'
import { requireAuthorityOf } from '../installation.ts'
import type { AuthSchema } from '../store.ts'
import { RELOAD_MS } from './certificates.ts'
import { rewrap } from './rewrapping.ts'
import { addNewKey, loadKeyList, removeFormerKeys } from './wrapping-key-file.ts'
import { KEYS_HOLD_MS } from './wrapping-keys.ts'

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
      return { result: undefined, event: byHost('leaves renewed') }
    })
  })
}

/**
 * Put another authority in the place of the present one, which signs for it and whose key is then gone. The Auths that
 * run make leaves by it; clients follow the signature.
 *
 * @returns the fingerprint of the new one.
 * @throws SottoError `ERR_CONFIG` if there is no installation, or its authority can sign no other; `ERR_STORE` if the
 *   authority is gone, or cannot be written.
 */
export async function rotateAuthority(config: RotationConfig, clock: Clock): Promise<string> {
  return await withDatabase(config, async (db) => {
    await requireAuthorityOf(db, config.authorityFolder)
    // It takes a tenth of a second to load, in which nobody is to wait for the database.
    await import('#lib/runtime/certificates/issue.ts')
    return await inTurn(db, clock, async () => {
      const { certificatesPem } = await replaceAuthority(config.authorityFolder, clock)
      const fingerprint = fingerprintOf(certificatesPem)
      return { result: fingerprint, event: byHost('authority replaced', '', `fingerprint ${fingerprint}`) }
    })
  })
}

/** How a wrapping key is rotated. */
export interface WrappingKeyRotation {
  /** How long an Auth may go on with the key of before, in milliseconds; {@link KEYS_HOLD_MS} unless set. */
  readonly holdMs?: number
  /** Called with what is going on. */
  readonly onProgress?: (what: 'added' | 'resumed') => void
}

/**
 * Wrap everything under a new key, and forget the former; or finish a rotation that was broken off.
 *
 * The new key is in the file before anything is wrapped by it, and the former until nothing is. So Auths that run go on
 * with every session, and a crash at any moment leaves both keys, and rows of either kind.
 *
 * @returns how many rows were wrapped anew.
 * @throws SottoError `ERR_CONFIG` if there is no installation or no wrapping key, or its file was changed meanwhile by
 *   somebody else; `ERR_STORE` if the file cannot be written.
 */
export async function rotateWrappingKey(
  config: RotationConfig & Pick<Config, 'wrappingKeyFile'>,
  clock: Clock,
  { holdMs = KEYS_HOLD_MS, onProgress }: WrappingKeyRotation = {},
): Promise<number> {
  const { wrappingKeyFile: path } = config
  return await withDatabase(config, async (db) => {
    const keys = await inTurn(db, clock, async () => {
      const present = await loadKeyList(path)
      const isUnfinished = present !== undefined && present.length > 1
      onProgress?.(isUnfinished ? 'resumed' : 'added')
      if (isUnfinished) return { result: present }
      const added = await addNewKey(path)
      return { result: added, event: byHost('wrapping key made', '', Buffer.from(added[0].id).toString('hex')) }
    })
    await delay(holdMs)
    let count = await rewrap(db, keys)
    // Until nothing is found, for what was begun before the key was there, and written late.
    let late: number
    do {
      await delay(holdMs)
      late = await rewrap(db, keys)
      count += late
    } while (late > 0)
    await inTurn(db, clock, async () => {
      if (!(await removeFormerKeys(path, keys))) throw changedMeanwhile(path)
      return { result: undefined, event: byHost('former wrapping keys removed') }
    })
    return count
  })
}

function changedMeanwhile(path: string): SottoError {
  return new SottoError('ERR_CONFIG', `somebody else has changed ${path} meanwhile`, {
    hint: 'if no other rotation goes on, run it again: it finishes',
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
    if (found !== undefined && found !== before) return endOf(found)
    await delay(POLL_INTERVAL_MS)
  }
  return undefined
}

/** The leaf of the AuthService of this machine, as PEM with the authorities behind it; undefined if it has none. */
export async function currentLeaf({ dataFolder }: Pick<Config, 'dataFolder'>): Promise<string | undefined> {
  const loaded = await loadLeaf(join(dataFolder, 'tls')).catch((error: unknown) => {
    if (!isSottoError(error, 'ERR_STORE')) throw error
  })
  return loaded?.certificate.certificatesPem
}

/** What was done to files. */
interface Change<T> {
  readonly result: T
  /** What the audit log is to say of it; undefined if nothing was changed. */
  readonly event?: AuditEvent
}

/**
 * Change files while no other rotation does, and write what was done into the audit log. Unlike other transactions it is
 * not tried again: its work is not the database's alone.
 */
async function inTurn<T>(db: Kysely<AuthSchema>, clock: Clock, work: () => Promise<Change<T>>): Promise<T> {
  return await db.transaction().execute(async (transaction) => {
    await takeTurn(transaction, 'rotation')
    const { result, event } = await work()
    if (event !== undefined) await appendAudit(transaction, [event], clock.now().getTime())
    return result
  })
}
