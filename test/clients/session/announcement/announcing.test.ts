import { expect } from 'chai'
import type { AnnounceResponse, Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import { SottoError } from '#lib/errors.ts'
import { Announcing } from '../../../../clients/session/announcement/announcing.ts'
import { bytesOf } from '../../../support/random.ts'
import { rejection } from '../../../support/rejection.ts'

/** An announcement that is under way, and what the directory makes of it. */
interface Call {
  readonly signal: AbortSignal
  readonly answer: () => void
  readonly fail: (error: SottoError) => void
}

describe('Announcing', () => {
  let calls: Call[]
  let attendAnother: () => void
  let told: PromiseWithResolvers<string>
  let endpoints: readonly Endpoint[]
  /** The endpoints that were told of, each time. */
  let stood: string[]
  let ending: AbortController
  let run: Promise<never>

  /** Announces; the directory has answered none of three announcements when a test begins. */
  beforeEach(() => {
    calls = []
    told = Promise.withResolvers()
    endpoints = []
    stood = []
    ending = new AbortController()
    const announcement = {
      endpoints: () => endpoints,
      relay: {
        current: { address: '192.0.2.1:7400', attendanceId: Buffer.from(bytesOf('attendance', 16)) },
        onChange: (listener: () => void) => {
          attendAnother = listener
          return () => undefined
        },
      },
      instanceId: bytesOf('instance id', 16),
      signal: ending.signal,
      onOnline: (accepted: readonly Endpoint[]) => {
        stood.push(accepted.map(({ address }) => address).join())
        told.resolve('online')
      },
      onOffline: ({ code }: SottoError) => told.resolve(code),
      startsOffline: true,
    }
    run = new Announcing(announcement, {
      call: async function* (_request, signal): AsyncGenerator<AnnounceResponse> {
        const [answered, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<never>()]
        signal.addEventListener('abort', () => ended.reject(signal.reason))
        calls.push({ signal, answer: answered.resolve, fail: ended.reject })
        await Promise.race([answered.promise, ended.promise])
        yield { serverTime: new Date(), sessionExpiresAt: new Date(0), replaced: 0, refusedEndpoints: [] }
        await ended.promise
      },
      checkTime: async () => undefined,
      onAnswered: () => undefined,
      follow: async () => false,
      whyEnded: async (error) => error,
    }).run()
    attendAnother()
    attendAnother()
  })
  afterEach(async () => {
    ending.abort(new SottoError('ERR_INTERRUPTED', 'the test is over'))
    expect((await rejection(run)).code).to.equal('ERR_INTERRUPTED')
  })

  const dropped = () => calls.map(({ signal }) => signal.aborted)

  it('drops every older announcement once the newest stands, and none before', async () => {
    expect(dropped()).to.deep.equal([false, false, false])
    calls[2]?.answer()
    expect(await told.promise).to.equal('online')
    expect(dropped()).to.deep.equal([true, true, false])
  })

  it('tells of endpoints that are others than those that stood, and not of the same again', async () => {
    calls[2]?.answer()
    await told.promise
    attendAnother()
    calls[3]?.answer()
    endpoints = [{ address: '192.0.2.7', port: 7400 }]
    attendAnother()
    calls[4]?.answer()
    await new Promise(setImmediate)
    expect(stood).to.deep.equal(['', '192.0.2.7'])
  })

  it('leaves none under way when the newest has failed', async () => {
    calls[2]?.fail(new SottoError('ERR_UNAVAILABLE', 'away'))
    expect(await told.promise).to.equal('ERR_UNAVAILABLE')
    expect(dropped().slice(0, 2)).to.deep.equal([true, true])
  })
})
