/**
 * The second factors of accounts: they are drawn, told of and ended here. Login confirms them, and asks for their codes
 * (second-factor-rows.ts).
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Kysely, Transaction } from 'kysely'
import { isSottoError } from '#lib/errors.ts'
import { inTransaction } from '#lib/runtime/database/queries.ts'
import { PENDING_FOR_MS, TOTP_SECRET_BYTES } from '#lib/second-factor.ts'
import { Secret } from '#lib/secret.ts'
import type { AuthenticatedAccount } from '../accounts.ts'
import { appendAudit, byMember } from '../audit/audit-log.ts'
import { enrolmentRequired, loginRefused, secondFactorDemanded } from '../errors.ts'
import type { WrappingKeys } from '../keys/wrapping-keys.ts'
import type { AuthSchema } from '../store.ts'
import {
  checkCode,
  countRecoveryCodes,
  deleteSecondFactor,
  holdAccount,
  type Proof,
  pendingRow,
  replaceRecoveryCodes,
  spend,
} from './second-factor-rows.ts'

export interface SecondFactorsOptions {
  readonly db: Kysely<AuthSchema>
  readonly wrappingKeys: WrappingKeys
  /** Whether the host asks everybody for one. */
  readonly isRequired: boolean
  /** The wall clock, in milliseconds since 1970. */
  readonly nowMs: () => number
}

/** A second factor, as its owner sees it. */
export interface SecondFactorSummary {
  /** Undefined where the account has none. */
  readonly confirmedAtMs: number | undefined
  readonly recoveryCodesLeft: number
}

export class SecondFactors {
  readonly #db: Kysely<AuthSchema>
  readonly #wrappingKeys: WrappingKeys
  readonly #isRequired: boolean
  readonly #nowMs: () => number

  constructor({ db, wrappingKeys, isRequired, nowMs }: SecondFactorsOptions) {
    this.#db = db
    this.#wrappingKeys = wrappingKeys
    this.#isRequired = isRequired
    this.#nowMs = nowMs
  }

  /**
   * Draw the secret of a second factor, which Login is to confirm.
   *
   * @param code - Of the one that the account has; empty if it has none.
   * @returns {@link TOTP_SECRET_BYTES} bytes: this copy is the only one.
   * @throws SottoError `ERR_CODE_REQUIRED`, `ERR_CODE_REFUSED`; `ERR_LOGIN_REFUSED` if the password has changed since it was
   *   checked, or the account is gone.
   */
  async begin(account: AuthenticatedAccount, code: string): Promise<Secret> {
    await this.#wrappingKeys.refresh()
    return await this.#change(account, code, async (transaction) => {
      const secret = Secret.of(randomBytes(TOTP_SECRET_BYTES))
      const row = pendingRow(secret, account.id, this.#wrappingKeys.current, this.#nowMs())
      await transaction
        .insertInto('second_factor')
        .values(row)
        .onConflict((conflict) => conflict.columns(['account_id', 'state']).doUpdateSet(row))
        .execute()
      return { result: secret, events: [] }
    })
  }

  /**
   * Replace the recovery codes.
   *
   * @returns them, as they are shown.
   * @throws SottoError as {@link begin}; `ERR_ENROLMENT_REQUIRED` if the account has no second factor.
   */
  async renewRecoveryCodes(account: AuthenticatedAccount, code: string): Promise<readonly string[]> {
    return await this.#change(account, code, async (transaction, proof) => {
      if (proof.kind === 'none') throw enrolmentRequired()
      const result = await replaceRecoveryCodes(transaction, account.id)
      return { result, events: [byMember(account.name, 'recovery codes renewed')] }
    })
  }

  /**
   * Take the second factor away.
   *
   * @throws SottoError as {@link begin}; `ERR_TURNED_OFF` if the host asks everybody for one.
   */
  async end(account: AuthenticatedAccount, code: string): Promise<void> {
    if (this.#isRequired) throw secondFactorDemanded()
    await this.#change(account, code, async (transaction) => {
      const hadOne = await deleteSecondFactor(transaction, account.id)
      return { result: undefined, events: hadOne ? [byMember(account.name, 'second factor ended')] : [] }
    })
  }

  async summaryOf(accountId: Uint8Array): Promise<SecondFactorSummary> {
    const confirmed = await this.#db
      .selectFrom('second_factor')
      .select('since')
      .where('account_id', '=', accountId)
      .where('state', '=', 'confirmed')
      .executeTakeFirst()
    return { confirmedAtMs: confirmed?.since, recoveryCodesLeft: await countRecoveryCodes(this.#db, accountId) }
  }

  /** Delete what has waited too long for its first code. */
  async purge(): Promise<void> {
    const old = this.#db.deleteFrom('second_factor').where('state', '=', 'pending')
    await old.where('since', '<=', this.#nowMs() - PENDING_FOR_MS).execute()
  }

  /** Change something in the transaction that spends the code. */
  async #change<T>(
    account: AuthenticatedAccount,
    code: string,
    work: (
      transaction: Transaction<AuthSchema>,
      proof: Proof,
    ) => Promise<{ readonly result: T; readonly events: Parameters<typeof appendAudit>[1] }>,
  ): Promise<T> {
    const nowMs = this.#nowMs()
    return await inTransaction(this.#db, async (transaction) => {
      if (!(await holdAccount(transaction, account))) throw loginRefused()
      const proof = await checkCode(transaction, account, code, {
        wrappingKeys: this.#wrappingKeys,
        nowMs,
        mayConfirm: false,
      })
      if (isSottoError(proof)) throw proof
      const spent = await spend(transaction, account, proof, nowMs)
      const { result, events } = await work(transaction, proof)
      await appendAudit(transaction, [...spent.events, ...events], nowMs)
      return result
    })
  }
}
