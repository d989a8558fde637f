/**
 * Word of changes between processes that share a PostgreSQL: LISTEN and NOTIFY.
 *
 * It comes once or not at all: after a connection that broke, everything may have changed. On SQLite nobody is told
 * anything, and whoever needs to know looks again from time to time.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import type { Logger } from '../log.ts'
import { isPostgres } from './dialect.ts'
import type { DatabaseSetting } from './options.ts'

/** What a notice may hold at most, in bytes: PostgreSQL takes less than 8,000. */
export const MAX_NOTICE_BYTES = 7_900

/** Between attempts to listen again, in milliseconds. */
const RETRY_MS = 500

/** How often a connection on which nothing comes is tried, in milliseconds. */
const PING_MS = 5_000

export interface ChangesOptions {
  readonly setting: DatabaseSetting
  /** A name of lower-case letters and `_`. */
  readonly channel: string
  readonly log: Logger
  readonly onNotice: (text: string) => void
  /** Called at the beginning, and after each connection that broke: notices may have been missed. */
  readonly onResume: () => void
}

/**
 * Tell the others of a change. It must not stand in the transaction that makes it: whoever notifies holds a lock that all
 * share while it commits.
 *
 * @param text - At most {@link MAX_NOTICE_BYTES}.
 */
export async function notifyOthers<Schema>(database: Kysely<Schema>, channel: string, text: string): Promise<void> {
  if (isPostgres(database)) await sql`select pg_notify(${channel}, ${text})`.execute(database)
}

/**
 * Listen for what others tell. The connection is one of its own, and comes back by itself.
 *
 * @returns a function that ends it.
 */
export function listenForOthers(options: ChangesOptions): () => Promise<void> {
  if (options.setting.kind !== 'postgres') return async () => {}
  const { setting, log } = options
  const ending = new AbortController()
  const listening = (async () => {
    while (!ending.signal.aborted) {
      await listenOnce(setting, options, ending.signal).catch((error: unknown) => {
        if (!ending.signal.aborted) log.warn({ err: error }, 'cannot hear of changes that others make; trying again')
      })
      await delay(RETRY_MS, undefined, { signal: ending.signal }).catch(() => {})
    }
  })()
  return async () => {
    ending.abort()
    await listening
  }
}

async function listenOnce(
  setting: Extract<DatabaseSetting, { kind: 'postgres' }>,
  { channel, onNotice, onResume }: ChangesOptions,
  ended: AbortSignal,
): Promise<void> {
  const { postgresClient } = await import('./postgres.ts')
  const client = await postgresClient(setting)
  const broken = new Promise<never>((_, reject) => {
    client.on('error', reject)
    client.on('end', () => reject(new Error('the connection ended')))
  })
  broken.catch(() => {})
  client.on('notification', ({ payload = '' }) => onNotice(payload))
  try {
    await Promise.race([broken, client.connect()])
    await client.query(`listen ${client.escapeIdentifier(channel)}`)
    onResume()
    while (!ended.aborted) {
      await Promise.race([broken, delay(PING_MS, undefined, { signal: ended }).catch(() => {})])
      if (!ended.aborted) await client.query('select 1')
    }
  } finally {
    await client.end().catch(() => {})
  }
}
