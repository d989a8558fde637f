import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { AuthServiceService } from '#gen/sotto/auth/v1/auth_service.ts'
import { DirectoryServiceService } from '#gen/sotto/directory/v1/directory_service.ts'
import { SottoError } from '#lib/errors.ts'
import { CLOCK_SKEW_MS } from '#lib/protocol.ts'
import { SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import { serve, startServer } from '#lib/rpc/server.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { type Role, realmOf } from '#lib/runtime/tls.ts'
import { deriveSessionKeys } from '#lib/session/session-keys.ts'
import { DirectoryClient } from '../../../clients/session/directory-client.ts'
import { ServerClock } from '../../../clients/session/server-clock.ts'
import { SERVER_INFO, unexpectedCalls } from '../../support/auth-server.ts'
import { bytesOf, secretOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { type TestAuthority, testAuthority } from '../../support/test-authority.ts'
import { testLog } from '../../support/test-log.ts'

const NOW_MS = Date.UTC(2030, 0)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** What a client that is announced takes for the server's time, where the directory and Auth say what a test wants. */
describe('the server’s time', () => {
  let authority: TestAuthority
  let resources: AsyncDisposableStack
  let clock: ServerClock
  /** What Auth's clock shows; undefined where it does not answer. */
  let authTime: Date | undefined
  let asked: number

  before(async () => {
    authority = await testAuthority()
  })
  after(() => authority[Symbol.asyncDispose]())

  beforeEach(() => {
    resources = new AsyncDisposableStack()
    const local: Clock = { now: () => new Date(NOW_MS), monotonicMs: () => 0 }
    clock = new ServerClock(local, 0)
    authTime = new Date(NOW_MS)
    asked = 0
  })
  afterEach(() => resources.disposeAsync())

  async function start(service: ReturnType<typeof serve>, role: Role): Promise<string> {
    const server = await startServer({
      services: [service],
      host: '127.0.0.1',
      port: 0,
      security: { certificate: await authority.leaf(role) },
      limits: SERVICE_LIMITS,
      log: testLog().log,
    })
    resources.defer(() => server.stop(0))
    return `127.0.0.1:${server.port}`
  }

  /** Stay announced at a directory that says these times, one after the other. Returns how often it was online. */
  async function announce(...times: readonly number[]): Promise<number> {
    const notExpected = () => Promise.reject(new Error('not expected to be called'))
    const auth = serve(AuthServiceService, {
      ...unexpectedCalls(),
      getServerInfo: async () => {
        asked += 1
        if (authTime === undefined) throw new SottoError('ERR_UNAVAILABLE', 'away')
        return { ...SERVER_INFO, realm: Buffer.from(realmOf(authority.authorityPem)), serverTime: authTime }
      },
    })
    const directory = serve(DirectoryServiceService, {
      getPresence: notExpected,
      listUsers: notExpected,
      requestChat: notExpected,
      requestLetters: notExpected,
      announce: async function* () {
        for (const time of times) {
          yield { serverTime: new Date(time), sessionExpiresAt: new Date(NOW_MS), replaced: 0, refusedEndpoints: [] }
        }
        throw new SottoError('ERR_ANNOUNCE_REPLACED', 'replaced')
      },
      watchPresence: async function* () {},
    })
    const account = {
      username: 'alice',
      authAddress: await start(auth, 'auth.sotto'),
      directoryAddress: await start(directory, 'directory.sotto'),
      relayAddresses: [],
      authorityPem: authority.authorityPem,
      learntAtMs: NOW_MS,
      clockOffsetMs: 0,
      session: undefined,
      profileName: 'work',
    }
    const session = {
      sessionId: randomBytes(16),
      keys: deriveSessionKeys(secretOf('session of alice')),
      expiresAtMs: 0,
    }
    const client = new DirectoryClient({ account, session, clock, trace: undefined })
    resources.defer(async () => client.close())
    let online = 0
    const announcement = client.announce({
      endpoints: () => [{ address: '192.0.2.7', port: 7100 }],
      instanceId: bytesOf('instance id', 16),
      signal: new AbortController().signal,
      onOnline: () => {
        online += 1
      },
      onOffline: () => {},
    })
    expect((await rejection(announcement)).code).to.equal('ERR_ANNOUNCE_REPLACED')
    return online
  }

  it('is not what a directory says: a ticket that ended 30 days ago has ended', async () => {
    expect(await announce(NOW_MS - 30 * DAY_MS)).to.equal(1)
    expect([clock.nowMs(), asked]).to.deep.equal([NOW_MS, 1])
  })

  it('is not moved by small steps', async () => {
    await announce(...Array.from({ length: 100 }, (_, n) => NOW_MS - n * (CLOCK_SKEW_MS / 2)))
    expect(clock.nowMs()).to.equal(NOW_MS)
  })

  it('is learnt from Auth where the directory says that it is another, as after this clock was set', async () => {
    authTime = new Date(NOW_MS + HOUR_MS)
    await announce(NOW_MS + HOUR_MS)
    expect([clock.nowMs(), asked]).to.deep.equal([NOW_MS + HOUR_MS, 1])
  })

  it('stays as it was where Auth does not answer, and the announcement stands', async () => {
    authTime = undefined
    expect(await announce(NOW_MS - DAY_MS)).to.equal(1)
    expect(clock.nowMs()).to.equal(NOW_MS)
  })

  it('is not asked for where the directory agrees within half of the skew, and once a minute where it does not', async () => {
    await announce(NOW_MS, NOW_MS + CLOCK_SKEW_MS / 2)
    expect(asked).to.equal(0)
    await announce(...Array<number>(50).fill(NOW_MS - DAY_MS))
    expect(asked).to.equal(1)
  })
})
