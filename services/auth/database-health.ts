/**
 * Tries again and again whether the database can be read and written, which decides Auth's health. Without either,
 * nobody can sign in, and no session goes on for long.
 *
 * @module
 */
import type { Kysely } from 'kysely'
import { probeDatabase } from '#lib/runtime/database/database.ts'
import type { Logger } from '#lib/runtime/log.ts'
import type { AuthSchema } from './store.ts'

/** How often it is asked, in milliseconds: several times in the 10 s that a health check is commonly repeated in. */
export const HEALTH_INTERVAL_MS = 3_000

export interface DatabaseHealthOptions {
  readonly db: Kysely<AuthSchema>
  readonly log: Logger
  readonly intervalMs: number
  /** Called with every change; health begins as good. */
  readonly onChange: (healthy: boolean) => void
}

/**
 * Watch the database.
 *
 * @returns a function that ends it.
 */
export function watchDatabase({ db, log, intervalMs, onChange }: DatabaseHealthOptions): () => void {
  let healthy = true
  let timer: NodeJS.Timeout
  let ended = false

  async function ask(): Promise<void> {
    const error = await failureOf(db)
    if (ended) return
    if (healthy !== (error === undefined)) {
      healthy = error === undefined
      if (healthy) log.info('the database can be used again')
      else log.error({ err: error }, 'the database cannot be used')
      onChange(healthy)
    }
    timer = setTimeout(ask, intervalMs)
  }

  timer = setTimeout(ask, intervalMs)
  return () => {
    ended = true
    clearTimeout(timer)
  }
}

async function failureOf(db: Kysely<AuthSchema>): Promise<unknown> {
  try {
    await db.selectFrom('account').select('id').limit(1).execute()
    await probeDatabase(db)
    return undefined
  } catch (error) {
    return error
  }
}
