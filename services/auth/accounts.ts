/**
 * The accounts, and the check of their passwords.
 *
 * @module
 */
import type { Kysely, Selectable } from 'kysely'
import { isSottoError } from '#lib/errors.ts'
import { inTransaction } from '#lib/runtime/database/queries.ts'
import type { Secret } from '#lib/secret.ts'
import { type AccountSummary, listAccounts } from './accounts/account-list.ts'
import { findBarringLogins, insertAccounts, newAccountRow, replacePassword } from './accounts/account-rows.ts'
import { appendAudit, byHost, byMember } from './audit/audit-log.ts'
import { accountDisabled, loginRefused, noSuchUser } from './errors.ts'
import { checkFree } from './invites/invites.ts'
import { type Redeemed, redeemInvite, type SignUpMode } from './invites/redeem-invite.ts'
import type { HashCaller } from './passwords/hashing-queue.ts'
import type { Passwords } from './passwords/passwords.ts'
import { revokeAllOf } from './revocations.ts'
import type { AccountTable, AuthSchema } from './store.ts'

/** An account whose password was just shown. */
export interface AuthenticatedAccount {
  readonly id: Uint8Array
  readonly name: string
  /** The password's number among the account's: a session begins only while it is still the same. */
  readonly passwordEpoch: number
}

/** A session of somebody who asks for something. */
export interface AskingSession {
  readonly id: Uint8Array
  readonly accountId: Uint8Array
  /** Of the account. */
  readonly name: string
}

/** An account that is to be added. */
export interface NewAccount {
  readonly name: string
  readonly password: Secret
}

/** Some of the accounts. */
export interface AccountsPage {
  readonly accounts: readonly { readonly name: string; readonly displayName: string }[]
  readonly hasMore: boolean
}

type AccountRow = Pick<Selectable<AccountTable>, 'id' | 'name' | 'password_hash' | 'password_epoch' | 'disabled_at'>

export class Accounts {
  readonly #db: Kysely<AuthSchema>
  readonly #passwords: Passwords
  readonly #nowMs: () => number

  /** @param nowMs - The wall clock, in milliseconds since 1970. */
  constructor(db: Kysely<AuthSchema>, passwords: Passwords, nowMs: () => number) {
    this.#db = db
    this.#passwords = passwords
    this.#nowMs = nowMs
  }

  /**
   * Check a name and a password.
   *
   * An unknown name costs what a known one does: its password is checked against the hash of the account that stands
   * next to it in the alphabet, whose parameters are the stored ones, whatever they are today.
   *
   * @throws SottoError `ERR_LOGIN_REFUSED` if there is no such account or the password is another; `ERR_ACCOUNT_DISABLED`
   *   if it is the right one of an account that is disabled; `ERR_BUSY` if too many wait.
   */
  async authenticate(name: string, password: Secret, caller?: HashCaller): Promise<AuthenticatedAccount> {
    const nearest = await this.#findNearest(name)
    const { matches, isOutdated } = await this.#passwords.check(
      password,
      nearest?.password_hash ?? this.#passwords.decoy(),
      caller,
    )
    if (!matches || nearest?.name !== name) throw loginRefused()
    if (nearest.disabled_at !== null) throw accountDisabled()
    if (isOutdated) await this.#rehash(nearest, password)
    return { id: nearest.id, name, passwordEpoch: nearest.password_epoch }
  }

  /**
   * The accounts by name, as members may know them.
   *
   * @param prefix - Of the names; empty for all.
   * @param after - The name before the first; empty to begin.
   * @param limit - The most to list.
   */
  async page(prefix: string, after: string, limit: number): Promise<AccountsPage> {
    const query = this.#db.selectFrom('account').select(['name', 'display_name']).where('name', '>', after)
    const rows = await query
      .where('name', '>=', prefix)
      // Names are ASCII, and nothing in them comes after this.
      .where('name', '<', `${prefix}\u007f`)
      .where('disabled_at', 'is', null)
      .orderBy('name')
      .limit(limit + 1)
      .execute()
    const accounts = rows.slice(0, limit).map((row) => ({ name: row.name, displayName: row.display_name }))
    return { accounts, hasMore: rows.length > limit }
  }

  async exists(name: string): Promise<boolean> {
    const row = await this.#db.selectFrom('account').select('id').where('name', '=', name).executeTakeFirst()
    return row !== undefined
  }

  /**
   * Add accounts, all of them or none.
   *
   * @throws SottoError `ERR_ACCOUNT_EXISTS` if names are taken.
   */
  async add(accounts: readonly NewAccount[]): Promise<void> {
    const rows: Selectable<AccountTable>[] = []
    for (const { name, password } of accounts) {
      const passwordHash = await this.#passwords.hash(password)
      rows.push(newAccountRow({ name, passwordHash, nowMs: this.#nowMs() }))
    }
    await inTransaction(this.#db, async (transaction) => {
      const names = rows.map(({ name }) => name)
      await checkFree(transaction, names, this.#nowMs())
      await insertAccounts(transaction, rows)
      const added = names.map((name) => byHost('account added', name))
      await appendAudit(transaction, added, this.#nowMs())
    })
  }

  /**
   * Take up an invite, or sign up without one. The password is hashed before anything else, in the same queue as those of
   * logins: a guess of a code costs what a guess of a password costs, and takes as long whatever is wrong with it.
   *
   * @throws SottoError `ERR_ACCOUNT_EXISTS` if the name is taken; `ERR_BUSY` if too many wait.
   */
  async join(
    { username, password, code }: { username: string; password: Secret; code: Secret | undefined },
    mode: SignUpMode,
    caller?: HashCaller,
  ): Promise<Redeemed> {
    const passwordHash = await this.#passwords.hash(password, caller)
    return await redeemInvite(this.#db, { code, username, passwordHash }, { mode, nowMs: this.#nowMs() })
  }

  /**
   * Give an account another password, and end all its sessions. Its identity key stays.
   *
   * @throws SottoError `ERR_NO_SUCH_USER`.
   */
  async setPassword(name: string, password: Secret): Promise<void> {
    const passwordHash = await this.#passwords.hash(password)
    await inTransaction(this.#db, async (transaction) => {
      const found = await transaction.selectFrom('account').select('id').where('name', '=', name).executeTakeFirst()
      if (!found) throw noSuchUser()
      await replacePassword(transaction, found.id, { passwordHash, nowMs: this.#nowMs() })
      await appendAudit(transaction, [byHost('password changed', name)], this.#nowMs())
    })
  }

  /**
   * Have somebody who is signed in change their own password; all their sessions end but the one that asks.
   *
   * @param session - The one that asks: its id, and its account's id and name.
   * @throws SottoError `ERR_LOGIN_REFUSED` if the present password is another; `ERR_BUSY` if too many wait.
   */
  async changePassword(
    { id, accountId, name }: AskingSession,
    { current, next }: { readonly current: Secret; readonly next: Secret },
    caller?: HashCaller,
  ): Promise<void> {
    const account = await this.#db
      .selectFrom('account')
      .select(['password_hash', 'password_epoch'])
      .where('id', '=', accountId)
      .executeTakeFirst()
    if (account === undefined) throw loginRefused()
    const isRight = async (password: Secret) =>
      (await this.#passwords.check(password, account.password_hash, caller)).matches
    if (!(await isRight(current))) {
      // A repeated call, whose first answer was lost.
      if (await isRight(next)) return
      throw loginRefused()
    }
    const passwordHash = await this.#passwords.hash(next, caller)
    const change = { passwordHash, nowMs: this.#nowMs(), epoch: account.password_epoch, except: id }
    const isChanged = await inTransaction(this.#db, async (transaction) => {
      if (!(await replacePassword(transaction, accountId, change))) return false
      await appendAudit(transaction, [byMember(name, 'password changed')], this.#nowMs())
      return true
    })
    if (!isChanged) throw loginRefused()
  }

  /**
   * Let nobody sign in to an account, and end its sessions, until it is enabled; or enable it. Its password, its identity
   * key and its place in others' contacts stay.
   *
   * @throws SottoError `ERR_NO_SUCH_USER`.
   */
  async setDisabled(name: string, isDisabled: boolean): Promise<void> {
    await inTransaction(this.#db, async (transaction) => {
      const changed = await transaction
        .updateTable('account')
        .set((account) => ({
          disabled_at: isDisabled ? this.#nowMs() : null,
          // A login whose password was checked just before begins no session.
          password_epoch: account('password_epoch', '+', 1),
        }))
        .where('name', '=', name)
        .returning('id')
        .executeTakeFirst()
      if (!changed) throw noSuchUser()
      if (isDisabled) await revokeAllOf(transaction, changed.id, this.#nowMs())
      const what = isDisabled ? 'account disabled' : 'account enabled'
      await appendAudit(transaction, [byHost(what, name)], this.#nowMs())
    })
  }

  /**
   * Say what people read beside a name.
   *
   * @param displayName - Prepared; empty for nothing.
   * @throws SottoError `ERR_NO_SUCH_USER`.
   */
  async setDisplayName(name: string, displayName: string): Promise<void> {
    await inTransaction(this.#db, async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('account')
        .set({ display_name: displayName })
        .where('name', '=', name)
        .executeTakeFirstOrThrow()
      if (numUpdatedRows === 0n) throw noSuchUser()
      await appendAudit(transaction, [byHost('display name changed', name)], this.#nowMs())
    })
  }

  /**
   * Remove an account with its sessions. Whoever is given the name later is a changed key to those who pinned it.
   *
   * @throws SottoError `ERR_NO_SUCH_USER`.
   */
  async remove(name: string): Promise<void> {
    await inTransaction(this.#db, async (transaction) => {
      const id = await findBarringLogins(transaction, name)
      await revokeAllOf(transaction, id, this.#nowMs())
      await transaction.deleteFrom('account').where('id', '=', id).execute()
      await appendAudit(transaction, [byHost('account removed', name)], this.#nowMs())
    })
  }

  /** All accounts, by name. */
  async list(): Promise<AccountSummary[]> {
    return await listAccounts(this.#db, this.#nowMs())
  }

  /** The account of this name; else the next by name, and after the last the first; undefined if there is none. */
  async #findNearest(name: string): Promise<AccountRow | undefined> {
    const byName = this.#db
      .selectFrom('account')
      .select(['id', 'name', 'password_hash', 'password_epoch', 'disabled_at'])
      .orderBy('name')
      .limit(1)
    return (await byName.where('name', '>=', name).executeTakeFirst()) ?? (await byName.executeTakeFirst())
  }

  /**
   * Hash a password anew, if there is room in the queue. A full queue is no reason to refuse the login: the next one
   * tries again.
   */
  async #rehash(account: AccountRow, password: Secret): Promise<void> {
    try {
      const password_hash = await this.#passwords.hash(password)
      await this.#db
        .updateTable('account')
        .set({ password_hash })
        .where('id', '=', account.id)
        .where('password_epoch', '=', account.password_epoch)
        .execute()
    } catch (error) {
      if (!isSottoError(error, 'ERR_BUSY')) throw error
    }
  }
}
