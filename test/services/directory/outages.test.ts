import { createServer } from 'node:net'
import { expect } from 'chai'
import { Presence } from '#gen/sotto/directory/v1/directory_service.ts'
import { createLogger } from '#lib/runtime/log.ts'
import { FakeClock } from '../../support/clock.ts'
import { freePort } from '../../support/free-port.ts'
import { Link } from '../../support/link.ts'
import { rejection } from '../../support/rejection.ts'
import { AuthUnderTest, type TestSession } from '../../support/running-auth.ts'
import { type DirectoryConnection, DirectoryUnderTest, OpenAnnouncement } from '../../support/running-directory.ts'

const HEARTBEAT_MS = 10

describe('a directory in trouble', () => {
  let clock: FakeClock
  let auth: AuthUnderTest
  let directory: DirectoryUnderTest
  let connection: DirectoryConnection
  let alice: TestSession
  let bob: TestSession
  /** Every line that the directory has logged. */
  let lines: { msg: string; level: string }[]

  beforeEach(async () => {
    clock = new FakeClock(Date.now())
    // A port that stays the same, so that the directory finds Auth again.
    const sealingListen = { host: '127.0.0.1', port: await freePort() }
    auth = await AuthUnderTest.start({ clock, config: { sealingListen } })
    for (const name of ['alice', 'bob']) await auth.addUser(name, `${name}'s password`)
    alice = await auth.login('alice')
    bob = await auth.login('bob')
    lines = []
    const log = createLogger({ name: 'directory', destination: { write: (line) => lines.push(JSON.parse(line)) } })
    directory = await DirectoryUnderTest.start(auth, { heartbeatMs: HEARTBEAT_MS, log })
    connection = directory.connect()
  })
  afterEach(async () => {
    await directory[Symbol.asyncDispose]()
    await auth[Symbol.asyncDispose]()
  })

  const findBob = async () =>
    await connection.call.getPresence({ username: 'bob' }, { bearer: alice.keys.directoryBearer })

  const occurrences = (msg: string) => lines.filter((line) => line.msg === msg).length

  /** Asks until the answer is no; the test's time limit bounds it. */
  async function untilOffline(): Promise<void> {
    while ((await findBob()).presence === Presence.ONLINE);
  }

  describe('whose receiver', () => {
    it('is gone in a reset of the connection takes it offline at once', async () => {
      await using link = await Link.to(directory.running.address)
      const { announcement } = await OpenAnnouncement.begin(directory.connect(link.address), bob)
      expect(await findBob()).to.deep.equal({ presence: Presence.ONLINE })
      link.cut()
      await untilOffline()
      expect((await announcement.end()).code).to.be.oneOf(['ERR_UNAVAILABLE', 'ERR_CHANNEL_CUT'])
    })

    it('is silent takes it offline within the time of two keepalives', async function () {
      if (!process.env['SLOW']) this.skip()
      this.timeout(45_000)
      await using link = await Link.to(directory.running.address)
      await OpenAnnouncement.begin(directory.connect(link.address), bob)
      link.silence()
      await untilOffline()
    })

    it('logs out learns of it', async () => {
      const { announcement } = await OpenAnnouncement.begin(connection, bob)
      await auth.connect().call.logout({}, { bearer: bob.keys.authBearer })
      expect(await announcement.end()).to.have.property('code', 'ERR_SESSION_ENDED')
      expect(await findBob()).to.deep.equal({ presence: Presence.OFFLINE })
    })

    it('has logged in with another identity key learns of it', async () => {
      const { announcement } = await OpenAnnouncement.begin(connection, bob)
      await auth.login('bob', { identityKey: Buffer.alloc(32, 9), replaceIdentityKey: true })
      expect(await announcement.end()).to.have.property('code', 'ERR_SESSION_ENDED')
    })

    it('stays is told the time by each beat, and extends its session', async () => {
      const { announcement, first } = await OpenAnnouncement.begin(connection, bob)
      const hourMs = 3_600_000
      clock.advance(2 * hourMs)
      while ((await announcement.next()).serverTime?.getTime() !== clock.nowMs());
      const { sessionExpiresAt } = await announcement.next()
      expect(sessionExpiresAt?.getTime()).to.equal((first.sessionExpiresAt?.getTime() ?? 0) + 2 * hourMs)
    })
  })

  describe('whose Auth', () => {
    it('is away answers that it cannot ask, and when to come back', async () => {
      await OpenAnnouncement.begin(connection, bob)
      await auth.stop()
      const { call } = connection
      const options = { bearer: alice.keys.directoryBearer }
      for (const attempt of [
        call.getPresence({ username: 'bob' }, options),
        call.requestChat({ username: 'bob', nonce: Buffer.alloc(16), hideAddress: false }, options),
        call
          .announce({ endpoints: [{ address: '::1', port: 4000 }], instanceId: Buffer.alloc(16) }, options)
          [Symbol.asyncIterator]()
          .next(),
      ]) {
        const refused = await rejection(attempt)
        expect(refused.code).to.equal('ERR_UNAVAILABLE')
        expect(refused.retryAfterMs).to.be.greaterThan(0)
      }
    })

    it('is away keeps those online who are, and tells them the time', async () => {
      const { announcement } = await OpenAnnouncement.begin(connection, bob)
      await auth.stop()
      await rejection(findBob())
      clock.advance(1_000)
      while ((await announcement.next()).serverTime?.getTime() !== clock.nowMs());
    })

    it('comes back serves again, with everybody online who was', async () => {
      await OpenAnnouncement.begin(connection, bob)
      await auth.stop()
      await rejection(findBob())
      await auth.start()
      const found = async () => await findBob().catch(() => undefined)
      let answer = await found()
      while (!answer) answer = await found()
      expect(answer).to.deep.equal({ presence: Presence.ONLINE })
    })

    it('comes and goes says so once each time in the log', async () => {
      await OpenAnnouncement.begin(connection, bob)
      await auth.stop()
      for (let attempt = 0; attempt < 3; attempt++) await rejection(findBob())
      await auth.start()
      while (
        await findBob().then(
          () => false,
          () => true,
        )
      );
      expect(occurrences('auth cannot be reached')).to.equal(1)
      expect(occurrences('auth is reachable')).to.equal(2)
    })

    it('has ended the session meanwhile ends the announcement when it is back', async () => {
      const { announcement } = await OpenAnnouncement.begin(connection, bob)
      await auth.connect().call.logout({}, { bearer: bob.keys.authBearer })
      await auth.stop()
      await auth.start()
      expect(await announcement.end()).to.have.property('code', 'ERR_SESSION_ENDED')
    })

    it('takes calls and never answers is given up in less time than our callers wait', async function () {
      if (!process.env['SLOW']) this.skip()
      this.timeout(15_000)
      await auth.stop()
      const mute = createServer().listen(auth.config.sealingListen.port, '127.0.0.1')
      expect(await rejection(findBob())).to.have.property('code', 'ERR_UNAVAILABLE')
      mute.close()
    })
  })
})
