/**
 * Copies of Auth's database: made while Auth runs, restored as a whole or not at all, into any kind of database.
 *
 * A copy is of one moment. It has neither the authority nor the wrapping key: these are files, to be kept elsewhere.
 *
 * @module
 */
import type { Kysely, Transaction } from 'kysely'
import { SottoError } from '#lib/errors.ts'
import { inSnapshot, inTransaction } from '#lib/runtime/database/queries.ts'
import { SESSION_ID_BYTES } from '#lib/ticket/grant.ts'
import { appendAudit, auditHead, byHost, hasAuditHash } from '../audit/audit-log.ts'
import { type AuditHead, EMPTY_HEAD } from '../audit/chain.ts'
import { MIGRATIONS } from '../migrations.ts'
import { type AuthSchema, TABLES } from '../store.ts'
import { type BackupRow, readBackup, writeBackup } from './format.ts'

/** How many rows one statement inserts: SQLite and PostgreSQL take some ten thousand values in one. */
const ROWS_AT_ONCE = 100

export interface RestoreOptions {
  /** Whether accounts that are there may be lost. */
  readonly replace: boolean
  /** Whether everybody is to sign in again. */
  readonly endSessions: boolean
  /** What the audit log is to say of it. */
  readonly what: 'database restored' | 'database moved'
  readonly nowMs: number
}

/** Copy the database as it is at one moment. @returns the lines of the backup, without line feeds. */
export async function backup(db: Kysely<AuthSchema>, at: Date): Promise<string[]> {
  const rows = await inSnapshot(db, async (snapshot) => {
    const found: BackupRow[] = []
    for (const table of TABLES) {
      for (const values of await snapshot.selectFrom(table).selectAll().execute()) {
        found.push({ table, values: values as unknown as BackupRow['values'] })
      }
    }
    return found
  })
  return writeBackup({ migrations: STEPS, at: at.toISOString() }, rows)
}

/**
 * Put a backup in the place of what the database holds. An Auth that runs meanwhile goes on with it, and directories are
 * told of the sessions that ended with that. The audit log stays where it goes on from that of the backup: nobody can cut it
 * by a restore.
 *
 * @param lines - Of the backup, without their line feeds.
 * @returns how many accounts there are now.
 * @throws SottoError `ERR_STORE` if the backup is damaged, or made by another version; `ERR_ACCOUNT_EXISTS` if there are
 *   accounts that may not be lost. Nothing is changed then.
 */
export async function restore(
  db: Kysely<AuthSchema>,
  lines: readonly string[],
  { replace, endSessions, what, nowMs }: RestoreOptions,
): Promise<number> {
  const { header, rows } = readBackup(lines)
  if (header.migrations.join() !== STEPS.join()) throw ofAnotherVersion()
  return await inTransaction(db, async (transaction) => {
    const before = await transaction.selectFrom('session').select('id').execute()
    const newest = await newestRevocation(transaction)
    if (!replace && (await countAccounts(transaction)) > 0) throw accountsThere()
    const former = await auditHead(transaction)
    const kept = (await hasAuditHash(transaction, headOf(rows))) ? AUDIT_TABLES : []
    for (const table of TABLES.toReversed()) {
      if (!kept.includes(table)) await transaction.deleteFrom(table).execute()
    }
    await insertAll(
      transaction,
      rows.filter((row) => !kept.includes(row.table)),
    )
    if (endSessions) await transaction.deleteFrom('session').execute()
    await noteEnds(transaction, { before, newest, nowMs })
    const isLost = kept.length === 0 && former.number > 0
    const detail = isLost ? `in place of a log that ended with ${Buffer.from(former.hash).toString('hex')}` : ''
    await appendAudit(transaction, [byHost(what, '', detail)], nowMs)
    return await countAccounts(transaction)
  })
}

const STEPS = Object.keys(MIGRATIONS).sort()

/** Tables that are kept together or not at all. */
const AUDIT_TABLES: readonly string[] = ['audit', 'audit_head'] satisfies readonly (typeof TABLES)[number][]

/** The end of the audit log of a backup. */
function headOf(rows: readonly BackupRow[]): AuditHead {
  const values = rows.find(({ table }) => table === 'audit_head')?.values
  const { number, hash } = values ?? {}
  return typeof number === 'number' && hash instanceof Uint8Array ? { number, hash } : EMPTY_HEAD
}

async function insertAll(transaction: Transaction<AuthSchema>, rows: readonly BackupRow[]): Promise<void> {
  for (const table of TABLES) {
    const values = rows.filter((row) => row.table === table).map((row) => row.values as never)
    for (let start = 0; start < values.length; start += ROWS_AT_ONCE) {
      await transaction
        .insertInto(table)
        .values(values.slice(start, start + ROWS_AT_ONCE))
        .execute()
    }
  }
}

/** The session that is told to have ended where none has. */
const NOBODYS_SESSION = Buffer.alloc(SESSION_ID_BYTES)

/** Have the directories told of the sessions that are no longer there, under numbers that go on, and go on after that. */
async function noteEnds(
  transaction: Transaction<AuthSchema>,
  { before, newest, nowMs }: { before: readonly { id: Uint8Array }[]; newest: number; nowMs: number },
): Promise<void> {
  const hex = (id: Uint8Array) => Buffer.from(id).toString('hex')
  const now = new Set((await transaction.selectFrom('session').select('id').execute()).map(({ id }) => hex(id)))
  const ended = before.filter(({ id }) => !now.has(hex(id)))
  const from = Math.max(newest, await newestRevocation(transaction)) + 1
  // The next number is drawn from the newest, which therefore has to be there.
  if (ended.length === 0 && from > 1) ended.push({ id: NOBODYS_SESSION })
  await transaction.deleteFrom('revocation').execute()
  for (const [index, { id }] of ended.entries()) {
    await transaction
      .insertInto('revocation')
      .values({ number: from + index, session_id: id, ended_at: nowMs })
      .execute()
  }
}

async function newestRevocation(transaction: Transaction<AuthSchema>): Promise<number> {
  const { newest } = await transaction
    .selectFrom('revocation')
    .select(({ fn }) => fn.max('number').as('newest'))
    .executeTakeFirstOrThrow()
  return newest ?? 0
}

async function countAccounts(db: Kysely<AuthSchema>): Promise<number> {
  const { count } = await db
    .selectFrom('account')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

function ofAnotherVersion(): SottoError {
  return new SottoError('ERR_STORE', 'the backup was made by another version of Sotto', {
    hint: 'restore it with that version, then upgrade',
  })
}

function accountsThere(): SottoError {
  return new SottoError('ERR_ACCOUNT_EXISTS', 'the database holds accounts already', {
    hint: 'to lose them and have those of the backup, add --replace; nothing was changed',
  })
}
