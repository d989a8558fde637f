/**
 * The audit log in Auth's database: who did what, in one chain, whichever process writes.
 *
 * An entry is written in the transaction of what it tells of, and last in it: whoever waits there for others holds up
 * nobody else by it. It has names and reasons, and neither secrets nor addresses.
 *
 * @module
 */
import type { Kysely, Transaction } from 'kysely'
import { SottoError } from '#lib/errors.ts'
import { takeTurn } from '#lib/runtime/database/dialect.ts'
import { inSnapshot, inTransaction } from '#lib/runtime/database/queries.ts'
import { isSame } from '#lib/same-bytes.ts'
import type { AuthSchema } from '../store.ts'
import { type AuditHead, type ChainedEntry, chain, EMPTY_HEAD, faultAtEnd, faultOf, HOST, headAt } from './chain.ts'

/** The one row of the table of the end. */
const ROW = 1

/** How many entries are read or written at once. */
const ENTRIES_AT_ONCE = 500

/** What can be told of. */
export type AuditAction =
  | 'account added'
  | 'account disabled'
  | 'account enabled'
  | 'account removed'
  | 'authority replaced'
  | 'backup made'
  | 'database moved'
  | 'database restored'
  | 'display name changed'
  | 'former wrapping keys removed'
  | 'installation begun'
  | 'invite made'
  | 'invite refused'
  | 'invite withdrawn'
  | 'joined'
  | 'leaves renewed'
  | 'new authority'
  | 'password change refused'
  | 'password changed'
  | 'password reset'
  | 'recovery code used'
  | 'recovery codes renewed'
  | 'refusals not told'
  | 'reset link made'
  | 'second factor confirmed'
  | 'second factor ended'
  | 'second factor refused'
  | 'second factor reset'
  | 'session begun'
  | 'session ended'
  | 'sessions ended'
  | 'sign-in refused'
  | 'wrapping key made'

/** Something that happened. */
export interface AuditEvent {
  readonly who: string
  readonly what: AuditAction
  readonly subject?: string
  readonly detail?: string
}

/** Something that a member did, to themselves. */
export function byMember(name: string, what: AuditAction, detail = ''): AuditEvent {
  return { who: name, what, subject: name, detail }
}

/** Something that the host did. */
export function byHost(what: AuditAction, subject = '', detail = ''): AuditEvent {
  return { who: HOST, what, subject, detail }
}

/** Write entries, in their order. Nothing else is to be changed in the transaction after this. */
export async function appendAudit(
  transaction: Transaction<AuthSchema>,
  events: readonly AuditEvent[],
  nowMs: number,
): Promise<void> {
  if (events.length === 0) return
  await takeTurn(transaction, 'audit')
  let head = await auditHead(transaction)
  const entries: ChainedEntry[] = []
  for (const { who, what, subject = '', detail = '' } of events) {
    const entry = chain(head, { at: nowMs, who, what, subject, detail })
    entries.push(entry)
    head = headAt(entry)
  }
  for (let start = 0; start < entries.length; start += ENTRIES_AT_ONCE) {
    await transaction
      .insertInto('audit')
      .values(entries.slice(start, start + ENTRIES_AT_ONCE))
      .execute()
  }
  await transaction
    .insertInto('audit_head')
    .values({ id: ROW, ...head })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ ...head }))
    .execute()
}

/** Write an entry of what no transaction tells of. */
export async function noteAudit(db: Kysely<AuthSchema>, event: AuditEvent, nowMs: number): Promise<void> {
  await inTransaction(db, (transaction) => appendAudit(transaction, [event], nowMs))
}

/** Where the log ends, as was noted with its last entry. */
export async function auditHead(db: Kysely<AuthSchema>): Promise<AuditHead> {
  return (await db.selectFrom('audit_head').select(['number', 'hash']).executeTakeFirst()) ?? EMPTY_HEAD
}

/** How the log is read. */
export interface ReadAuditOptions {
  /** Takes the entries, one after the other. */
  readonly onEntry: (entry: ChainedEntry) => unknown
  /** The hash that a log once ended with, 32 bytes: it is checked whether this one has that entry. */
  readonly keptHash?: Uint8Array | undefined
}

/**
 * Read the log as it is at one moment, from its first entry on, and check it meanwhile.
 *
 * @returns where it ends.
 * @throws SottoError `ERR_STORE_DAMAGED`, once all entries before that are read, if one is missing, changed or moved, or
 *   none has the hash that was kept.
 */
export async function readAudit(
  db: Kysely<AuthSchema>,
  { onEntry, keptHash = EMPTY_HEAD.hash }: ReadAuditOptions,
): Promise<AuditHead> {
  return await inSnapshot(db, async (snapshot) => {
    let head = EMPTY_HEAD
    let isKept = isSame(head.hash, keptHash)
    for (let entries = await entriesAfter(snapshot, head); entries.length > 0; ) {
      for (const entry of entries) {
        const fault = faultOf(head, entry)
        if (fault !== undefined) throw damaged(fault)
        await onEntry(entry)
        head = headAt(entry)
        isKept ||= isSame(head.hash, keptHash)
      }
      entries = await entriesAfter(snapshot, head)
    }
    const fault = faultAtEnd(head, await auditHead(snapshot))
    if (fault !== undefined) throw damaged(fault)
    if (!isKept) throw damaged('no entry has the hash that was given: it was cut, or written anew since')
    return head
  })
}

/** Tells whether the log has an entry with this hash; every log has the hash of an empty one. */
export async function hasAuditHash(db: Kysely<AuthSchema>, { number, hash }: AuditHead): Promise<boolean> {
  if (number === 0) return true
  const entry = await db.selectFrom('audit').selectAll().where('number', '=', number).executeTakeFirst()
  return entry !== undefined && isSame(headAt(entry).hash, hash)
}

async function entriesAfter(db: Kysely<AuthSchema>, { number }: AuditHead): Promise<ChainedEntry[]> {
  const query = db.selectFrom('audit').selectAll().where('number', '>', number)
  return await query.orderBy('number').limit(ENTRIES_AT_ONCE).execute()
}

function damaged(fault: string): SottoError {
  return new SottoError('ERR_STORE_DAMAGED', `the audit log is not what was written: ${fault}`, {
    hint: 'compare it with a backup; somebody had the database in their hands, or its disk fails',
  })
}
