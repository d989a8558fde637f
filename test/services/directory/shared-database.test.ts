import { join } from 'node:path'
import { expect } from 'chai'
import type { Kysely } from 'kysely'
import { MAX_WATCHED_NAMES } from '#lib/protocol.ts'
import { PresenceRegistry } from '../../../services/directory/presence.ts'
import { type DirectorySchema, MIGRATIONS } from '../../../services/directory/store.ts'
import { OpenWatch } from '../../support/open-watch.ts'
import { AuthUnderTest, type TestSession } from '../../support/running-auth.ts'
import { DirectoryUnderTest } from '../../support/running-directory.ts'
import { openTestDatabase } from '../../support/test-database.ts'

/** As long as names may be, so that they fill buffers soon. */
const NAMES = Array.from({ length: MAX_WATCHED_NAMES - 1 }, (_, i) => `a-name-of-32-characters-long.${i + 100}`)

describe('a directory whose database another one shares', () => {
  let auth: AuthUnderTest
  let directory: DirectoryUnderTest
  let alice: TestSession
  let db: Kysely<DirectorySchema>
  let other: PresenceRegistry

  before(async () => {
    auth = await AuthUnderTest.start({ isLaid: true })
    await auth.addUser('alice', "alice's password")
    alice = await auth.login('alice')
  })
  beforeEach(async () => {
    directory = await DirectoryUnderTest.start(auth, { renewalMs: 5 })
    db = await openTestDatabase<DirectorySchema>(MIGRATIONS, join(directory.config.dataFolder, 'directory.db'))
    other = await PresenceRegistry.join(db, auth.clock)
  })
  afterEach(async () => {
    await db.destroy()
    await directory[Symbol.asyncDispose]()
  })
  after(() => auth[Symbol.asyncDispose]())

  const watch = (usernames: string[]) => new OpenWatch(directory.connect(), alice.keys.directoryBearer, usernames)

  const announcementOf = (account: string) => ({
    account,
    sessionId: Buffer.alloc(16),
    instanceId: Buffer.alloc(16),
    endpoints: [{ address: '192.0.2.1', port: 1 }],
  })

  it('tells its watchers, with its next renewal, who comes and goes there', async () => {
    const watching = watch(['bob', 'carol'])
    expect(await watching.states()).to.deep.equal(['bob offline', 'carol offline'])
    const standing = await other.announce(announcementOf('bob'))
    expect(await watching.states()).to.deep.equal(['bob online'])
    await standing.withdraw()
    expect(await watching.states()).to.deep.equal(['bob offline'])
    await other.announce(announcementOf('carol'))
    expect(await watching.states()).to.deep.equal(['carol online'])
    await other.withdrawAll()
    expect(await watching.states()).to.deep.equal(['carol offline'])
  })

  it('tells a watcher that does not read the last state alone, and others every one', async () => {
    const rounds = 40
    await Promise.all(NAMES.map((name) => other.announce(announcementOf(name))))
    const rows = await db.selectFrom('presence').selectAll().execute()
    const [slow, quick] = [watch([...NAMES, 'bob']), watch(NAMES)]
    await slow.states()
    await quick.states()
    for (let round = 0; round < rounds; round++) {
      await db.deleteFrom('presence').execute()
      expect(await quick.states()).to.deep.equal(NAMES.map((name) => `${name} offline`))
      await db.insertInto('presence').values(rows).execute()
      expect(await quick.states()).to.deep.equal(NAMES.map((name) => `${name} online`))
    }
    await other.announce(announcementOf('bob'))
    const states: string[] = []
    while (!states.includes('bob online')) states.push(...(await slow.states()))
    // The client reads 16 responses ahead, the link takes a few more; then there is one, with the last states.
    expect(states.length).to.be.below(rounds * NAMES.length)
    for (const name of NAMES) expect(states.findLast((state) => state.startsWith(name))).to.equal(`${name} online`)
  })
})
