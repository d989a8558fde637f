/**
 * Sessions of many people, begun in Auth's own database by Auth's own code: a password hash for each would take longer
 * than what is measured.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { systemClock } from '#lib/runtime/clock.ts'
import { openDatabaseBeside } from '#lib/runtime/database/database.ts'
import { addUsers } from '../../../services/auth/admin.ts'
import { readConfig } from '../../../services/auth/config.ts'
import { ensureWrappingKeys } from '../../../services/auth/keys/wrapping-key-file.ts'
import { MIGRATIONS } from '../../../services/auth/migrations.ts'
import { Revocations } from '../../../services/auth/revocations.ts'
import { Sessions } from '../../../services/auth/sessions.ts'
import type { AuthSchema } from '../../../services/auth/store.ts'
import { passwordOf, QUICK_PARAMETERS } from '../../support/auth-records.ts'
import type { Deployment } from '../../support/deployment.ts'

/** Somebody who is signed in. */
export interface Member {
  readonly username: string
  /** R, in base64: it goes to the process of an audience. */
  readonly token: string
}

/** How many accounts are added in one transaction: a statement of SQLite takes no more than 32,766 values. */
const ADDED_TOGETHER = 1_000

/** Add accounts, and begin a session of each. */
export async function beginSessions(services: Deployment, names: readonly string[]): Promise<readonly Member[]> {
  const config = readConfig(services.env)
  const password = passwordOf('a password of the bench')
  const accounts = names.map((name) => ({ name, password }))
  for (let from = 0; from < accounts.length; from += ADDED_TOGETHER) {
    const some = accounts.slice(from, from + ADDED_TOGETHER)
    await addUsers({ ...config, password: QUICK_PARAMETERS }, systemClock, some)
  }
  const db = await openDatabaseBeside<AuthSchema>(config.database, MIGRATIONS)
  if (db === undefined) throw new Error('auth has no database')
  try {
    const sessions = new Sessions({
      db,
      revocations: new Revocations(db),
      wrappingKeys: (await ensureWrappingKeys(config.wrappingKeyFile, systemClock)).keys,
      lifetimeMs: config.sessionLifetimeMs,
      nowMs: () => systemClock.now().getTime(),
    })
    const rows = await db.selectFrom('account').select(['id', 'name', 'password_epoch']).execute()
    const wanted = new Set(names)
    const members: Member[] = []
    for (const { id, name, password_epoch: passwordEpoch } of rows) {
      if (!wanted.has(name)) continue
      const identityKey = createHash('sha256').update(name).digest()
      const { token } = await sessions.begin({ id, name, passwordEpoch }, identityKey, false)
      members.push({ username: name, token: Buffer.from(token.reveal()).toString('base64') })
    }
    return members
  } finally {
    await db.destroy()
  }
}
