/**
 * The mailbox, from its database to the handlers of its service.
 *
 * @module
 */
import type { MailboxServiceService } from '#gen/sotto/relay/v1/mailbox_service.ts'
import { Gathering } from '#lib/gathering.ts'
import type { Handlers } from '#lib/rpc/service.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { AccountNotices } from '#lib/runtime/database/account-notices.ts'
import { awaitDatabase } from '#lib/runtime/database/await-database.ts'
import { probeDatabase } from '#lib/runtime/database/database.ts'
import { watchDatabaseFile } from '#lib/runtime/database/database-file.ts'
import type { DatabaseSetting } from '#lib/runtime/database/options.ts'
import type { Logger } from '#lib/runtime/log.ts'
import { DEFAULT_LETTER_LIMITS, type LetterLimit, type LetterLimits, Letters } from './letters.ts'
import { createMailboxService, type MailboxServiceOptions } from './mailbox-service.ts'
import { Prekeys } from './prekeys.ts'
import { type MailboxSchema, MIGRATIONS } from './store.ts'

/** How often letters that nobody can open any more are deleted, in milliseconds: 1 h. */
const PURGE_INTERVAL_MS = 3_600_000

export interface MailboxOptions extends Pick<MailboxServiceOptions, 'authenticate'> {
  readonly database: DatabaseSetting
  readonly clock: Clock
  readonly log: Logger
  readonly limits?: LetterLimits
  /** A letter came for an account, here or at another relay of the same database. */
  readonly onMail?: (account: string) => void
  /** The accounts that wait to be told so. */
  readonly attending?: () => readonly string[]
  /** How long it may wait for the database, in milliseconds; `DATABASE_WAIT_MS` unless set. */
  readonly databaseWaitMs?: number | undefined
  /** Ends that wait early, with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export interface Mailbox {
  readonly handlers: Handlers<typeof MailboxServiceService>
  /** Find out whether letters can be read and written. @throws SottoError if not. */
  check(): Promise<void>
  /** How much waits, of everybody together. @throws SottoError if the database cannot be read. */
  size(): Promise<LetterLimit>
  /** Close the database. No call may be open any more. */
  close(): Promise<void>
}

/** Open the mailbox, as soon as its database answers. @throws SottoError as `awaitDatabase` does. */
export async function openMailbox(options: MailboxOptions): Promise<Mailbox> {
  const { database, clock, log, limits = DEFAULT_LETTER_LIMITS, databaseWaitMs, signal } = options
  const { onMail = () => {}, attending = () => [] } = options
  // A letter that a loss of power takes would count as posted for 14 days.
  const waiting = { durability: 'disk', clock, log, databaseWaitMs, signal } as const
  const db = await awaitDatabase<MailboxSchema>(database, MIGRATIONS, waiting)
  const requireFile = await watchDatabaseFile(database)
  const nowMs = () => clock.now().getTime()
  const letters = new Letters(db, limits, nowMs)
  // Who asks for letters and bytes at once has them counted once: it is a look at every letter.
  const sizes = new Gathering<undefined, LetterLimit>({
    most: Number.POSITIVE_INFINITY,
    ask: async (asked) => new Array<LetterLimit>(asked.length).fill(await letters.size()),
  })
  const notices = new AccountNotices({ db, setting: database, channel: 'sotto_mail', log })
  const stopListening = notices.listen(
    (accounts) => accounts.forEach(onMail),
    () => {
      const onFailure = (err: unknown) =>
        log.warn({ err }, 'cannot look up whom letters have come for at another relay')
      letters.receiversAmong(attending()).then((accounts) => accounts.forEach(onMail), onFailure)
    },
  )
  let purging: Promise<void> = Promise.resolve()
  const purge = () => {
    purging = letters.purge().catch((error: unknown) => log.warn({ err: error }, 'cannot clear away old letters'))
  }
  purge()
  const timer = setInterval(purge, PURGE_INTERVAL_MS)
  return {
    handlers: createMailboxService({
      ...options,
      letters,
      prekeys: new Prekeys(db, nowMs),
      onPosted(account) {
        onMail(account)
        notices.notify(account)
      },
    }),
    async check() {
      await db.selectFrom('mailbox').select('account').limit(1).execute()
      await probeDatabase(db)
      await requireFile()
    },
    size: () => sizes.ask(undefined),
    async close() {
      clearInterval(timer)
      await Promise.all([purging, stopListening(), notices.flush()])
      await db.destroy()
    },
  }
}
