/**
 * The refusals of the audit log: of sign-ins, invites and changes of passwords. Nothing was changed by any of them, and
 * everybody can cause them, so only so many are written each minute; the others are counted.
 *
 * @module
 */
import type { Kysely } from 'kysely'
import { Gathering } from '#lib/gathering.ts'
import { inTransaction } from '#lib/runtime/database/queries.ts'
import type { AuthSchema } from '../store.ts'
import { type AuditEvent, appendAudit } from './audit-log.ts'
import { AUTH } from './chain.ts'

/** How many are written each minute: 20 MB a day at the most, at 240 bytes each. */
export const MAX_REFUSALS_PER_MINUTE = 60

const MINUTE_MS = 60_000

/** The most that are written in one transaction. */
const MAX_WRITTEN_TOGETHER = 32

export class Refusals {
  readonly #db: Kysely<AuthSchema>
  readonly #nowMs: () => number
  readonly #writes: Gathering<AuditEvent, undefined>
  #minuteEndsAtMs = 0
  #written = 0
  #untold = 0

  /** @param nowMs - The wall clock, in milliseconds since 1970. */
  constructor(db: Kysely<AuthSchema>, nowMs: () => number) {
    this.#db = db
    this.#nowMs = nowMs
    this.#writes = new Gathering<AuditEvent, undefined>({
      most: MAX_WRITTEN_TOGETHER,
      ask: async (events) => {
        await inTransaction(this.#db, (transaction) => appendAudit(transaction, events, this.#nowMs()))
        return events.map(() => undefined)
      },
    })
  }

  /** Write a refusal, unless this minute has had its share. */
  async note(refusal: AuditEvent): Promise<void> {
    await this.flush()
    if (this.#written >= MAX_REFUSALS_PER_MINUTE) {
      this.#untold += 1
      return
    }
    this.#written += 1
    await this.#writes.ask(refusal)
  }

  /**
   * Write how many were not told, if their minute is over.
   *
   * @param isLast - Do not wait for the end of the minute.
   */
  async flush(isLast = false): Promise<void> {
    if (this.#nowMs() < this.#minuteEndsAtMs && !isLast) return
    const untold = this.#untold
    this.#minuteEndsAtMs = this.#nowMs() + MINUTE_MS
    this.#written = 0
    this.#untold = 0
    if (untold > 0) await this.#writes.ask({ who: AUTH, what: 'refusals not told', detail: `${untold}` })
  }
}
