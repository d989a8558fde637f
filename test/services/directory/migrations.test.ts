import { join } from 'node:path'
import { expect } from 'chai'
import { type Migrations, openSqlite } from '#lib/runtime/sqlite.ts'
import { type DirectorySchema, MIGRATIONS } from '../../../services/directory/store.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const FIRST: Migrations = Object.fromEntries(Object.entries(MIGRATIONS).slice(0, 1))

describe('the tables of a directory that ran before', () => {
  it('keep who is online, with what was called kid as the instance id', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'directory.db')
    const instanceId = Buffer.alloc(16, 7)
    const before = await openSqlite<Before>(path, FIRST)
    await before.insertInto('replica').values({ id: 'one', lease_ends_at: 1 }).execute()
    const row = {
      account: 'bob',
      announcement_id: 'a',
      replica_id: 'one',
      session_id: Buffer.alloc(16),
      endpoints: '[]',
    }
    await before
      .insertInto('presence')
      .values({ ...row, kid: instanceId })
      .execute()
    await before.destroy()

    const db = await openSqlite<DirectorySchema>(path, MIGRATIONS)
    const rows = await db.selectFrom('presence').select(['account', 'instance_id']).execute()
    await db.destroy()
    expect(rows.map(({ account, instance_id }) => [account, Buffer.from(instance_id)])).to.deep.equal([
      ['bob', instanceId],
    ])
  })
})

interface Before extends Pick<DirectorySchema, 'replica'> {
  presence: Omit<DirectorySchema['presence'], 'instance_id'> & { kid: Uint8Array }
}
