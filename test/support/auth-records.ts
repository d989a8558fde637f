/**
 * The records of Auth without its servers: a database in a folder of its own, accounts and sessions over it, and a
 * clock that a test moves.
 *
 * @module
 */
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { Secret } from '#lib/secret.ts'
import { Accounts } from '../../services/auth/accounts.ts'
import { WrappingKey } from '../../services/auth/keys/key-wrapping.ts'
import { WrappingKeys } from '../../services/auth/keys/wrapping-keys.ts'
import { MIGRATIONS } from '../../services/auth/migrations.ts'
import { type Argon2id, argon2id } from '../../services/auth/passwords/argon2id.ts'
import { HashingQueue, type HashingQueueLimits } from '../../services/auth/passwords/hashing-queue.ts'
import type { PasswordParameters } from '../../services/auth/passwords/password-hash.ts'
import { Passwords } from '../../services/auth/passwords/passwords.ts'
import { Revocations } from '../../services/auth/revocations.ts'
import type { Session } from '../../services/auth/sessions/session-rows.ts'
import { DEFAULT_SESSION_LIFETIME_MS, Sessions } from '../../services/auth/sessions.ts'
import type { AuthSchema } from '../../services/auth/store.ts'
import { FakeClock } from './clock.ts'
import { secretOf } from './random.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'
import { openTestDatabase } from './test-database.ts'

/** The cheapest parameters of argon2id, for tests of anything but passwords. */
export const QUICK_PARAMETERS: PasswordParameters = { memoryKib: 8, passes: 1, parallelism: 1 }

export interface AuthRecordsOptions {
  readonly parameters?: PasswordParameters
  readonly hashing?: HashingQueueLimits
  readonly wrappingKey?: WrappingKey
  /** The folder of the database, which may be there from an earlier AuthRecords. */
  readonly folder?: TemporaryFolder
}

export class AuthRecords implements AsyncDisposable {
  readonly clock = new FakeClock()
  readonly db: Kysely<AuthSchema>
  readonly folder: TemporaryFolder
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly revocations: Revocations
  /** The parameters of every hash that was computed, in order. */
  readonly hashes: PasswordParameters[] = []

  static async open(options: AuthRecordsOptions = {}): Promise<AuthRecords> {
    const folder = options.folder ?? (await temporaryFolder())
    const db = await openTestDatabase<AuthSchema>(MIGRATIONS, join(folder.path, 'auth.db'))
    return new AuthRecords(db, folder, options)
  }

  private constructor(
    db: Kysely<AuthSchema>,
    folder: TemporaryFolder,
    {
      parameters = QUICK_PARAMETERS,
      hashing = { concurrency: 2, capacity: 16 },
      wrappingKey = new WrappingKey(secretOf('wrapping key')),
    }: AuthRecordsOptions,
  ) {
    const nowMs = () => this.clock.nowMs()
    const counting: Argon2id = (input) => {
      const { memoryKib, passes, parallelism } = input
      this.hashes.push({ memoryKib, passes, parallelism })
      return argon2id(input)
    }
    this.db = db
    this.folder = folder
    this.accounts = new Accounts(db, new Passwords(parameters, new HashingQueue(hashing), counting), nowMs)
    this.revocations = new Revocations(db)
    this.sessions = new Sessions({
      db,
      revocations: this.revocations,
      wrappingKeys: new WrappingKeys([wrappingKey], async () => undefined, this.clock),
      lifetimeMs: DEFAULT_SESSION_LIFETIME_MS,
      nowMs,
    })
  }

  /** Close the database, and leave its folder. */
  async close(): Promise<void> {
    await this.db.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    await this.folder[Symbol.asyncDispose]()
  }
}

/** A session by its id; undefined if it has ended or never was. */
export async function findSession(sessions: Sessions, id: Uint8Array): Promise<Session | undefined> {
  const [session] = await sessions.findAll([id])
  return session
}

/** A password, as clients send it. */
export function passwordOf(text: string): Secret {
  return Secret.of(Buffer.from(text, 'utf8'))
}
