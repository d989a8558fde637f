import { join } from 'node:path'
import { expect } from 'chai'
import type { Migrations } from '#lib/runtime/database/migrations.ts'
import { MIGRATIONS } from '../../../services/auth/migrations.ts'
import type { AuthSchema } from '../../../services/auth/store.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { openTestDatabase } from '../../support/test-database.ts'

const FIRST: Migrations = Object.fromEntries(Object.entries(MIGRATIONS).slice(0, 1))

describe('the tables of an auth that ran before', () => {
  it('keep accounts and identity keys, and end the sessions, whose keys have another name', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'auth.db')
    const [id, identityKey] = [Buffer.alloc(16, 1), Buffer.alloc(32, 2)]
    const before = await openTestDatabase<Before>(FIRST, path)
    const account = { id, name: 'bob', password_hash: 'x', password_epoch: 1, identity_key: identityKey, created_at: 1 }
    await before.insertInto('account').values(account).execute()
    const session = { id, account_id: id, identity_key: identityKey, wrapping_key_id: Buffer.alloc(8), created_at: 1 }
    const bearers = { directory_bearer_hash: Buffer.alloc(32, 3), auth_bearer_hash: Buffer.alloc(32, 4) }
    const keys = { ticket_key: Buffer.alloc(60), reply_key: Buffer.alloc(60) }
    await before
      .insertInto('session')
      .values({ ...session, ...bearers, ...keys, expires_at: 2 ** 52 })
      .execute()
    await before.destroy()

    const db = await openTestDatabase<AuthSchema>(MIGRATIONS, path)
    const accounts = await db.selectFrom('account').select(['name', 'identity_key']).execute()
    const sessions = await db.selectFrom('session').select(['id', 'grant_key']).execute()
    await db.destroy()
    expect(accounts.map(({ name, identity_key }) => [name, Buffer.from(identity_key ?? [])])).to.deep.equal([
      ['bob', identityKey],
    ])
    expect(sessions).to.deep.equal([])
  })
})

interface Before {
  account: Omit<AuthSchema['account'], 'display_name' | 'cohort' | 'disabled_at'>
  session: Omit<AuthSchema['session'], 'grant_key'> & { reply_key: Uint8Array }
}
