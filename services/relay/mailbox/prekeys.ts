/**
 * The prekeys that people have put down, and who takes how many of them.
 *
 * @module
 */
import type { Kysely, Transaction } from 'kysely'
import { SottoError } from '#lib/errors.ts'
import type { Prekey } from '#lib/letter/prekey.ts'
import { takeTurn } from '#lib/runtime/database/dialect.ts'
import { inTransaction } from '#lib/runtime/database/queries.ts'
import { isSame } from '#lib/same-bytes.ts'
import type { MailboxSchema } from './store.ts'

/** How many prekeys of an account may wait, beside the one of last resort. */
export const MAX_PREKEYS = 100

/** How many prekeys of an account somebody may take until it collects; then the one of last resort is given. */
export const MAX_TAKEN_OF_ONE = 8

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

export class Prekeys {
  readonly #db: Kysely<MailboxSchema>
  readonly #nowMs: () => number

  constructor(db: Kysely<MailboxSchema>, nowMs: () => number) {
    this.#db = db
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
   * Take a prekey of somebody.
   *
   * @throws SottoError `ERR_NO_MAILBOX` if the account has none, or not for letters to this session.
   */
  async take({ account, sessionId }: MailboxOwner, taker: string): Promise<Prekey> {
    return await inTransaction(this.#db, async (transaction) => {
      await takeTurn(transaction, `mailbox of ${account}`)
      await checkMailbox(transaction, { account, sessionId })
      const taking = transaction.selectFrom('taking').select('count').where('account', '=', account)
      const taken = (await taking.where('taker', '=', taker).executeTakeFirst())?.count ?? 0
      const wanted = taken < MAX_TAKEN_OF_ONE ? await this.#next(transaction, account, 0) : undefined
      const given = wanted ?? (await this.#next(transaction, account, 1))
      if (given === undefined) throw noMailbox()
      if (wanted !== undefined) {
        const row = transaction.deleteFrom('prekey').where('account', '=', account)
        await row.where('id', '=', wanted.prekeyId).execute()
        const count = taken + 1
        await transaction
          .insertInto('taking')
          .values({ account, taker, count })
          .onConflict((conflict) => conflict.columns(['account', 'taker']).doUpdateSet({ count }))
          .execute()
      }
      return given
    })
  }

  async #next(
    transaction: Transaction<MailboxSchema>,
    account: string,
    isLastResort: number,
  ): Promise<Prekey | undefined> {
    const row = await transaction
      .selectFrom('prekey')
      .selectAll()
      .where('account', '=', account)
      .where('is_last_resort', '=', isLastResort)
      .orderBy('put_at')
      .orderBy('id')
      .limit(1)
      .executeTakeFirst()
    return row && { prekeyId: row.id, publicKey: row.public_key, encapsulationKey: row.encapsulation_key }
  }

  /** The account collects: who has taken many may take as many again. */
  async forgetTakings(account: string): Promise<void> {
    await this.#db.deleteFrom('taking').where('account', '=', account).execute()
  }
}

/** @throws SottoError `ERR_NO_MAILBOX` unless the account has a mailbox for letters to this session. */
export async function checkMailbox(
  transaction: Transaction<MailboxSchema>,
  { account, sessionId }: MailboxOwner,
): Promise<void> {
  const row = await transaction
    .selectFrom('mailbox')
    .select('session_id')
    .where('account', '=', account)
    .executeTakeFirst()
  if (row === undefined || !isSame(row.session_id, sessionId)) throw noMailbox()
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
