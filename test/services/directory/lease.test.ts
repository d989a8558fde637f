import { expect } from 'chai'
import { createLogger } from '#lib/runtime/log.ts'
import { keepLease } from '../../../services/directory/lease.ts'
import { PresenceRegistry } from '../../../services/directory/presence.ts'
import { type DirectorySchema, MIGRATIONS } from '../../../services/directory/store.ts'
import { FakeClock } from '../../support/clock.ts'
import { openTestDatabase } from '../../support/test-database.ts'

describe('keepLease', () => {
  it('tells when the database cannot be written any more, and when it can again', async () => {
    const db = await openTestDatabase<DirectorySchema>(MIGRATIONS)
    const presence = await PresenceRegistry.join(db, new FakeClock())
    const changes = Promise.withResolvers<void>()
    const seen: boolean[] = []
    const end = keepLease({
      presence,
      log: createLogger({ name: 'test', level: 'silent' }),
      renewalMs: 1,
      async onChange(healthy) {
        seen.push(healthy)
        if (healthy) changes.resolve()
        else await db.schema.alterTable('elsewhere').renameTo('replica').execute()
      },
    })
    await db.schema.alterTable('replica').renameTo('elsewhere').execute()
    await changes.promise
    await end()
    expect(seen).to.deep.equal([false, true])
    await db.destroy()
  })
})
