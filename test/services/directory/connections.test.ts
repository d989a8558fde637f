import { expect } from 'chai'
import { Presence } from '#gen/sotto/directory/v1/directory_service.ts'
import type { SottoError } from '#lib/errors.ts'
import { rejection } from '../../support/rejection.ts'
import { AuthUnderTest, type TestSession } from '../../support/running-auth.ts'
import { DirectoryUnderTest, OpenAnnouncement } from '../../support/running-directory.ts'
import { testLog } from '../../support/test-log.ts'

/** The connections of the directory under test, and how many of them may be of people who are online. */
const [PLACES, SETTLED] = [24, 21]

describe('the connections of the directory', () => {
  let auth: AuthUnderTest
  let directory: DirectoryUnderTest
  const sessions: TestSession[] = []

  before(async () => {
    auth = await AuthUnderTest.start({ isLaid: true })
    for (let number = 0; number <= SETTLED; number += 1) {
      await auth.addUser(`user-${number}`, `user-${number}'s password`)
      sessions.push(await auth.login(`user-${number}`))
    }
  })
  beforeEach(async () => {
    const connections = { most: 100, mostPerAddress: PLACES }
    directory = await DirectoryUnderTest.start(auth, { config: { connections } })
  })
  afterEach(() => directory[Symbol.asyncDispose]())
  after(() => auth[Symbol.asyncDispose]())

  const sessionOf = (number: number) => sessions[number] as TestSession

  /** Have as many come online as may. */
  async function fill(): Promise<OpenAnnouncement[]> {
    const numbers = Array.from({ length: SETTLED }, (_, number) => number)
    const begun = numbers.map((number) => OpenAnnouncement.begin(directory.connect(), sessionOf(number)))
    return (await Promise.all(begun)).map(({ announcement }) => announcement)
  }

  const presenceOf = async (number: number, connection = directory.connect()) => {
    const bearer = sessionOf(SETTLED).keys.directoryBearer
    return (await connection.call.getPresence({ username: `user-${number}` }, { bearer })).presence
  }

  /** Expect an error that says that there is no room, and when to come back. */
  function expectFull({ code, retryAfterMs }: SottoError): void {
    expect(code).to.equal('ERR_BUSY')
    expect(retryAfterMs).to.be.greaterThan(0)
  }

  it('leave room for calls, however many want to be online, who are told so', async () => {
    await fill()
    expectFull(await rejection(OpenAnnouncement.begin(directory.connect(), sessionOf(SETTLED))))
    const bearer = sessionOf(SETTLED).keys.directoryBearer
    const watch = directory.connect().call.watchPresence({ usernames: ['user-0'] }, { bearer })
    expectFull(await rejection(watch[Symbol.asyncIterator]().next()))
    const connection = directory.connect()
    for (let number = 0; number < SETTLED; number += 1) {
      expect(await presenceOf(number, connection)).to.equal(Presence.ONLINE)
    }
  })

  it('have room again for somebody when another has gone', async () => {
    const [first] = await fill()
    first?.cancel()
    const connection = directory.connect()
    while ((await presenceOf(0, connection)) === Presence.ONLINE);
    await OpenAnnouncement.begin(connection, sessionOf(SETTLED))
  })

  it('are counted once, however many calls over one are to last', async () => {
    for (let number = 0; number < SETTLED; number += 1) {
      const connection = directory.connect()
      await OpenAnnouncement.begin(connection, sessionOf(number))
      const watch = connection.call.watchPresence(
        { usernames: ['user-0'] },
        { bearer: sessionOf(number).keys.directoryBearer },
      )
      await watch[Symbol.asyncIterator]().next()
    }
  })

  it('are refused in words where there is no room at all', async () => {
    await fill()
    for (let number = SETTLED; number < PLACES; number += 1) await presenceOf(0)
    expectFull(await rejection(presenceOf(0)))
  })

  it('are as many as this process may have open, which the log says where the setting asks for more', async () => {
    const { log, lines } = testLog()
    const connections = { most: 1_000_000_000, mostPerAddress: 10 }
    await using _greedy = await DirectoryUnderTest.start(auth, { log, config: { connections } })
    expect(
      lines()
        .map(({ msg }) => msg)
        .join(),
    ).to.include('ulimit -n')
  })
})
