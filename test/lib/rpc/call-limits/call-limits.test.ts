/** The limits of calls, at a real server over real sockets. */
import { expect } from 'chai'
import { HealthService } from '#gen/grpc/health/v1/health.ts'
import type { SottoError } from '#lib/errors.ts'
import { CallLimiter } from '#lib/rpc/call-limits/call-limiter.ts'
import { type CallLimits, LIMITS_OF_CALLS } from '#lib/rpc/call-limits/limits-of-calls.ts'
import { connect } from '#lib/rpc/client.ts'
import { SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import type { CallContext } from '#lib/rpc/service.ts'
import { LIMITED, type LimitedEvent } from '#lib/runtime/metrics/limited-events.ts'
import { authServer, SERVER_INFO } from '../../../support/auth-server.ts'
import { framed, rawAnswer } from '../../../support/raw-call.ts'
import { rejection } from '../../../support/rejection.ts'

const GET_SERVER_INFO = '/sotto.auth.v1.AuthService/GetServerInfo'
const LIST_SESSIONS = '/sotto.auth.v1.AuthService/ListSessions'
const REQUEST_LETTERS = '/sotto.directory.v1.DirectoryService/RequestLetters'
const ANNOUNCE = '/sotto.directory.v1.DirectoryService/Announce'

const limitsOf = (path: string) => LIMITS_OF_CALLS[path.slice(1)] as CallLimits

/** The error of a call that is refused. */
function refusalOf(call: () => unknown): SottoError | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return error as SottoError
  }
}

describe('the limits of calls', () => {
  describe('by themselves', () => {
    let nowMs = 0
    const limiter = (account = 1, address = 1) =>
      new CallLimiter({ factors: { account, address }, openStreamMs: 1_000 }, () => nowMs)

    it('charge an address for each call, whoever makes it, and others not at all', () => {
      const { burst, perSecond } = limitsOf(GET_SERVER_INFO).address
      const under = limiter()
      for (let call = 0; call < burst; call += 1) under.begin(GET_SERVER_INFO, '192.0.2.1').end()
      const refused = refusalOf(() => under.begin(GET_SERVER_INFO, '192.0.2.1'))
      expect(refused).to.include({ code: 'ERR_BUSY', retryAfterMs: Math.ceil(1_000 / perSecond) })
      under.begin(GET_SERVER_INFO, '192.0.2.2')
      under.begin(LIST_SESSIONS, '192.0.2.1')
      nowMs += refused?.retryAfterMs ?? 0
      under.begin(GET_SERVER_INFO, '192.0.2.1')
    })

    it('charge an account wherever it calls from', () => {
      const { burst = 0 } = limitsOf(LIST_SESSIONS).account ?? {}
      const under = limiter()
      const callAs = (account: string, network: string) => under.begin(LIST_SESSIONS, network).countFor(account)
      for (let call = 0; call < burst; call += 1) callAs('alice', `192.0.2.${call}`)
      expect(refusalOf(() => callAs('alice', '198.51.100.1'))?.code).to.equal('ERR_BUSY')
      callAs('bob', '198.51.100.1')
    })

    it('count a call as several, of its account and of its address, and refuse it whole where there is no room for all', () => {
      const { account, address } = limitsOf(REQUEST_LETTERS)
      const { burst = 0, perSecond = 1 } = account ?? {}
      const under = limiter()
      const begin = (network = '192.0.2.1') => under.begin(REQUEST_LETTERS, network)
      begin().countFor('alice', burst - 1)
      const refused = refusalOf(() => begin().countFor('alice', 2))
      expect(refused).to.include({ code: 'ERR_BUSY', retryAfterMs: 1_000 / perSecond })
      begin().countFor('alice')
      expect(refusalOf(() => begin().countFor('alice'))?.code).to.equal('ERR_BUSY')
      nowMs += 2_000 / perSecond
      begin().countFor('alice', 2)
      const many = Math.floor(address.burst / burst)
      for (let others = 0; others < many; others += 1) begin('192.0.2.2').countFor(`user${others}`, burst)
      expect(refusalOf(() => begin('192.0.2.2').countFor('somebody', burst))?.code).to.equal('ERR_BUSY')
      begin('192.0.2.3').countFor('somebody', burst)
    })

    it('count the streams that are open, and forget those that are over', () => {
      const { account = 0 } = limitsOf(ANNOUNCE).streams ?? {}
      const under = limiter()
      const open = () => {
        const call = under.begin(ANNOUNCE, '192.0.2.1')
        call.countFor('alice')
        return call
      }
      const calls = Array.from({ length: account }, open)
      expect(refusalOf(open)).to.include({ code: 'ERR_BUSY', retryAfterMs: 10_000 })
      calls[0]?.end()
      calls[0]?.end()
      open()
      expect(refusalOf(open)?.code).to.equal('ERR_BUSY')
    })

    it('grow by settings', () => {
      const { burst } = limitsOf(GET_SERVER_INFO).address
      const under = limiter(1, 2)
      for (let call = 0; call < 2 * burst; call += 1) under.begin(GET_SERVER_INFO, '192.0.2.1')
      expect(refusalOf(() => under.begin(GET_SERVER_INFO, '192.0.2.1'))?.code).to.equal('ERR_BUSY')
      const many = limiter(3)
      const call = () => many.begin(LIST_SESSIONS, '192.0.2.1').countFor('alice')
      for (let calls = 0; calls < 3 * (limitsOf(LIST_SESSIONS).account?.burst ?? 0); calls += 1) call()
      expect(refusalOf(call)?.code).to.equal('ERR_BUSY')
    })

    it('have the same for all calls that no service has', () => {
      const under = limiter()
      const { burst } = limitsOf('/sotto.Refused/UnknownMethod').address
      for (let call = 0; call < burst; call += 1) under.begin('/sotto.Refused/UnknownMethod', 'a')
      expect(refusalOf(() => under.begin('/sotto.Refused/UnknownMethod', 'a'))?.code).to.equal('ERR_BUSY')
    })
  })

  describe('at a server', () => {
    it('refuse what is too often with RESOURCE_EXHAUSTED, a reason and a time to come back; and count it', async () => {
      const counted: LimitedEvent[] = []
      const count = (event: unknown) => counted.push(event as LimitedEvent)
      LIMITED.subscribe(count)
      const countFor = async (_: object, context: CallContext) => {
        context.caller.admit()
        context.countFor('alice')
        return { sessions: [] }
      }
      await using auth = await authServer({ listSessions: countFor })
      const { call } = auth.connect()
      const { burst = 0 } = limitsOf(LIST_SESSIONS).account ?? {}
      // A stranger who calls so fast is cut.
      await call.listSessions({})
      const ends = await Promise.allSettled(Array.from({ length: burst + 20 }, () => call.listSessions({})))
      LIMITED.unsubscribe(count)
      const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as SottoError] : []))
      expect(refused).to.have.length.within(1, 21)
      for (const { code, retryAfterMs } of refused) {
        expect(code).to.equal('ERR_BUSY')
        expect(retryAfterMs).to.be.within(1, 20_000)
      }
      expect(counted).to.deep.include({ method: LIST_SESSIONS.slice(1), limit: 'account rate' })
    })

    it('refuse a request that is larger than its call may have, though another call may', async () => {
      await using auth = await authServer({ getServerInfo: async () => SERVER_INFO }, { security: undefined })
      const { requestBytes } = limitsOf(GET_SERVER_INFO)
      // A field of bytes that the message does not have, which is passed over.
      const ofBytes = (length: number) => {
        const head = Buffer.from([0x7a, ((length - 3) & 0x7f) | 0x80, (length - 3) >> 7])
        return framed(Buffer.concat([head, Buffer.alloc(length - head.length)]))
      }
      const { port } = auth.server
      const ask = (length: number) => rawAnswer({ port, path: GET_SERVER_INFO, bytes: ofBytes(length) })
      expect((await ask(requestBytes)).status).to.equal(0)
      expect(await ask(requestBytes + 1)).to.include({
        status: 8,
        reason: 'ERR_REQUEST_TOO_LARGE',
        retryAfterMs: undefined,
      })
    })

    const HEALTH_WATCH = '/grpc.health.v1.Health/Watch'
    const plainHealth = (openStreamMs: number) => {
      const limits = { ...SERVICE_LIMITS, calls: { factors: { account: 1, address: 1 }, openStreamMs } }
      return authServer({}, { health: true, security: undefined, limits })
    }
    const watchAt = (port: number) => {
      const connection = connect(HealthService, { address: `127.0.0.1:${port}`, security: undefined })
      return { connection, watch: connection.call.watch({ service: '' })[Symbol.asyncIterator]() }
    }

    it('let few streams be open that ask for no account', async () => {
      await using auth = await plainHealth(60_000)
      const most = limitsOf(HEALTH_WATCH).streams?.address ?? 0
      const watches = Array.from({ length: most + 4 }, () => watchAt(auth.server.port))
      const begun = await Promise.allSettled(watches.map(({ watch }) => watch.next()))
      expect(begun.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(most)
      for (const { connection } of watches) connection.close()
    })

    it('end such a stream after a while', async () => {
      await using auth = await plainHealth(50)
      const { connection, watch } = watchAt(auth.server.port)
      await watch.next()
      const { code, retryAfterMs } = await rejection(watch.next())
      expect([code, retryAfterMs]).to.deep.equal(['ERR_UNAVAILABLE', 1_000])
      connection.close()
    })

    it('hold for no receiver, who has others', async () => {
      expect(Object.keys(LIMITS_OF_CALLS).filter((path) => path.includes('peer'))).to.deep.equal([])
    })
  })
})
