import { join } from 'node:path'
import { expect } from 'chai'
import type { WatchRevocationsResponse } from '#gen/sotto/sealing/v1/sealing_service.ts'
import { removeUser, setPassword } from '../../../services/auth/admin.ts'
import { MIGRATIONS } from '../../../services/auth/migrations.ts'
import type { AuthSchema } from '../../../services/auth/store.ts'
import { passwordOf } from '../../support/auth-records.ts'
import { FakeClock } from '../../support/clock.ts'
import { OpenStream } from '../../support/open-stream.ts'
import { keyPairOf } from '../../support/random.ts'
import { AuthUnderTest, type TestSession } from '../../support/running-auth.ts'
import { openTestDatabase } from '../../support/test-database.ts'

const HOUR_MS = 3_600_000

describe('SealingService.WatchRevocations', () => {
  let clock: FakeClock
  let auth: AuthUnderTest
  let bob: TestSession
  beforeEach(async () => {
    clock = new FakeClock(Date.now())
    auth = await AuthUnderTest.start({ clock, isLaid: true })
    await auth.addUser('bob', "bob's password")
    bob = await auth.login('bob')
  })
  afterEach(() => auth[Symbol.asyncDispose]())

  async function watch(after?: bigint): Promise<OpenStream<WatchRevocationsResponse>> {
    const { call } = await auth.connectSealing()
    return new OpenStream((signal) => call.watchRevocations({ after }, { signal }))
  }

  /** Read until something is told. */
  async function nextNews(stream: OpenStream<WatchRevocationsResponse>): Promise<WatchRevocationsResponse> {
    for (;;) {
      const said = await stream.next()
      if (said.sessionIds.length > 0) return said
    }
  }

  const logout = async (session: TestSession) => {
    await auth.connect().call.logout({}, { bearer: session.keys.authBearer })
  }

  it('says at once up to where all is known, and that nothing before can be', async () => {
    const stream = await watch()
    expect(await stream.next()).to.deep.equal({ number: 0n, sessionIds: [], incomplete: true })
    // A sign of life, though nothing has ended.
    expect(await stream.next()).to.deep.equal({ number: 0n, sessionIds: [], incomplete: false })
    stream.cancel()
  })

  const ENDS: Readonly<Record<string, () => Promise<unknown>>> = {
    'a logout': () => logout(bob),
    'a login of another installation': () =>
      auth.login('bob', { identityKey: Buffer.from(keyPairOf('phone').publicKey), replaceIdentityKey: true }),
    'a new password': () => setPassword(auth.config, clock, 'bob', passwordOf('correct horse')),
    'the end of the account': () => removeUser(auth.config, clock, 'bob'),
  }
  for (const [what, end] of Object.entries(ENDS)) {
    it(`tells of a session that ends by ${what}`, async () => {
      const stream = await watch()
      await stream.next()
      await end()
      expect(await nextNews(stream)).to.deep.equal({ number: 1n, sessionIds: [bob.id], incomplete: false })
      stream.cancel()
    })
  }

  it('tells of the one that too many sessions displace, and of none that stays', async () => {
    const stream = await watch()
    await stream.next()
    for (let count = 1; count <= 16; count += 1) {
      clock.advance(1)
      await auth.login('bob')
    }
    expect((await nextNews(stream)).sessionIds).to.deep.equal([bob.id])
    stream.cancel()
  })

  it('goes on where a caller was, with what it missed', async () => {
    await logout(bob)
    const later = await auth.login('bob')
    await logout(later)
    const stream = await watch(1n)
    expect(await stream.next()).to.deep.equal({ number: 2n, sessionIds: [later.id], incomplete: false })
    stream.cancel()
  })

  it('says so where what was missed cannot be told any more, or the numbers are not its own', async () => {
    for (let count = 1; count <= 3; count += 1) await logout(await auth.login('bob'))
    clock.advance(HOUR_MS + 1)
    await logout(await auth.login('bob'))
    for (const after of [1n, 5n, 2n ** 63n]) {
      const stream = await watch(after)
      expect(await stream.next()).to.deep.equal({ number: 4n, sessionIds: [], incomplete: true })
      stream.cancel()
    }
  })

  it('goes on counting after all that was told is forgotten', async () => {
    await logout(bob)
    clock.advance(10 * HOUR_MS)
    const later = await auth.login('bob')
    await logout(later)
    const stream = await watch(1n)
    expect(await stream.next()).to.deep.equal({ number: 2n, sessionIds: [later.id], incomplete: false })
    stream.cancel()
  })

  it('tells more than fit into one answer in several', async () => {
    const stream = await watch()
    await stream.next()
    stream.cancel()
    const ids = Array.from({ length: 1_201 }, (_, index) => Buffer.alloc(16, index))
    const db = await openTestDatabase<AuthSchema>(MIGRATIONS, join(auth.config.dataFolder, 'auth.db'))
    const rows = ids.map((id, index) => ({ number: index + 1, session_id: id, ended_at: clock.nowMs() }))
    await db.insertInto('revocation').values(rows).execute()
    await db.destroy()
    const late = await watch(0n)
    const told = [await late.next(), await late.next(), await late.next()]
    expect(told.map(({ sessionIds }) => sessionIds.length)).to.deep.equal([500, 500, 201])
    late.cancel()
  })

  it('is for the directory alone', async () => {
    const { call } = await auth.connectSealing('none')
    const stream = new OpenStream((signal) => call.watchRevocations({ after: undefined }, { signal }))
    expect((await stream.end()).code).to.be.oneOf(['ERR_UNAVAILABLE', 'ERR_SERVER_UNTRUSTED', 'ERR_CHANNEL_CUT'])
  })
})
