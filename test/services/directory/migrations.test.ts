import { join } from 'node:path'
import { expect } from 'chai'
import type { Migrations } from '#lib/runtime/database/migrations.ts'
import { type DirectorySchema, MIGRATIONS } from '../../../services/directory/store.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { openTestDatabase } from '../../support/test-database.ts'

const FIRST: Migrations = Object.fromEntries(Object.entries(MIGRATIONS).slice(0, 1))

describe('the tables of a directory that ran before', () => {
  it('begin with nobody online, as whoever was announces again', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'directory.db')
    const before = await openTestDatabase<Before>(FIRST, path)
    await before.insertInto('replica').values({ id: 'one', lease_ends_at: 1 }).execute()
    const ids = { announcement_id: 'a', session_id: Buffer.alloc(16), kid: Buffer.alloc(16) }
    await before
      .insertInto('presence')
      .values({ account: 'bob', replica_id: 'one', endpoints: '[]', ...ids })
      .execute()
    await before.destroy()

    const db = await openTestDatabase<DirectorySchema>(MIGRATIONS, path)
    expect(await db.selectFrom('presence').selectAll().execute()).to.deep.equal([])
    await db.destroy()
  })
})

interface Before extends Pick<DirectorySchema, 'replica'> {
  presence: {
    account: string
    announcement_id: string
    replica_id: string
    session_id: Uint8Array
    kid: Uint8Array
    endpoints: string
  }
}
