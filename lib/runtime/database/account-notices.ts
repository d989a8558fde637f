/**
 * What the processes at one PostgreSQL tell each other of accounts: whose presence has changed, who has mail.
 *
 * Names are gathered for a moment, as a notice holds many, and each one costs all who commit at that time.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Logger } from '../log.ts'
import { listenForOthers, MAX_NOTICE_BYTES, notifyOthers } from './changes.ts'
import { isPostgres } from './dialect.ts'
import type { DatabaseSetting } from './options.ts'

/** How long names are gathered, in milliseconds. */
const GATHERING_MS = 50

/** The account names of one notice: those that fit, each of at most 32 bytes and a space. */
const NAMES_PER_NOTICE = Math.floor(MAX_NOTICE_BYTES / 33) - 2

export interface AccountNoticesOptions<Schema> {
  readonly db: Kysely<Schema>
  readonly setting: DatabaseSetting
  /** What the notices are about: a name of lower-case letters and `_`. */
  readonly channel: string
  readonly log: Logger
}

export class AccountNotices<Schema> {
  readonly #options: AccountNoticesOptions<Schema>
  /** What a process tells comes back to it as well. */
  readonly #sender = randomUUID()
  readonly #gathered = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: AccountNoticesOptions<Schema>) {
    this.#options = options
  }

  /** Notify the others of an account, of what is in the database by now. On SQLite there are no others. */
  notify(account: string): void {
    if (!isPostgres(this.#options.db)) return
    this.#gathered.add(account)
    this.#timer ??= setTimeout(() => void this.flush(), GATHERING_MS).unref()
  }

  /**
   * Listen for what others tell.
   *
   * @param onNotice - The accounts that others told of.
   * @param onResume - Notices may have been missed, of anybody.
   * @returns a function that ends it.
   */
  listen(onNotice: (accounts: readonly string[]) => void, onResume: () => void): () => Promise<void> {
    const { setting, channel, log } = this.#options
    return listenForOthers({
      setting,
      log,
      channel,
      onResume,
      onNotice: (text) => {
        const [sender, ...accounts] = text.split(' ')
        if (sender !== this.#sender) onNotice(accounts)
      },
    })
  }

  /** Tell at once what is gathered. It never rejects. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const accounts = [...this.#gathered]
    this.#gathered.clear()
    const { db, channel, log } = this.#options
    try {
      while (accounts.length > 0) {
        await notifyOthers(db, channel, [this.#sender, ...accounts.splice(0, NAMES_PER_NOTICE)].join(' '))
      }
    } catch (error) {
      // They look by themselves after a while.
      log.warn({ err: error }, 'cannot tell the others at this database of a change')
    }
  }
}
