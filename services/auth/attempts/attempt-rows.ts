/**
 * The counts of failed attempts, which all replicas of Auth share: a row for each key, asked and changed in one statement,
 * so that guesses at once cannot all pass before one of them is counted.
 *
 * @module
 */
import { type Expression, type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import type { AuthSchema } from '../store.ts'

/** How attempts of one kind are slowed down. */
export interface Pace {
  /** How many may fail before anything is slowed down. */
  readonly free: number
  /** The first delay, in milliseconds; each failure more doubles it. */
  readonly firstDelayMs: number
  readonly maxDelayMs: number
}

/** After so long without an attempt, in milliseconds, what failed before is forgotten: 15 min. */
export const FORGOTTEN_AFTER_MS = 900_000

/** How long it is remembered that somebody has once signed in from a network, in milliseconds: 90 days. */
export const KNOWN_FOR_MS = 90 * 86_400_000

/** The outcome of a reservation: that it may go on, or how long to wait, in milliseconds. */
export type Reservation = { readonly waitMs?: never; readonly isKnown: boolean } | { readonly waitMs: number }

/** Count an attempt as one that fails, before it is made, unless it comes too soon after the last. */
export async function reserve(
  transaction: Transaction<AuthSchema>,
  key: Uint8Array,
  pace: Pace,
  nowMs: number,
): Promise<Reservation> {
  const failures = sql<number>`case when sign_in_attempt.changed_at < ${sql.lit(nowMs - FORGOTTEN_AFTER_MS)} then 1
    else sign_in_attempt.failures + 1 end`
  const reserved = await transaction
    .insertInto('sign_in_attempt')
    .values({ key, failures: 1, next_at: nowMs, changed_at: nowMs, known_at: 0 })
    .onConflict((conflict) =>
      conflict
        .column('key')
        .doUpdateSet({ failures, next_at: nextAt(failures, pace, nowMs), changed_at: nowMs })
        .where('sign_in_attempt.next_at', '<=', nowMs),
    )
    .returning('known_at')
    .executeTakeFirst()
  if (reserved !== undefined) return { isKnown: reserved.known_at > nowMs - KNOWN_FOR_MS }
  const waiting = await transaction
    .selectFrom('sign_in_attempt')
    .select('next_at')
    .where('key', '=', key)
    .executeTakeFirst()
  return { waitMs: Math.max(1, (waiting?.next_at ?? nowMs) - nowMs) }
}

/** Take an attempt back that did not fail. */
export async function takeBack(transaction: Transaction<AuthSchema>, key: Uint8Array, nowMs: number): Promise<void> {
  await transaction
    .updateTable('sign_in_attempt')
    .set({ failures: sql<number>`case when failures > 0 then failures - 1 else 0 end`, next_at: nowMs })
    .where('key', '=', key)
    .execute()
}

/** Forget the failures of a key, and remember that it stands for somebody who has signed in. */
export async function noteKnown(transaction: Transaction<AuthSchema>, key: Uint8Array, nowMs: number): Promise<void> {
  await transaction
    .updateTable('sign_in_attempt')
    .set({ failures: 0, next_at: nowMs, known_at: nowMs })
    .where('key', '=', key)
    .execute()
}

/** Delete what no longer means anything. */
export async function purgeAttempts(db: Kysely<AuthSchema>, nowMs: number): Promise<void> {
  await db
    .deleteFrom('sign_in_attempt')
    .where('changed_at', '<', nowMs - FORGOTTEN_AFTER_MS)
    .where('known_at', '<', nowMs - KNOWN_FOR_MS)
    .execute()
}

/** When the next attempt may come after so many have failed: a table of steps, for SQLite has no powers of two. */
function nextAt(failures: RawBuilder<number>, { free, firstDelayMs, maxDelayMs }: Pace, nowMs: number) {
  const steps: Expression<unknown>[] = []
  let delayMs = firstDelayMs
  for (let count = free + 1; delayMs < maxDelayMs; count += 1, delayMs *= 2) {
    steps.push(sql`when ${failures} = ${sql.lit(count)} then ${sql.lit(nowMs + delayMs)}`)
  }
  return sql<number>`case when ${failures} <= ${sql.lit(free)} then ${sql.lit(nowMs)}
    ${sql.join(steps, sql` `)} else ${sql.lit(nowMs + maxDelayMs)} end`
}
