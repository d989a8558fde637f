import { expect } from 'chai'
import type { Kysely } from 'kysely'
import { LEASE_MS, PresenceRegistry, RENEWAL_MS } from '../../../services/directory/presence.ts'
import { type DirectorySchema, MIGRATIONS } from '../../../services/directory/store.ts'
import { FakeClock } from '../../support/clock.ts'
import { openTestDatabase } from '../../support/test-database.ts'

/** An announcement whose bytes tell it from others. */
function announcementOf(account: string, mark: number) {
  return {
    account,
    sessionId: Buffer.alloc(16, mark),
    instanceId: Buffer.alloc(16, mark + 1),
    endpoints: [
      { address: '2001:db8::1', port: mark },
      { address: '192.0.2.1', port: mark },
    ],
  }
}

describe('PresenceRegistry', () => {
  let db: Kysely<DirectorySchema>
  let clock: FakeClock
  let presence: PresenceRegistry

  beforeEach(async () => {
    db = await openTestDatabase<DirectorySchema>(MIGRATIONS)
    clock = new FakeClock()
    presence = await PresenceRegistry.join(db, clock)
  })
  afterEach(() => db.destroy())

  const countOf = async (table: keyof DirectorySchema) => (await db.selectFrom(table).selectAll().execute()).length

  it('knows nobody at first', async () => {
    expect(await presence.find('bob')).to.equal(undefined)
  })

  it('finds what was announced, endpoints in their order', async () => {
    const announcement = announcementOf('bob', 1)
    await presence.announce(announcement)
    expect(await presence.find('bob')).to.deep.equal(announcement)
    expect(await presence.find('bo')).to.equal(undefined)
  })

  it('finds the relay that was announced, and no longer once that is not', async () => {
    const relay = { address: ':7004', attendanceId: Buffer.alloc(16, 7) }
    const relayed = { ...announcementOf('bob', 1), endpoints: [], relay }
    await presence.announce(relayed)
    expect(await presence.find('bob')).to.deep.equal(relayed)
    await presence.announce(announcementOf('bob', 2))
    expect(await presence.find('bob')).to.deep.equal(announcementOf('bob', 2))
  })

  it('forgets what was withdrawn, however often', async () => {
    const standing = await presence.announce(announcementOf('bob', 1))
    await standing.withdraw()
    await standing.withdraw()
    expect(await presence.find('bob')).to.equal(undefined)
    expect(standing.ended.aborted).to.equal(false)
    const rows = await db.selectFrom('presence').select(['account', 'replica_id', 'endpoints']).execute()
    expect(rows).to.deep.equal([{ account: 'bob', replica_id: null, endpoints: '[]' }])
  })

  it('ends an announcement when a newer one of the account comes, and says why', async () => {
    const older = await presence.announce(announcementOf('bob', 1))
    const newer = await presence.announce(announcementOf('bob', 2))
    expect(older.ended.reason).to.have.property('code', 'ERR_ANNOUNCE_REPLACED')
    expect(newer.ended.aborted).to.equal(false)
    expect(await presence.find('bob')).to.deep.equal(announcementOf('bob', 2))
  })

  it('says of a newer announcement whether another receiver had the one before', async () => {
    const announced = []
    for (const mark of [1, 2, 2]) announced.push(await presence.announce(announcementOf('bob', mark)))
    expect(announced.map(({ hasReplacedInstance }) => hasReplacedInstance)).to.deep.equal([false, true, false])
  })

  it('keeps the newer announcement when the replaced one is withdrawn late', async () => {
    const older = await presence.announce(announcementOf('bob', 1))
    const newer = await presence.announce(announcementOf('bob', 2))
    await older.withdraw()
    expect(await presence.find('bob')).to.deep.equal(announcementOf('bob', 2))
    await presence.expel(announcementOf('bob', 2))
    expect(newer.ended.reason).to.have.property('code', 'ERR_SESSION_ENDED')
  })

  it('lets one of many announcements at once stand, the one that the database has', async () => {
    const standings = await Promise.all([1, 2, 3, 4, 5].map((mark) => presence.announce(announcementOf('bob', mark))))
    const standing = standings.flatMap(({ ended }, index) => (ended.aborted ? [] : [index + 1]))
    expect(standing).to.have.length(1)
    expect(await presence.find('bob')).to.deep.equal(announcementOf('bob', standing[0] ?? 0))
  })

  it('leaves the earlier announcement alone if the database refuses the newer', async () => {
    const older = await presence.announce(announcementOf('bob', 1))
    await db.schema.dropTable('presence').execute()
    const failed = await presence.announce(announcementOf('bob', 2)).catch(() => 'failed')
    expect([failed, older.ended.aborted]).to.deep.equal(['failed', false])
  })

  describe('what nobody holds any more', () => {
    it('goes offline with a renewal where the database failed as it was withdrawn', async () => {
      const standing = await presence.announce(announcementOf('bob', 1))
      await presence.announce(announcementOf('carol', 1))
      await db.schema.alterTable('presence').renameTo('away').execute()
      expect(await standing.withdraw().catch(() => 'failed')).to.equal('failed')
      await db.schema.alterTable('away').renameTo('presence').execute()
      await presence.renew()
      expect(await presence.find('bob')).to.equal(undefined)
      expect(await presence.find('carol')).to.deep.equal(announcementOf('carol', 1))
    })

    it('is not what is being announced during a renewal', async () => {
      const coming = Array.from({ length: 20 }, (_, n) => presence.announce(announcementOf(`user-${n}`, n)))
      for (let count = 0; count < 5; count += 1) await presence.renew()
      await Promise.all(coming)
      for (let n = 0; n < 20; n += 1) expect(await presence.find(`user-${n}`), `user-${n}`).not.to.equal(undefined)
    })
  })

  describe('expel', () => {
    it('ends the announcement of a session that has ended', async () => {
      const standing = await presence.announce(announcementOf('bob', 1))
      await presence.expel(announcementOf('bob', 1))
      expect(standing.ended.reason).to.have.property('code', 'ERR_SESSION_ENDED')
      expect(await presence.find('bob')).to.equal(undefined)
    })

    it("leaves the announcement of the account's next session alone", async () => {
      const standing = await presence.announce(announcementOf('bob', 2))
      await presence.expel(announcementOf('bob', 1))
      expect(standing.ended.aborted).to.equal(false)
      expect(await presence.find('bob')).to.deep.equal(announcementOf('bob', 2))
    })
  })

  describe('the lease', () => {
    it('keeps an announcement in force as long as it is renewed', async () => {
      await presence.announce(announcementOf('bob', 1))
      for (let passedMs = 0; passedMs < 3 * LEASE_MS; passedMs += RENEWAL_MS) {
        clock.advance(RENEWAL_MS)
        await presence.renew()
        expect(await presence.find('bob')).not.to.equal(undefined)
      }
    })

    it('takes everything offline that a process held which died without a word', async () => {
      await presence.announce(announcementOf('bob', 1))
      clock.advance(LEASE_MS - 1)
      const next = await PresenceRegistry.join(db, clock)
      expect(await next.find('bob')).not.to.equal(undefined)
      clock.advance(1)
      expect(await next.find('bob')).to.equal(undefined)
    })

    it('lets a receiver come to another process before the lease of the dead one ends', async () => {
      await presence.announce(announcementOf('bob', 1))
      const next = await PresenceRegistry.join(db, clock)
      await next.announce(announcementOf('bob', 2))
      clock.advance(LEASE_MS - 1)
      await next.renew()
      clock.advance(1)
      expect(await next.find('bob')).to.deep.equal(announcementOf('bob', 2))
    })

    it('clears the rows of the dead away', async () => {
      await presence.announce(announcementOf('bob', 1))
      const next = await PresenceRegistry.join(db, clock)
      clock.advance(11 * LEASE_MS + 1)
      await next.renew()
      expect(await countOf('replica')).to.equal(1)
      const rows = await db.selectFrom('presence').select(['replica_id', 'endpoints']).execute()
      expect(rows).to.deep.equal([{ replica_id: null, endpoints: '[]' }])
      clock.advance(7 * 86_400_000 + 1)
      await next.renew()
      expect(await countOf('presence')).to.equal(0)
    })

    it('comes back to what it holds after a sleep', async () => {
      await presence.announce(announcementOf('bob', 1))
      clock.advance(1000 * LEASE_MS)
      expect(await presence.find('bob')).to.equal(undefined)
      await presence.renew()
      expect(await presence.find('bob')).to.deep.equal(announcementOf('bob', 1))
    })
  })

  describe('beside another process', () => {
    let other: PresenceRegistry

    beforeEach(async () => {
      other = await PresenceRegistry.join(db, clock)
    })

    it('learns with a renewal that an announcement was replaced there', async () => {
      const here = await presence.announce(announcementOf('bob', 1))
      const there = await other.announce(announcementOf('bob', 2))
      await presence.renew()
      expect(here.ended.reason).to.have.property('code', 'ERR_ANNOUNCE_REPLACED')
      expect(there.ended.aborted).to.equal(false)
      expect(await presence.find('bob')).to.deep.equal(announcementOf('bob', 2))
    })

    it('learns it at once where it hears of it', async () => {
      const here = await presence.announce(announcementOf('bob', 1))
      await other.announce(announcementOf('bob', 2))
      await presence.recheck(['alice', 'bob'])
      expect(here.ended.reason).to.have.property('code', 'ERR_ANNOUNCE_REPLACED')
    })

    it('learns that a session was ended there', async () => {
      const here = await presence.announce(announcementOf('bob', 1))
      await other.expel(announcementOf('bob', 1))
      await presence.renew()
      expect(here.ended.aborted).to.equal(true)
      expect(await presence.find('bob')).to.equal(undefined)
    })

    it('writes again what the database has lost', async () => {
      const here = await presence.announce(announcementOf('bob', 1))
      await presence.announce(announcementOf('carol', 1))
      await db.deleteFrom('presence').where('account', '=', 'bob').execute()
      await db.deleteFrom('replica').execute()
      await presence.renew()
      expect(here.ended.aborted).to.equal(false)
      expect(await presence.find('bob')).to.deep.equal(announcementOf('bob', 1))
      expect(await presence.find('carol')).to.deep.equal(announcementOf('carol', 1))
    })

    it('writes again what the other cleared away while it could not renew, even for a day', async () => {
      const here = await presence.announce(announcementOf('bob', 1))
      clock.advance(86_400_000)
      await other.renew()
      expect(await other.find('bob')).to.equal(undefined)
      await presence.renew()
      expect(here.ended.aborted).to.equal(false)
      expect(await other.find('bob')).to.deep.equal(announcementOf('bob', 1))
    })

    it('revives nothing that was replaced meanwhile, though the newer one has ended, too', async () => {
      const here = await presence.announce(announcementOf('bob', 1))
      clock.advance(86_400_000)
      await (await other.announce(announcementOf('bob', 2))).withdraw()
      await presence.renew()
      expect(here.ended.reason).to.have.property('code', 'ERR_ANNOUNCE_REPLACED')
      expect(await presence.find('bob')).to.equal(undefined)
    })

    it('takes nothing back that moved there', async () => {
      const here = await presence.announce(announcementOf('bob', 1))
      await other.announce(announcementOf('bob', 2))
      await here.withdraw()
      await presence.withdrawAll()
      expect(await other.find('bob')).to.deep.equal(announcementOf('bob', 2))
    })

    it('goes by the time that both share, whatever this machine says', async () => {
      const late = await PresenceRegistry.join(db, new FakeClock(clock.nowMs() - 30_000), {
        sharedTimeMs: async () => clock.nowMs(),
      })
      await late.announce(announcementOf('bob', 1))
      expect(await other.find('bob')).to.deep.equal(announcementOf('bob', 1))
    })
  })

  describe('leave', () => {
    it('takes everything offline at once that this process holds, and nothing else', async () => {
      const other = await PresenceRegistry.join(db, clock)
      await other.announce(announcementOf('alice', 1))
      await presence.announce(announcementOf('bob', 2))
      await presence.withdrawAll()
      expect(await other.find('bob')).to.equal(undefined)
      expect(await other.find('alice')).to.deep.equal(announcementOf('alice', 1))
      expect(await countOf('replica')).to.equal(1)
    })

    it('has nothing left to withdraw', async () => {
      const standing = await presence.announce(announcementOf('bob', 1))
      await presence.withdrawAll()
      await db.destroy()
      await standing.withdraw()
    })
  })
})
