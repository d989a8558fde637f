/**
 * The sessions that were ended before their time: by a logout, another login, a new password, or with their account.
 *
 * They are written in the transaction that ends them, whichever process that is (`sotto admin` is another than Auth), and
 * read from there by {@link Revocations.watch}. So whoever reads up to a number knows of all up to it.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type Kysely, sql, type Transaction } from 'kysely'
import { takeTurn } from '#lib/runtime/database/dialect.ts'
import type { AuthSchema } from './store.ts'

/** How long a revocation can be told, in milliseconds: 1 h, longer than a directory takes to come back. */
const KEPT_MS = 3_600_000

/** How often the database is looked at for what another process may have written, in milliseconds. */
const LOOK_MS = 250

/** How many looks pass until something is said though nothing was revoked. */
const LOOKS_PER_BEAT = 4

/** The most in one answer: 8 KiB. */
const MAX_PER_ANSWER = 500

/** What a watch tells: WatchRevocationsResponse of the contract. */
interface Told {
  readonly number: number
  readonly sessionIds: Uint8Array[]
  readonly incomplete: boolean
}

/** End sessions, and note that they were ended. @returns how many. */
export async function revoke(
  transaction: Transaction<AuthSchema>,
  sessionIds: readonly Uint8Array[],
  nowMs: number,
): Promise<number> {
  // Most logins displace nobody.
  if (sessionIds.length === 0) return 0
  // Whoever is told of a number has been told of all before it: they must not be drawn and committed across each other.
  await takeTurn(transaction, 'revocation')
  const next = sql<number>`(select coalesce(max(number), 0) + 1 from revocation)`
  for (const id of sessionIds) {
    await transaction.deleteFrom('session').where('id', '=', id).execute()
    await transaction.insertInto('revocation').values({ number: next, session_id: id, ended_at: nowMs }).execute()
  }
  // The newest stays whatever its age, so that numbers go on from it.
  await transaction
    .deleteFrom('revocation')
    .where('ended_at', '<', nowMs - KEPT_MS)
    .where('number', '<', ({ selectFrom }) =>
      selectFrom('revocation').select(({ fn }) => fn.max('number').as('newest')),
    )
    .execute()
  return sessionIds.length
}

/** End all sessions of an account, but for one if it is given, as {@link revoke} does. @returns how many. */
export async function revokeAllOf(
  transaction: Transaction<AuthSchema>,
  accountId: Uint8Array,
  nowMs: number,
  except: Uint8Array = Buffer.alloc(0),
): Promise<number> {
  const sessions = transaction.selectFrom('session').select('id').where('account_id', '=', accountId)
  const ending = await sessions.where('id', '!=', except).execute()
  return await revoke(
    transaction,
    ending.map(({ id }) => id),
    nowMs,
  )
}

/** What those who watch are told. */
export class Revocations {
  readonly #db: Kysely<AuthSchema>
  #changed = new AbortController()

  constructor(db: Kysely<AuthSchema>) {
    this.#db = db
  }

  /** This process may have ended a session: those who watch are told at once, not at the next look. */
  noteChange(): void {
    this.#changed.abort()
    this.#changed = new AbortController()
  }

  /**
   * Tell of revocations as they happen, and each second that there was none.
   *
   * @param after - The number that the caller knows of; undefined if none.
   * @param signal - Ends it, with its reason.
   */
  async *watch(after: number | undefined, signal: AbortSignal): AsyncGenerator<Told, never, void> {
    const { oldest, newest } = await endsOf(this.#db)
    const isContinuous = after !== undefined && after <= newest && after >= oldest - 1
    let number = isContinuous ? after : newest
    let incomplete = !isContinuous
    for (let looks = 0; ; looks += 1) {
      const changed = AbortSignal.any([signal, this.#changed.signal])
      const news = await newsAfter(this.#db, number)
      number = news.at(-1)?.number ?? number
      if (news.length > 0 || looks % LOOKS_PER_BEAT === 0) {
        yield { number, sessionIds: news.map(({ session_id }) => session_id), incomplete }
        incomplete = false
      }
      if (news.length < MAX_PER_ANSWER) {
        await delay(LOOK_MS, undefined, { signal: changed }).catch(() => signal.throwIfAborted())
      }
    }
  }
}

async function endsOf(db: Kysely<AuthSchema>): Promise<{ oldest: number; newest: number }> {
  const { oldest, newest } = await db
    .selectFrom('revocation')
    .select(({ fn }) => [fn.min('number').as('oldest'), fn.max('number').as('newest')])
    .executeTakeFirstOrThrow()
  return { oldest: oldest ?? 1, newest: newest ?? 0 }
}

async function newsAfter(db: Kysely<AuthSchema>, number: number) {
  return await db
    .selectFrom('revocation')
    .select(['number', 'session_id'])
    .where('number', '>', number)
    .orderBy('number')
    .limit(MAX_PER_ANSWER)
    .execute()
}
