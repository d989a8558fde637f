/**
 * The sessions of the people who are signed in.
 *
 * A session is known by its id, which is no secret, and proved by three bearers, of which only hashes are kept. Its two
 * sealing keys are kept wrapped. The token that all five come from is forgotten as soon as the login has answered.
 *
 * @module
 */
import type { Kysely } from 'kysely'
import { isSottoError, type SottoError } from '#lib/errors.ts'
import { Gathering } from '#lib/gathering.ts'
import { takeTurn } from '#lib/runtime/database/dialect.ts'
import { inTransaction } from '#lib/runtime/database/queries.ts'
import type { Secret } from '#lib/secret.ts'
import { bearerHash } from '#lib/session/session-keys.ts'
import type { AuthenticatedAccount } from './accounts.ts'
import { appendAudit, byMember } from './audit/audit-log.ts'
import type { WrappingKeys } from './keys/wrapping-keys.ts'
import { type Revocations, revoke, revokeAllOf } from './revocations.ts'
import { type Beginning, beginSessions, MAX_SESSIONS, type NewSession } from './sessions/begin-sessions.ts'
import {
  newestSessionsOf,
  ownOf,
  type Session,
  type SessionRow,
  sessionOf,
  sessionsBy,
} from './sessions/session-rows.ts'
import type { AuthSchema } from './store.ts'

/** How long a session lasts unused, in milliseconds: 30 days. */
export const DEFAULT_SESSION_LIFETIME_MS = 30 * 24 * 3_600_000

/** A use extends a session only if the last extension is so long ago, in milliseconds: not every call is a write. */
export const EXTENSION_STEP_MS = 3_600_000

/** The most sessions that begin in one transaction. */
const MAX_BEGUN_TOGETHER = 32

/** A session, as its owner sees it. */
export interface SessionSummary {
  /** 16 bytes. */
  readonly id: Uint8Array
  readonly createdAtMs: number
  /** To within {@link EXTENSION_STEP_MS}. */
  readonly lastUsedAtMs: number
  readonly expiresAtMs: number
}

export interface SessionsOptions {
  readonly db: Kysely<AuthSchema>
  /** Told of sessions that end here. */
  readonly revocations: Revocations
  readonly wrappingKeys: WrappingKeys
  /** How long a session lasts unused, in milliseconds. */
  readonly lifetimeMs: number
  /** Whether nobody begins one without a second factor; false unless set. */
  readonly isSecondFactorRequired?: boolean
  /** The wall clock, in milliseconds since 1970. */
  readonly nowMs: () => number
}

/** How a session is found. */
type Lookup = 'byId' | 'byDirectoryBearer' | 'byAuthBearer' | 'byRelayBearer'

export class Sessions {
  readonly #db: Kysely<AuthSchema>
  readonly #revocations: Revocations
  readonly #wrappingKeys: WrappingKeys
  readonly #lifetimeMs: number
  readonly #isSecondFactorRequired: boolean
  readonly #nowMs: () => number
  readonly #beginnings = new Gathering<Beginning, NewSession | SottoError>({
    most: MAX_BEGUN_TOGETHER,
    ask: (beginnings) => this.#beginAll(beginnings),
  })
  readonly #queries: Readonly<Record<Lookup, ReturnType<typeof sessionsBy>>>
  readonly #newestOf: ReturnType<typeof newestSessionsOf>

  constructor({ db, revocations, wrappingKeys, lifetimeMs, isSecondFactorRequired = false, nowMs }: SessionsOptions) {
    this.#db = db
    this.#revocations = revocations
    this.#wrappingKeys = wrappingKeys
    this.#lifetimeMs = lifetimeMs
    this.#isSecondFactorRequired = isSecondFactorRequired
    this.#nowMs = nowMs
    this.#newestOf = newestSessionsOf(db)
    this.#queries = {
      byId: sessionsBy(db, 'id'),
      byDirectoryBearer: sessionsBy(db, 'directory_bearer_hash'),
      byAuthBearer: sessionsBy(db, 'auth_bearer_hash'),
      byRelayBearer: sessionsBy(db, 'relay_bearer_hash'),
    }
  }

  /**
   * Begin a session for an installation of an account.
   *
   * @param identityKey - The installation's, 32 bytes.
   * @param replace - Give the account to this key even where it has another; the sessions of the other end.
   * @param code - A code of the account's second factor, as it was sent; empty for none.
   * @throws SottoError `ERR_CODE_REQUIRED`, `ERR_CODE_REFUSED` if the account has a second factor, and this is no code of it;
   *   `ERR_ENROLMENT_REQUIRED` if it has none, and needs one; `ERR_IDENTITY_CONFLICT` if the account belongs to another
   *   key; `ERR_LOGIN_REFUSED` if the password has changed since it was checked, or the account is gone.
   */
  async begin(
    account: AuthenticatedAccount,
    identityKey: Uint8Array,
    replace: boolean,
    code = '',
  ): Promise<NewSession> {
    const begun = await this.#beginnings.ask({ account, identityKey, replace, code })
    if (isSottoError(begun)) throw begun
    return begun
  }

  /** Begin sessions in one transaction, and so with one flush: others sign in and call while it is written. */
  async #beginAll(beginnings: readonly Beginning[]): Promise<(NewSession | SottoError)[]> {
    await this.#wrappingKeys.refresh()
    const options = {
      wrappingKeys: this.#wrappingKeys,
      lifetimeMs: this.#lifetimeMs,
      isSecondFactorRequired: this.#isSecondFactorRequired,
      nowMs: this.#nowMs(),
    }
    const begun = await inTransaction(this.#db, (transaction) => beginSessions(transaction, beginnings, options))
    this.#revocations.noteChange()
    return begun
  }

  /**
   * The session that a directory bearer belongs to, extended by this use as far as that can be written; undefined if it
   * has ended or never was.
   */
  async use(directoryBearer: Secret): Promise<Session | undefined> {
    const [session] = await this.useAll([directoryBearer])
    return session
  }

  /** The same by a relay bearer. */
  async useByRelayBearer(relayBearer: Secret): Promise<Session | undefined> {
    const [session] = await this.#find('byRelayBearer', [bearerHash(relayBearer)])
    return session && (await this.#extend(session))
  }

  /** The same for several, in their order. */
  async useAll(directoryBearers: readonly Secret[]): Promise<(Session | undefined)[]> {
    const sessions = await this.#find('byDirectoryBearer', directoryBearers.map(bearerHash))
    return await Promise.all(sessions.map((session) => session && this.#extend(session)))
  }

  /** Sessions by their ids, likewise, but not extended: this is not their own use. */
  async findAll(ids: readonly Uint8Array[]): Promise<(Session | undefined)[]> {
    return await this.#find('byId', ids)
  }

  /** The session that an auth bearer belongs to; undefined if it has ended or never was. It is not extended. */
  async findByAuthBearer(authBearer: Secret): Promise<Session | undefined> {
    const [session] = await this.#find('byAuthBearer', [bearerHash(authBearer)])
    return session
  }

  /** The session of an account that began last, of those that have not ended; undefined where there is none. */
  async findNewestOf(name: string): Promise<Session | undefined> {
    const rows = await this.#newestOf(name, this.#nowMs(), MAX_SESSIONS)
    for (const row of rows) {
      const session = await this.#sessionOf(row)
      if (session !== undefined) return session
    }
    return undefined
  }

  /** The sessions of an account that have not ended, the latest used first. */
  async listOf(accountId: Uint8Array): Promise<SessionSummary[]> {
    const rows = await this.#db
      .selectFrom('session')
      .select(['id', 'created_at', 'expires_at'])
      .where('account_id', '=', accountId)
      .where('expires_at', '>', this.#nowMs())
      .orderBy('expires_at', 'desc')
      .execute()
    return rows.map(({ id, created_at, expires_at }) => {
      const lastUsedAtMs = Math.max(created_at, expires_at - this.#lifetimeMs)
      return { id, createdAtMs: created_at, lastUsedAtMs, expiresAtMs: expires_at }
    })
  }

  /**
   * End sessions of an account, as their owner asks.
   *
   * @param asking - The session that asks, whose account's they must be.
   * @param ids - Which; none for all but the one that asks.
   * @returns How many have ended.
   */
  async endOwn(asking: Pick<Session, 'id' | 'accountId' | 'name'>, ids: readonly Uint8Array[]): Promise<number> {
    const { id, accountId, name } = asking
    const ended = await inTransaction(this.#db, async (transaction) => {
      const count =
        ids.length === 0
          ? await revokeAllOf(transaction, accountId, this.#nowMs(), id)
          : await revoke(transaction, await ownOf(transaction, accountId, ids), this.#nowMs())
      if (count > 0) await appendAudit(transaction, [byMember(name, 'sessions ended', `${count}`)], this.#nowMs())
      return count
    })
    this.#revocations.noteChange()
    return ended
  }

  /**
   * End a session.
   *
   * @returns The account whose it was; undefined if there was none to end.
   */
  async end(authBearer: Secret): Promise<string | undefined> {
    const owner = await inTransaction(this.#db, async (transaction) => {
      const found = await transaction
        .selectFrom('session')
        .innerJoin('account', 'account.id', 'session.account_id')
        .select(['session.id', 'name'])
        .where('auth_bearer_hash', '=', bearerHash(authBearer))
        .where('expires_at', '>', this.#nowMs())
        .execute()
      const ids = found.map(({ id }) => id)
      await revoke(transaction, ids, this.#nowMs())
      const events = found.map(({ name }) => byMember(name, 'session ended'))
      await appendAudit(transaction, events, this.#nowMs())
      return found[0]?.name
    })
    this.#revocations.noteChange()
    return owner
  }

  /** Delete what has ended by its time. Nobody is told: a session that is over is as good as deleted. */
  async purge(): Promise<void> {
    await inTransaction(this.#db, async (transaction) => {
      await takeTurn(transaction, 'session purge')
      await transaction.deleteFrom('session').where('expires_at', '<=', this.#nowMs()).execute()
    })
  }

  /**
   * The key that a session's ticket or grant is sealed under, 32 bytes.
   *
   * @throws SottoError `ERR_STORE` if it does not open in this row.
   */
  unwrap({ id, accountId, wrappedKeys }: Session, purpose: 'ticket' | 'grant'): Secret {
    return wrappedKeys.by.unwrap(wrappedKeys[purpose], { accountId, sessionId: id, purpose })
  }

  async #find(by: Lookup, values: readonly Uint8Array[]): Promise<(Session | undefined)[]> {
    const rows = await this.#queries[by](values, this.#nowMs())
    const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
    const found = new Map<string, Session>()
    for (const row of rows) {
      const session = await this.#sessionOf(row)
      if (session !== undefined) found.set(textOf(row.found_by), session)
    }
    return values.map((value) => found.get(textOf(value)))
  }

  /** Keys under a wrapping key that is lost are lost with it, and so the user has to log in again. */
  async #sessionOf(row: SessionRow): Promise<Session | undefined> {
    const keys = this.#wrappingKeys
    const wrappingKey = keys.known(row.wrapping_key_id) ?? (await keys.find(row.wrapping_key_id))
    return wrappingKey && sessionOf(row, wrappingKey)
  }

  async #extend(session: Session): Promise<Session> {
    const expiresAtMs = this.#nowMs() + this.#lifetimeMs
    // A lifetime shortened for a trial is still extended: in steps of a twenty-fourth of it.
    const stepMs = Math.min(EXTENSION_STEP_MS, this.#lifetimeMs / 24)
    if (expiresAtMs - session.expiresAtMs < stepMs) return session
    try {
      await this.#db.updateTable('session').set({ expires_at: expiresAtMs }).where('id', '=', session.id).execute()
    } catch (error) {
      // It is as good as it was, and its next use tries again; the health check says what is wrong.
      if (isSottoError(error, 'ERR_SERVER_DISK_FULL') || isSottoError(error, 'ERR_SERVER_STORE')) return session
      throw error
    }
    return { ...session, expiresAtMs }
  }
}
