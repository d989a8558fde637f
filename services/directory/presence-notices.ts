/**
 * What the directories at one PostgreSQL tell each other: whose presence has changed.
 *
 * Names are gathered for a moment, as a notice holds many, and each one costs all who commit at that time.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import { listenForOthers, MAX_NOTICE_BYTES, notifyOthers } from '#lib/runtime/database/changes.ts'
import { isPostgres } from '#lib/runtime/database/dialect.ts'
import type { DatabaseSetting } from '#lib/runtime/database/options.ts'
import type { Logger } from '#lib/runtime/log.ts'
import type { DirectorySchema } from './store.ts'

const CHANNEL = 'sotto_presence'

/** How long names are gathered, in milliseconds. */
const GATHERING_MS = 50

/** The account names of one notice: those that fit, each of at most 32 bytes and a space. */
const NAMES_PER_NOTICE = Math.floor(MAX_NOTICE_BYTES / 33) - 2

export interface PresenceNoticesOptions {
  readonly db: Kysely<DirectorySchema>
  readonly setting: DatabaseSetting
  readonly log: Logger
}

export class PresenceNotices {
  readonly #options: PresenceNoticesOptions
  /** What a process tells comes back to it as well. */
  readonly #sender = randomUUID()
  readonly #gathered = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: PresenceNoticesOptions) {
    this.#options = options
  }

  /** Tell the others that the presence of an account has changed, which is in the database by now. */
  tell(account: string): void {
    if (!isPostgres(this.#options.db)) return
    this.#gathered.add(account)
    this.#timer ??= setTimeout(() => void this.flush(), GATHERING_MS).unref()
  }

  /**
   * Listen for what others tell.
   *
   * @param onChanges - The accounts that others changed.
   * @param onResume - Anything may have changed.
   * @returns a function that ends it.
   */
  listen(onChanges: (accounts: readonly string[]) => void, onResume: () => void): () => Promise<void> {
    const { setting, log } = this.#options
    return listenForOthers({
      setting,
      log,
      channel: CHANNEL,
      onResume,
      onNotice: (text) => {
        const [sender, ...accounts] = text.split(' ')
        if (sender !== this.#sender) onChanges(accounts)
      },
    })
  }

  /** Tell at once what is gathered. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const accounts = [...this.#gathered]
    this.#gathered.clear()
    const { db, log } = this.#options
    try {
      while (accounts.length > 0) {
        await notifyOthers(db, CHANNEL, [this.#sender, ...accounts.splice(0, NAMES_PER_NOTICE)].join(' '))
      }
    } catch (error) {
      // They look by themselves with their next renewal.
      log.warn({ err: error }, 'cannot tell the other directories of a change')
    }
  }
}
