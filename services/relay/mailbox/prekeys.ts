/**
 * The prekeys that people have put down, and who takes how many of them.
 *
 * @module
 */
import type { Kysely, Transaction } from 'kysely'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { Gathering } from '#lib/gathering.ts'
import type { Prekey } from '#lib/letter/prekey.ts'
import { takeTurn } from '#lib/runtime/database/dialect.ts'
import { inTransaction } from '#lib/runtime/database/queries.ts'
import { isSame } from '#lib/same-bytes.ts'
import { type MailboxQueries, mailboxQueries } from './queries.ts'
import type { MailboxSchema } from './store.ts'

/** How many prekeys of an account may wait, beside the one of last resort. */
export const MAX_PREKEYS = 100

/** How many prekeys of an account somebody may take until it collects; then the one of last resort is given. */
export const MAX_TAKEN_OF_ONE = 8

/** The most prekeys that are taken in one transaction. */
const MAX_TAKEN_TOGETHER = 32

/** Whose mailbox it is, and the session that its letters are for. */
export interface MailboxOwner {
  readonly account: string
  /** 16 bytes. */
  readonly sessionId: Uint8Array
}

/** What an account puts down and withdraws in one step. */
export interface PrekeyChange {
  readonly prekeys: readonly Prekey[]
  readonly lastResort?: Prekey | undefined
  readonly withdrawnIds: readonly Uint8Array[]
}

/** The ids of what an account has put down and nobody has taken. */
export interface HeldPrekeys {
  readonly prekeyIds: readonly Uint8Array[]
  readonly lastResortId: Uint8Array | undefined
}

interface Taking {
  readonly owner: MailboxOwner
  readonly taker: string
}

export class Prekeys {
  readonly #db: Kysely<MailboxSchema>
  readonly #queries: MailboxQueries
  readonly #nowMs: () => number
  readonly #taking = new Gathering<Taking, Prekey | SottoError>({
    most: MAX_TAKEN_TOGETHER,
    ask: (takings) => this.#takeAll(takings),
  })

  constructor(db: Kysely<MailboxSchema>, nowMs: () => number) {
    this.#db = db
    this.#queries = mailboxQueries(db)
    this.#nowMs = nowMs
  }

  /**
   * Put down prekeys, withdraw others, and tell what is there then. Prekeys beyond {@link MAX_PREKEYS} are not taken.
   *
   * Letters are for the session that puts some down: one that only asks may be of an installation that has none of the
   * private halves.
   */
  async put({ account, sessionId }: MailboxOwner, change: PrekeyChange): Promise<HeldPrekeys> {
    return await inTransaction(this.#db, async (transaction) => {
      await takeTurn(transaction, `mailbox of ${account}`)
      await this.#withdraw(transaction, account, change)
      const before = await heldOf(transaction, account)
      const room = Math.max(0, MAX_PREKEYS - before.prekeyIds.length)
      const fresh = change.prekeys.filter(({ prekeyId }) => !before.prekeyIds.some((id) => isSame(id, prekeyId)))
      const rows = [
        ...fresh.slice(0, room).map((prekey) => this.#rowOf(account, prekey, 0)),
        ...(change.lastResort === undefined ? [] : [this.#rowOf(account, change.lastResort, 1)]),
      ]
      if (rows.length > 0) {
        await transaction
          .insertInto('prekey')
          .values(rows)
          .onConflict((conflict) => conflict.columns(['account', 'id']).doNothing())
          .execute()
      }
      const held = await heldOf(transaction, account)
      if (held.lastResortId === undefined && held.prekeyIds.length === 0) {
        await transaction.deleteFrom('mailbox').where('account', '=', account).execute()
      } else if (rows.length > 0) {
        await transaction
          .insertInto('mailbox')
          .values({ account, session_id: sessionId })
          .onConflict((conflict) => conflict.column('account').doUpdateSet({ session_id: sessionId }))
          .execute()
      }
      return held
    })
  }

  async #withdraw(
    transaction: Transaction<MailboxSchema>,
    account: string,
    { withdrawnIds, lastResort }: PrekeyChange,
  ): Promise<void> {
    const ofAccount = transaction.deleteFrom('prekey').where('account', '=', account)
    if (withdrawnIds.length > 0) await ofAccount.where('id', 'in', withdrawnIds).execute()
    if (lastResort !== undefined) await ofAccount.where('is_last_resort', '=', 1).execute()
  }

  #rowOf(account: string, { prekeyId, publicKey, encapsulationKey }: Prekey, isLastResort: number) {
    return {
      id: prekeyId,
      account,
      is_last_resort: isLastResort,
      public_key: publicKey,
      encapsulation_key: encapsulationKey,
      put_at: this.#nowMs(),
    }
  }

  /**
   * Take a prekey of somebody. It is gone from the disk when this resolves.
   *
   * @throws SottoError `ERR_NO_MAILBOX` if the account has none, or not for letters to this session.
   */
  async take(owner: MailboxOwner, taker: string): Promise<Prekey> {
    const given = await this.#taking.ask({ owner, taker })
    if (isSottoError(given)) throw given
    return given
  }

  /** Take prekeys in one transaction, and so with one flush. @returns in their order each, or why there is none. */
  async #takeAll(takings: readonly Taking[]): Promise<(Prekey | SottoError)[]> {
    return await inTransaction(this.#db, async (transaction) => {
      // In the order of names, so that two transactions at once never wait for each other.
      const accounts = new Set(takings.map(({ owner }) => owner.account))
      for (const account of [...accounts].sort()) await takeTurn(transaction, `mailbox of ${account}`)
      const given: (Prekey | SottoError)[] = []
      for (const taking of takings) given.push(await this.#takeOne(transaction, taking))
      return given
    })
  }

  async #takeOne(transaction: Transaction<MailboxSchema>, { owner, taker }: Taking): Promise<Prekey | SottoError> {
    const { account } = owner
    const { takenBy, removePrekey, noteTaken } = this.#queries
    if (!(await isMailbox(this.#queries, transaction, owner))) return noMailbox()
    const [taken] = await takenBy(transaction, account, taker)
    const count = (taken?.count ?? 0) + 1
    const wanted = count <= MAX_TAKEN_OF_ONE ? await this.#next(transaction, account, 0) : undefined
    if (wanted === undefined) return (await this.#next(transaction, account, 1)) ?? noMailbox()
    await removePrekey(transaction, account, wanted.prekeyId)
    await noteTaken(transaction, account, taker, count, count)
    return wanted
  }

  async #next(
    transaction: Transaction<MailboxSchema>,
    account: string,
    isLastResort: number,
  ): Promise<Prekey | undefined> {
    const [row] = await this.#queries.prekeysOf(transaction, account, isLastResort, 1)
    return row && { prekeyId: row.id, publicKey: row.public_key, encapsulationKey: row.encapsulation_key }
  }

  /** The account collects: who has taken many may take as many again. */
  async forgetTakings(account: string): Promise<void> {
    await this.#db.deleteFrom('taking').where('account', '=', account).execute()
  }
}

/** @throws SottoError `ERR_NO_MAILBOX` unless the account has a mailbox for letters to this session. */
export async function checkMailbox(
  queries: MailboxQueries,
  transaction: Transaction<MailboxSchema>,
  owner: MailboxOwner,
): Promise<void> {
  if (!(await isMailbox(queries, transaction, owner))) throw noMailbox()
}

async function isMailbox(
  { sessionOf }: MailboxQueries,
  transaction: Transaction<MailboxSchema>,
  { account, sessionId }: MailboxOwner,
): Promise<boolean> {
  const [mailbox] = await sessionOf(transaction, account)
  return mailbox !== undefined && isSame(mailbox.session_id, sessionId)
}

async function heldOf(transaction: Transaction<MailboxSchema>, account: string): Promise<HeldPrekeys> {
  const rows = await transaction
    .selectFrom('prekey')
    .select(['id', 'is_last_resort'])
    .where('account', '=', account)
    .orderBy('put_at')
    .execute()
  return {
    prekeyIds: rows.filter((row) => row.is_last_resort === 0).map(({ id }) => id),
    lastResortId: rows.find((row) => row.is_last_resort === 1)?.id,
  }
}

function noMailbox(): SottoError {
  return new SottoError('ERR_NO_MAILBOX', 'the account has put down no prekeys for this session', {
    hint: 'it waits until they are online',
  })
}
