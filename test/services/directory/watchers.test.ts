import { expect } from 'chai'
import type { Kysely } from 'kysely'
import { LEASE_MS, PresenceRegistry } from '../../../services/directory/presence.ts'
import { type DirectorySchema, MIGRATIONS } from '../../../services/directory/store.ts'
import { Watchers } from '../../../services/directory/watchers.ts'
import { FakeClock } from '../../support/clock.ts'
import { pendingStates } from '../../support/pending-states.ts'
import { openTestDatabase } from '../../support/test-database.ts'

const announcementOf = (account: string, mark = 1) => ({
  account,
  sessionId: Buffer.alloc(16, mark),
  instanceId: Buffer.alloc(16, mark),
  endpoints: [{ address: '192.0.2.1', port: mark }],
})

describe('Watchers', () => {
  let db: Kysely<DirectorySchema>
  let clock: FakeClock
  let presence: PresenceRegistry

  beforeEach(async () => {
    db = await openTestDatabase<DirectorySchema>(MIGRATIONS)
    clock = new FakeClock()
    presence = await PresenceRegistry.join(db, clock)
  })
  afterEach(() => db.destroy())

  const watch = (...usernames: string[]) => presence.watchers.open(usernames)

  /** A watch that has been told that bob is away. */
  async function watchOfBob() {
    const opened = await watch('bob')
    expect(await pendingStates(opened)).to.deep.equal(['bob offline'])
    return opened
  }

  it('have the first state of each name to tell at once', async () => {
    await presence.announce(announcementOf('bob'))
    expect(await pendingStates(await watch('alice', 'bob', 'carol'))).to.deep.equal([
      'alice offline',
      'bob online',
      'carol offline',
    ])
  })

  it('are told who comes and who goes', async () => {
    const opened = await watchOfBob()
    const standing = await presence.announce(announcementOf('bob'))
    expect(await pendingStates(opened)).to.deep.equal(['bob online'])
    await standing.withdraw()
    expect(await pendingStates(opened)).to.deep.equal(['bob offline'])
  })

  it('are told of a receiver that is expelled', async () => {
    await presence.announce(announcementOf('bob'))
    const opened = await watch('bob')
    await pendingStates(opened)
    await presence.expel(announcementOf('bob'))
    expect(await pendingStates(opened)).to.deep.equal(['bob offline'])
  })

  it('are told nothing when a newer announcement takes the place of an older', async () => {
    const older = await presence.announce(announcementOf('bob', 1))
    const opened = await watch('bob')
    await pendingStates(opened)
    await presence.announce(announcementOf('bob', 2))
    expect(await pendingStates(opened)).to.deep.equal([])
    await older.withdraw()
    expect(await pendingStates(opened)).to.deep.equal([])
  })

  it('are told nothing of people that they do not watch', async () => {
    const opened = await watchOfBob()
    await presence.announce(announcementOf('carol'))
    expect(await pendingStates(opened)).to.deep.equal([])
  })

  it('are told all the same, a thousand of them', async () => {
    const opened = await Promise.all(Array.from({ length: 1_000 }, () => watch('bob')))
    for (const each of opened) expect(await pendingStates(each)).to.deep.equal(['bob offline'])
    await presence.announce(announcementOf('bob'))
    for (const each of opened) expect(await pendingStates(each)).to.deep.equal(['bob online'])
  })

  it('learn the last state of a thousand people who come and go at once', async () => {
    const names = Array.from({ length: 1_000 }, (_, i) => `n${i}`)
    const opened = await watch(...names)
    await pendingStates(opened)
    const standings = await Promise.all(names.map((name) => presence.announce(announcementOf(name))))
    await Promise.all(standings.filter((_, i) => i % 2 === 0).map((standing) => standing.withdraw()))
    // With that, all lookups are over.
    await presence.renew()
    const expected = names.filter((_, i) => i % 2 === 1).map((name) => `${name} online`)
    expect((await pendingStates(opened)).toSorted()).to.deep.equal(expected.toSorted())
  })

  it('are forgotten when they end', async () => {
    let asked: readonly string[] = []
    const watchers = new Watchers(async (accounts) => {
      asked = accounts
      return new Set()
    })
    /** Whose state still matters to somebody. */
    const watched = async (): Promise<readonly string[]> => {
      asked = []
      await watchers.refresh()
      return asked
    }
    const [one, two] = [await watchers.open(['bob', 'carol']), await watchers.open(['bob'])]
    expect(await watched()).to.deep.equal(['bob', 'carol'])
    one[Symbol.dispose]()
    one[Symbol.dispose]()
    expect(await watched()).to.deep.equal(['bob'])
    two[Symbol.dispose]()
    expect(await watched()).to.deep.equal([])
  })

  describe('of one directory, where another shares the database,', () => {
    let other: PresenceRegistry
    beforeEach(async () => {
      other = await PresenceRegistry.join(db, clock)
    })

    it('are told at the next renewal what happened there', async () => {
      const opened = await watchOfBob()
      const standing = await other.announce(announcementOf('bob'))
      expect(await pendingStates(opened)).to.deep.equal([])
      await presence.renew()
      expect(await pendingStates(opened)).to.deep.equal(['bob online'])
      await standing.withdraw()
      await presence.renew()
      expect(await pendingStates(opened)).to.deep.equal(['bob offline'])
    })

    it('are told at the next renewal after its lease that it died', async () => {
      await other.announce(announcementOf('bob'))
      const opened = await watch('bob')
      await pendingStates(opened)
      clock.advance(LEASE_MS - 1)
      await presence.renew()
      expect(await pendingStates(opened)).to.deep.equal([])
      clock.advance(1)
      await presence.renew()
      expect(await pendingStates(opened)).to.deep.equal(['bob offline'])
    })

    it('are told nothing when a receiver moves from one to the other', async () => {
      const standing = await presence.announce(announcementOf('bob', 1))
      const opened = await watch('bob')
      await pendingStates(opened)
      await other.announce(announcementOf('bob', 2))
      await standing.withdraw()
      await presence.renew()
      expect(await pendingStates(opened)).to.deep.equal([])
    })
  })

  describe('over a database that fails', () => {
    const breakDown = () => db.schema.alterTable('presence').renameTo('elsewhere').execute()
    const mend = () => db.schema.alterTable('elsewhere').renameTo('presence').execute()

    it('cannot begin, and leave nothing behind', async () => {
      await breakDown()
      const failures = Array.from({ length: 16 }, () => watch('bob').catch(() => 'failed'))
      expect(new Set(await Promise.all(failures))).to.deep.equal(new Set(['failed']))
      await mend()
      expect(await pendingStates(await watch('bob'))).to.deep.equal(['bob offline'])
    })

    it('are told nothing, the renewal that it failed, and with a later one what they missed', async () => {
      const opened = await watchOfBob()
      await breakDown()
      presence.watchers.noteChange('bob')
      expect(await pendingStates(opened)).to.deep.equal([])
      expect(await presence.renew().catch(() => 'failed')).to.equal('failed')
      await mend()
      await presence.announce(announcementOf('bob'))
      await presence.renew()
      expect(await pendingStates(opened)).to.deep.equal(['bob online'])
    })
  })

  describe('whose lookups are slow', () => {
    it('never have two at once, and get the newest answer last', async () => {
      const asked: { accounts: readonly string[]; answer: (online: string[]) => void }[] = []
      const watchers = new Watchers(
        (accounts) =>
          new Promise((resolve) => {
            asked.push({ accounts, answer: (online) => resolve(new Set(online)) })
          }),
      )
      const turn = () => new Promise(setImmediate)
      const opening = watchers.open(['bob', 'carol'])
      await turn()
      watchers.noteChange('bob')
      watchers.noteChange('bob')
      watchers.noteChange('dave')
      await turn()
      expect(asked.map(({ accounts }) => accounts)).to.deep.equal([['bob', 'carol']])
      asked[0]?.answer(['carol'])
      const opened = await opening
      await turn()
      expect(asked[1]?.accounts).to.deep.equal(['bob'])
      asked[1]?.answer(['bob'])
      await turn()
      expect(await pendingStates(opened)).to.deep.equal(['bob online', 'carol online'])
      expect(asked).to.have.length(2)
    })
  })
})
