import { expect } from 'chai'
import { DirectoryServiceService } from '#gen/sotto/directory/v1/directory_service.ts'
import { MAX_WATCHED_NAMES, MAX_WATCHES_PER_ACCOUNT } from '#lib/protocol.ts'
import { connect } from '#lib/rpc/client.ts'
import { FakeClock } from '../../support/clock.ts'
import { freePort } from '../../support/free-port.ts'
import { Link } from '../../support/link.ts'
import { OpenWatch } from '../../support/open-watch.ts'
import { secretOf } from '../../support/random.ts'
import { AuthUnderTest, type TestSession } from '../../support/running-auth.ts'
import { type DirectoryConnection, DirectoryUnderTest, OpenAnnouncement } from '../../support/running-directory.ts'

const NAMES = ['alice', 'bob', 'carol']

describe('DirectoryService.WatchPresence', () => {
  let auth: AuthUnderTest
  let directory: DirectoryUnderTest
  let connection: DirectoryConnection
  let sessions: Record<string, TestSession>

  before(async () => {
    // A port that stays the same, so that the directory finds Auth again.
    const sealingListen = { host: '127.0.0.1', port: await freePort() }
    auth = await AuthUnderTest.start({ isLaid: true, clock: new FakeClock(Date.now()), config: { sealingListen } })
    for (const name of NAMES) await auth.addUser(name, `${name}'s password`)
  })
  beforeEach(async () => {
    directory = await DirectoryUnderTest.start(auth, { heartbeatMs: 10 })
    connection = directory.connect()
    sessions = {}
    for (const name of NAMES) sessions[name] = await auth.login(name)
  })
  afterEach(() => directory[Symbol.asyncDispose]())
  after(() => auth[Symbol.asyncDispose]())

  function sessionOf(name: string): TestSession {
    const session = sessions[name]
    if (!session) throw new Error(`${name} has no session`)
    return session
  }

  /** A watch of alice's, unless another's. */
  const watch = (usernames: string[], { by = 'alice', over = connection } = {}) =>
    new OpenWatch(over, sessionOf(by).keys.directoryBearer, usernames)

  const announce = async (name: string, over = directory.connect()) =>
    (await OpenAnnouncement.begin(over, sessionOf(name))).announcement

  const logout = async (name: string) =>
    await auth.connect().call.logout({}, { bearer: sessionOf(name).keys.authBearer })

  it('gives the state of each name at first, and then the changes', async () => {
    const bob = await announce('bob')
    const watching = watch(['carol', 'bob', 'alice'])
    expect(await watching.states()).to.deep.equal(['carol offline', 'bob online', 'alice offline'])
    await announce('carol')
    expect(await watching.states()).to.deep.equal(['carol online'])
    bob.cancel()
    expect(await watching.states()).to.deep.equal(['bob offline'])
  })

  it('takes a newer announcement in place of an older for no change', async () => {
    const older = await announce('bob')
    const watching = watch(['bob', 'carol'])
    await watching.states()
    await announce('bob')
    expect(await older.end()).to.have.property('code', 'ERR_ANNOUNCE_REPLACED')
    await announce('carol')
    expect(await watching.states()).to.deep.equal(['carol online'])
  })

  it('tells that a receiver has lost its connection', async () => {
    await using link = await Link.to(directory.running.address)
    await announce('bob', directory.connect(link.address))
    const watching = watch(['bob'])
    await watching.states()
    link.cut()
    expect(await watching.states()).to.deep.equal(['bob offline'])
  })

  it('tells that a receiver has logged out', async () => {
    await announce('bob')
    const watching = watch(['bob'])
    await watching.states()
    await logout('bob')
    expect(await watching.states()).to.deep.equal(['bob offline'])
  })

  it('takes a name that no account has for offline', async () => {
    expect(await watch(['mallory']).states()).to.deep.equal(['mallory offline'])
  })

  it('tells of a name that is given twice once', async () => {
    const watching = watch(['bob', 'bob', 'carol'])
    expect(await watching.states()).to.deep.equal(['bob offline', 'carol offline'])
  })

  it('tells everybody who watches, and waits for nobody who does not read', async () => {
    const idle = watch(['bob'], { over: directory.connect() })
    await idle.next()
    const watches = NAMES.flatMap((by) =>
      Array.from({ length: MAX_WATCHES_PER_ACCOUNT - 1 }, () => watch(['bob'], { by })),
    )
    await Promise.all(watches.map((each) => each.states()))
    for (let round = 0; round < 3; round++) {
      const bob = await announce('bob')
      expect((await Promise.all(watches.map((each) => each.states()))).flat()).to.deep.equal(
        watches.map(() => 'bob online'),
      )
      bob.cancel()
      await Promise.all(watches.map((each) => each.states()))
    }
  })

  it('beats, so that both ends know of each other', async () => {
    const watching = watch(['bob'])
    await watching.states()
    for (let beat = 0; beat < 3; beat++) expect(await watching.next()).to.deep.equal({ states: [] })
  })

  it('ends with the session', async () => {
    const watching = watch(['bob'])
    await watching.states()
    await logout('alice')
    expect(await watching.end()).to.have.property('code', 'ERR_SESSION_ENDED')
  })

  it('goes on while Auth is away', async () => {
    const announced = await announce('bob')
    const watching = watch(['bob'])
    await watching.states()
    await auth.stop()
    for (let beat = 0; beat < 3; beat++) await watching.next()
    announced.cancel()
    expect(await watching.states()).to.deep.equal(['bob offline'])
    await auth.start()
  })

  it('ends when the directory stops, and says when to come back', async () => {
    const watching = watch(['bob'])
    await watching.states()
    const end = watching.end()
    await directory.running.stop()
    const { code, retryAfterMs } = await end
    expect([code, retryAfterMs]).to.deep.equal(['ERR_UNAVAILABLE', 1_000])
  })

  it('refuses an account one watch too many, until another ends', async () => {
    const watches = Array.from({ length: MAX_WATCHES_PER_ACCOUNT }, () => watch(['bob']))
    await Promise.all(watches.map((each) => each.next()))
    const refused = await watch(['bob']).end()
    expect(refused.code).to.equal('ERR_BUSY')
    expect(refused.retryAfterMs).to.be.greaterThan(0)
    await watch(['alice'], { by: 'bob' }).next()
    watches[0]?.cancel()
    // The directory hears of it in its own time; the test's time limit bounds it.
    const isLetIn = () =>
      watch(['bob'])
        .next()
        .then(
          () => true,
          () => false,
        )
    while (!(await isLetIn()));
  })

  describe('its callers', () => {
    const endWith = async (bearer: ReturnType<typeof secretOf> | undefined) =>
      (await new OpenWatch(connection, bearer, ['bob']).end()).code

    it('are refused without a bearer, with a guess, and with another secret of the session', async () => {
      const { authBearer, ticketKey } = sessionOf('alice').keys
      for (const bearer of [undefined, secretOf('a guess'), authBearer, ticketKey]) {
        expect(await endWith(bearer)).to.equal('ERR_SESSION_ENDED')
      }
    })

    it('are refused after they logged out', async () => {
      await logout('alice')
      expect(await endWith(sessionOf('alice').keys.directoryBearer)).to.equal('ERR_SESSION_ENDED')
    })
  })

  describe('its request', () => {
    it('may have as many names as the contract says', async () => {
      const names = Array.from({ length: MAX_WATCHED_NAMES }, (_, i) => `a-name-of-32-characters-long.${i + 100}`)
      expect((await watch(names).states()).length).to.equal(MAX_WATCHED_NAMES)
    })

    it('is refused with none, and with one too many', async () => {
      for (const names of [[], Array(MAX_WATCHED_NAMES + 1).fill('bob')]) {
        const { code, violations } = await watch(names).end()
        expect([code, violations[0]?.field]).to.deep.equal(['ERR_INVALID_ARGUMENT', 'usernames'])
      }
    })

    it('is refused with what are no names, all of which are pointed out', async () => {
      for (const wrong of ['', 'Bob', 'b'.repeat(33), 'bob\u0000', '\ud800', '../bob']) {
        const { code, violations } = await watch(['bob', wrong, 'eve', wrong]).end()
        const fields = violations.map(({ field }) => field)
        expect([code, fields]).to.deep.equal(['ERR_INVALID_ARGUMENT', ['usernames[1, 3]']])
      }
    })

    it('is refused where it is no message', async () => {
      for (const bytes of [Buffer.from([0x0a]), Buffer.from([0x0a, 0x7f, 0x62]), Buffer.alloc(64, 0xff)]) {
        const garbled = { ...DirectoryServiceService.watchPresence, requestSerialize: () => bytes }
        const { address } = directory.running
        const security = { authorityPem: auth.running.caPem, role: 'directory.sotto' } as const
        const hostile = connect({ ...DirectoryServiceService, watchPresence: garbled }, { address, security })
        const watching = new OpenWatch(hostile, sessionOf('alice').keys.directoryBearer, [])
        expect(await watching.end()).to.have.property('code', 'ERR_INVALID_ARGUMENT')
        hostile.close()
      }
    })
  })
})
