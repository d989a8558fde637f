/**
 * The mailbox, from its database to the handlers of its service.
 *
 * @module
 */
import type { MailboxServiceService } from '#gen/sotto/relay/v1/mailbox_service.ts'
import type { Handlers } from '#lib/rpc/service.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { openDatabase } from '#lib/runtime/database/database.ts'
import type { DatabaseSetting } from '#lib/runtime/database/options.ts'
import type { Logger } from '#lib/runtime/log.ts'
import { DEFAULT_LETTER_LIMITS, type LetterLimits, Letters } from './letters.ts'
import { createMailboxService, type MailboxServiceOptions } from './mailbox-service.ts'
import { Prekeys } from './prekeys.ts'
import { type MailboxSchema, MIGRATIONS } from './store.ts'

/** How often letters that nobody can open any more are deleted, in milliseconds: 1 h. */
const PURGE_INTERVAL_MS = 3_600_000

export interface MailboxOptions extends Pick<MailboxServiceOptions, 'authenticate' | 'onPosted'> {
  readonly database: DatabaseSetting
  readonly clock: Clock
  readonly log: Logger
  readonly limits?: LetterLimits
}

export interface Mailbox {
  readonly handlers: Handlers<typeof MailboxServiceService>
  /** Close the database. No call may be open any more. */
  close(): Promise<void>
}

/** Open the mailbox. @throws SottoError as `openDatabase` does. */
export async function openMailbox(options: MailboxOptions): Promise<Mailbox> {
  const { database, clock, log, limits = DEFAULT_LETTER_LIMITS } = options
  // A letter that a loss of power takes would count as posted for 14 days.
  const db = await openDatabase<MailboxSchema>(database, MIGRATIONS, { durability: 'disk', log })
  const nowMs = () => clock.now().getTime()
  const letters = new Letters(db, limits, nowMs)
  let purging: Promise<void> = Promise.resolve()
  const purge = () => {
    purging = letters.purge().catch((error: unknown) => log.warn({ err: error }, 'cannot clear away old letters'))
  }
  purge()
  const timer = setInterval(purge, PURGE_INTERVAL_MS)
  return {
    handlers: createMailboxService({ ...options, letters, prekeys: new Prekeys(db, nowMs) }),
    async close() {
      clearInterval(timer)
      await purging
      await db.destroy()
    },
  }
}
