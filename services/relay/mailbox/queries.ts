/**
 * The queries by which a prekey is taken and a letter is kept, compiled once: each letter runs all of them.
 *
 * @module
 */
import type { Kysely } from 'kysely'
import { compileWithin } from '#lib/runtime/database/queries.ts'
import type { MailboxSchema } from './store.ts'

/** Stands where a value is given at each run. */
const NAME = ''
const BYTES = new Uint8Array(0)

export type MailboxQueries = ReturnType<typeof mailboxQueries>

/** The queries, each to be given the transaction that it runs in, and its values in the order in which it names them. */
export function mailboxQueries(db: Kysely<MailboxSchema>) {
  const prekeyOf = db.selectFrom('prekey').selectAll().where('account', '=', NAME)
  const taking = { account: NAME, taker: NAME, count: 0 }
  const letter = { id: BYTES, receiver: NAME, sender: NAME, bytes: 0, content: BYTES, posted_at: 0 }
  return {
    /** The session that letters to an account are for. */
    sessionOf: compileWithin<MailboxSchema, { session_id: Uint8Array }>(
      db.selectFrom('mailbox').select('session_id').where('account', '=', NAME),
    ),
    /** How many prekeys of an account somebody has taken. */
    takenBy: compileWithin<MailboxSchema, { count: number }>(
      db.selectFrom('taking').select('count').where('account', '=', NAME).where('taker', '=', NAME),
    ),
    /** The prekeys of an account, the oldest first: of last resort or not, and how many of them. */
    prekeysOf: compileWithin<MailboxSchema, MailboxSchema['prekey']>(
      prekeyOf.where('is_last_resort', '=', 0).orderBy('put_at').orderBy('id').limit(1),
    ),
    /** Delete the prekey of an account that has an id. */
    removePrekey: compileWithin<MailboxSchema, never>(
      db.deleteFrom('prekey').where('account', '=', NAME).where('id', '=', BYTES),
    ),
    /** Note that somebody has taken so many of an account; the number twice. */
    noteTaken: compileWithin<MailboxSchema, never>(
      db
        .insertInto('taking')
        .values(taking)
        .onConflict((conflict) => conflict.columns(['account', 'taker']).doUpdateSet({ count: 0 })),
    ),
    /** Keep a letter: id, receiver, sender, bytes, content, when it was posted. */
    insertLetter: compileWithin<MailboxSchema, never>(db.insertInto('letter').values(letter)),
    /** How many letters of a sender wait for a receiver, who is named first, and of how many bytes. */
    countPair: compileWithin<MailboxSchema, { letters: number; bytes: number | null }>(
      db
        .selectFrom('letter')
        .select(({ fn }) => [fn.countAll<number>().as('letters'), fn.sum<number | null>('bytes').as('bytes')])
        .where('receiver', '=', NAME)
        .where('sender', '=', NAME),
    ),
  }
}
