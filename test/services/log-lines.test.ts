/** What the services' logs say of calls: one line each, with whose it was and how it ended, and nothing of beats. */
import { expect } from 'chai'
import { createLogger } from '#lib/runtime/log.ts'
import { bytesOf } from '../support/random.ts'
import { rejection } from '../support/rejection.ts'
import { AuthUnderTest } from '../support/running-auth.ts'
import { DirectoryUnderTest, OpenAnnouncement } from '../support/running-directory.ts'

interface Line {
  readonly msg: string
  readonly rpc?: string
  readonly account?: string
  readonly status?: string
  readonly code?: string
  readonly durationMs?: number
}

const HEARTBEAT_MS = 5

describe("a service's log", () => {
  let auth: AuthUnderTest
  let directory: DirectoryUnderTest
  const ofAuth: Line[] = []
  const ofDirectory: Line[] = []

  const logInto = (lines: Line[]) =>
    createLogger({ name: 'test', destination: { write: (line) => void lines.push(JSON.parse(line)) } })

  before(async () => {
    auth = await AuthUnderTest.start({ log: logInto(ofAuth) })
    directory = await DirectoryUnderTest.start(auth, { log: logInto(ofDirectory), heartbeatMs: HEARTBEAT_MS })
    for (const name of ['alice', 'bob']) await auth.addUser(name, `${name}'s password`)
  })
  after(async () => {
    await directory?.[Symbol.asyncDispose]()
    await auth?.[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    ofAuth.length = 0
    ofDirectory.length = 0
  })

  /** What it says of calls, each as `METHOD ACCOUNT STATUS`. */
  function callsIn(lines: readonly Line[]): string[] {
    for (const { durationMs } of lines.filter(({ rpc }) => rpc !== undefined)) expect(durationMs).to.be.a('number')
    return lines.map(({ msg, rpc, account, status, code }) => {
      return [rpc?.split('/')[1] ?? msg, account, code ?? status].filter((each) => each !== undefined).join(' ')
    })
  }

  it('has a line for each call to auth, with whose it is', async () => {
    const bob = await auth.login('bob')
    const { call } = auth.connect()
    const bearer = bob.keys.authBearer
    await call.listSessions({}, { bearer })
    await call.endSessions({ sessionIds: [] }, { bearer })
    await call.changePassword({ currentPassword: "bob's password", newPassword: "bob's next password" }, { bearer })
    await call.logout({}, { bearer })
    await rejection(auth.login('bob'))
    await rejection(call.listSessions({}, { bearer }))
    expect(callsIn(ofAuth)).to.deep.equal([
      'Login bob OK',
      'ListSessions bob OK',
      'EndSessions bob OK',
      'ChangePassword bob OK',
      'Logout bob OK',
      'Login bob ERR_LOGIN_REFUSED',
      'ListSessions ERR_SESSION_ENDED',
    ])
  })

  it('has a line for each call to the directory, and none for its beats', async () => {
    await auth.addUser('carol', "carol's password")
    const [alice, carol] = [await auth.login('alice'), await auth.login('carol')]
    const { announcement } = await OpenAnnouncement.begin(directory.connect(), carol)
    for (let beats = 0; beats < 5; beats += 1) await announcement.next()
    const { call } = directory.connect()
    const bearer = alice.keys.directoryBearer
    await call.getPresence({ username: 'carol' }, { bearer })
    await call.listUsers({ prefix: '', pageSize: 0, pageToken: '' }, { bearer })
    await call.requestChat(
      { username: 'carol', nonce: Buffer.from(bytesOf('nonce', 16)), hideAddress: false },
      { bearer },
    )
    announcement.cancel()
    await untilLines(ofDirectory, 5)
    const calls = callsIn(ofDirectory).filter((line) => line !== 'auth is reachable')
    expect(calls).to.deep.equal([
      'GetPresence alice OK',
      'ListUsers alice OK',
      'RequestChat alice OK',
      'Announce carol CANCELLED',
    ])
    expect(callsIn(ofAuth).filter((line) => !line.startsWith('Login'))).to.deep.equal([
      'Authenticate carol OK',
      'Authenticate alice OK',
      'ListAccounts alice OK',
      'conversation sealed alice',
    ])
  })

  async function untilLines(lines: readonly Line[], count: number): Promise<void> {
    while (lines.length < count) await new Promise(setImmediate)
  }
})
