import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Migrations } from '#lib/runtime/database/migrations.ts'
import { openSqlite } from '#lib/runtime/database/sqlite.ts'
import { rejection } from '../../../support/rejection.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

interface Schema {
  person: { name: string; age: number | null; key: Uint8Array }
  pet: { owner: string }
}

const FIRST: Migrations = {
  '0001_people': {
    up: async (db) => {
      await db.schema
        .createTable('person')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('age', 'bigint')
        .addColumn('key', 'bytea', (column) => column.notNull())
        .execute()
      await db.schema
        .createTable('pet')
        .addColumn('owner', 'text', (column) => column.notNull().references('person.name'))
        .execute()
    },
  },
}

const ALICE = { name: 'alice', age: 2 ** 40, key: Buffer.from([0, 1, 255]) }

/** A database in a folder of its own, closed and removed with it. */
async function opened(): Promise<{ db: Kysely<Schema>; path: string } & AsyncDisposable> {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'data', 'test.db')
  const db = await openSqlite<Schema>(path, FIRST)
  const close = async () => {
    await db.destroy()
    await folder[Symbol.asyncDispose]()
  }
  return { db, path, [Symbol.asyncDispose]: close }
}

describe('openSqlite', () => {
  it('keeps what is written, for the owner alone', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'data', 'test.db')
    const first = await openSqlite<Schema>(path, FIRST)
    await first.insertInto('person').values(ALICE).execute()
    for (const file of [path, `${path}-wal`]) expect((await stat(file)).mode & 0o777, file).to.equal(0o600)
    expect((await stat(join(folder.path, 'data'))).mode & 0o777).to.equal(0o700)
    await first.destroy()
    const second = await openSqlite<Schema>(path, FIRST)
    const row = await second.selectFrom('person').selectAll().executeTakeFirstOrThrow()
    expect({ ...row, key: Buffer.from(row.key) }).to.deep.equal(ALICE)
    await second.destroy()
  })

  it('says how many rows a statement changed, and gives what it returns', async () => {
    await using test = await opened()
    await test.db
      .insertInto('person')
      .values([ALICE, { ...ALICE, name: 'bob' }])
      .execute()
    const { numUpdatedRows } = await test.db.updateTable('person').set({ age: null }).executeTakeFirstOrThrow()
    expect(numUpdatedRows).to.equal(2n)
    const returned = await test.db.deleteFrom('person').where('name', '=', 'bob').returning('name').execute()
    expect(returned).to.deep.equal([{ name: 'bob' }])
    const nobody = await test.db.deleteFrom('person').where('name', '=', 'bob').executeTakeFirstOrThrow()
    expect(nobody.numDeletedRows).to.equal(0n)
  })

  it('streams', async () => {
    await using test = await opened()
    await test.db
      .insertInto('person')
      .values([ALICE, { ...ALICE, name: 'bob' }])
      .execute()
    const names = await Array.fromAsync(test.db.selectFrom('person').select('name').orderBy('name').stream())
    expect(names).to.deep.equal([{ name: 'alice' }, { name: 'bob' }])
  })

  it('keeps foreign keys, and rolls back what fails', async () => {
    await using test = await opened()
    const failing = test.db.transaction().execute(async (transaction) => {
      await transaction.insertInto('person').values(ALICE).execute()
      await transaction.insertInto('pet').values({ owner: 'nobody' }).execute()
    })
    expect(await failing.catch((error: unknown) => error)).to.have.property('code', 'ERR_SQLITE_ERROR')
    expect(await test.db.selectFrom('person').selectAll().execute()).to.deep.equal([])
  })

  it('runs transactions one after the other', async () => {
    await using test = await opened()
    await test.db
      .insertInto('person')
      .values({ ...ALICE, age: 0 })
      .execute()
    const grow = () =>
      test.db.transaction().execute(async (transaction) => {
        const { age } = await transaction.selectFrom('person').select('age').executeTakeFirstOrThrow()
        await new Promise(setImmediate)
        await transaction
          .updateTable('person')
          .set({ age: (age ?? 0) + 1 })
          .execute()
      })
    await Promise.all(Array.from({ length: 20 }, grow))
    expect(await test.db.selectFrom('person').select('age').executeTakeFirst()).to.deep.equal({ age: 20 })
  })

  it('lets two processes write: a transaction holds the write lock from its beginning', async () => {
    await using test = await opened()
    // As another process would open it, but one that does not wait.
    const other = new DatabaseSync(test.path, { timeout: 0 })
    await test.db.transaction().execute(async (transaction) => {
      await transaction.selectFrom('person').selectAll().execute()
      expect(() => other.exec('begin immediate'))
        .to.throw()
        .with.property('message')
        .that.includes('locked')
    })
    other.exec('begin immediate; commit')
    other.close()
  })

  for (const value of [true, new Date(), undefined, { a: 1 }, [1]]) {
    it(`refuses a value that PostgreSQL would read otherwise: ${JSON.stringify(value)}`, async () => {
      await using test = await opened()
      const query = sql`select ${value} as it`.execute(test.db).catch((error: unknown) => error)
      expect(await query).to.be.instanceOf(TypeError)
    })
  }

  it('says that the disk is full, and goes on when there is room', async () => {
    await using database = await opened()
    const { db } = database
    const fill = () =>
      db
        .insertInto('person')
        .values({ ...ALICE, key: Buffer.alloc(20_000) })
        .execute()
    await sql`pragma max_page_count = 8`.execute(db)
    const refused = await rejection(fill())
    expect([refused.code, refused.message]).to.deep.equal(['ERR_SERVER_DISK_FULL', 'the disk is full'])
    await sql`pragma max_page_count = 1000`.execute(db)
    await fill()
  })

  it('overwrites what is deleted', async () => {
    await using test = await opened()
    const key = Buffer.from('a key that must not stay behind')
    await test.db
      .insertInto('person')
      .values({ ...ALICE, key })
      .execute()
    await test.db.deleteFrom('person').execute()
    await sql`pragma wal_checkpoint(truncate)`.execute(test.db)
    expect((await readFile(test.path)).includes(key)).to.equal(false)
  })

  it('applies each migration once, in order', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'test.db')
    await (await openSqlite<Schema>(path, FIRST)).destroy()
    const more: Migrations = {
      ...FIRST,
      '0002_more': { up: async (db) => void (await db.schema.createTable('more').addColumn('id', 'bigint').execute()) },
    }
    const db = await openSqlite<Schema>(path, more)
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)
    expect(rows.map(({ name }) => name)).to.deep.equal(['0001_people', '0002_more'])
    await db.destroy()
  })

  it('refuses a database of a newer version, a migration that fails, and what is no database', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'test.db')
    await (await openSqlite<Schema>(path, FIRST)).destroy()
    const codes = [
      await rejection(openSqlite(path, {})),
      await rejection(openSqlite(path, { ...FIRST, '0002_bad': { up: () => Promise.reject(new Error('bad')) } })),
      await rejection(openSqlite(folder.path, FIRST)),
      await rejection(openSqlite('package.json', FIRST)),
    ].map(({ code }) => code)
    expect(new Set(codes)).to.deep.equal(new Set(['ERR_STORE']))
  })
})
