import { expect } from 'chai'
import { type ErrorCode, SottoError } from '#lib/errors.ts'
import type { Secret } from '#lib/secret.ts'
import type { Authenticated, Origin } from '../../../services/authentication/auth-client.ts'
import { Authentications, REUSE_MS } from '../../../services/authentication/authentications.ts'
import { FakeClock } from '../../support/clock.ts'
import { bytesOf, secretOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'

const LIFETIME_MS = 30 * 24 * 3_600_000

/** An Auth that counts what it is asked, and answers when a test says so. */
class FakeSealing {
  asked = 0
  /** What it fails with now. */
  failure: ErrorCode | undefined
  /** What comes between a question and its answer. */
  meanwhile: () => void = () => {}
  readonly #clock: FakeClock

  constructor(clock: FakeClock) {
    this.#clock = clock
  }

  async authenticate({ bearer }: Origin): Promise<Authenticated> {
    this.asked += 1
    if (this.failure !== undefined) throw new SottoError(this.failure, 'no answer')
    if (bearer === undefined) throw new TypeError('a call without a bearer is asked about')
    this.meanwhile()
    const expiresAt = new Date(this.#clock.nowMs() + LIFETIME_MS)
    return { account: 'bob', sessionId: sessionIdOf(bearer), expiresAt, serverTime: this.#clock.now() }
  }
}

const sessionIdOf = (bearer: Secret) => Buffer.from(bytesOf(Buffer.from(bearer.reveal()).toString('hex'), 16))

describe('Authentications', () => {
  let clock: FakeClock
  let sealing: FakeSealing
  let authentications: Authentications
  const laptop = secretOf('laptop')

  beforeEach(() => {
    clock = new FakeClock()
    sealing = new FakeSealing(clock)
    authentications = new Authentications(sealing, clock)
    beat()
  })

  /** Auth says that it is there, and which sessions have ended. */
  function beat({ ended = [] as Buffer[], incomplete = false } = {}): void {
    authentications.note({ number: 1n, sessionIds: ended, incomplete })
  }

  const authenticate = (bearer: Secret | undefined = laptop) =>
    authentications.authenticate({ bearer, requestId: 'r', signal: new AbortController().signal })

  const confirm = (signal = new AbortController().signal) =>
    authentications.confirm({ bearer: laptop, requestId: 'r', signal })

  it('asks Auth once for calls with the same bearer, and tells its time from then on', async () => {
    const first = await authenticate()
    clock.advance(1_000)
    beat()
    const second = await authenticate()
    expect(sealing.asked).to.equal(1)
    expect(second).to.include({ account: 'bob', sessionId: first.sessionId, expiresAt: first.expiresAt })
    expect(second.serverTime).to.deep.equal(new Date(first.serverTime.getTime() + 1_000))
    await authenticate(secretOf('phone'))
    expect(sealing.asked).to.equal(2)
  })

  it('refuses a call without a bearer, and asks nobody', async () => {
    const signal = new AbortController().signal
    const refused = await rejection(authentications.authenticate({ bearer: undefined, requestId: 'r', signal }))
    expect(refused.code).to.equal('ERR_SESSION_ENDED')
    expect(sealing.asked).to.equal(0)
  })

  it('asks again after a while, so that a session in use is extended', async () => {
    const first = await authenticate()
    clock.advance(REUSE_MS)
    beat()
    const again = await authenticate()
    expect(sealing.asked).to.equal(2)
    expect(again.expiresAt.getTime() - first.expiresAt.getTime()).to.equal(REUSE_MS)
    expect(again.ended, 'the same signal for who is open').to.equal(first.ended)
  })

  it('ends what is open of a session that ends, and asks again for the next call', async () => {
    const { ended, sessionId } = await authenticate()
    const other = await authenticate(secretOf('phone'))
    beat({ ended: [Buffer.from(sessionId)] })
    expect(ended.reason).to.have.property('code', 'ERR_SESSION_ENDED')
    expect(other.ended.aborted).to.equal(false)
    sealing.failure = 'ERR_UNAVAILABLE'
    expect((await rejection(authenticate())).code).to.equal('ERR_UNAVAILABLE')
  })

  it('does not believe an answer that the end of the session has overtaken', async () => {
    sealing.meanwhile = () => beat({ ended: [sessionIdOf(laptop)] })
    expect((await rejection(authenticate())).code).to.equal('ERR_SESSION_ENDED')
  })

  it('uses no answer again while Auth is silent, and ends nothing for that', async () => {
    const { ended } = await authenticate()
    clock.advance(3_000)
    await authenticate()
    expect(sealing.asked).to.equal(2)
    sealing.failure = 'ERR_UNAVAILABLE'
    expect((await rejection(authenticate())).code).to.equal('ERR_UNAVAILABLE')
    expect(ended.aborted).to.equal(false)
    // It goes on where it was, and told of all that has ended meanwhile.
    beat()
    expect((await authenticate()).ended).to.equal(ended)
    expect(sealing.asked).to.equal(3)
  })

  for (const code of ['ERR_UNAVAILABLE', 'ERR_SERVER_DISK_FULL', 'ERR_SERVER_STORE'] as const) {
    it(`lets whoever is there stay where Auth fails with ${code}, and nobody else come`, async () => {
      sealing.failure = code
      expect(await confirm()).to.equal(undefined)
      expect((await rejection(authenticate())).code).to.equal(code)
      sealing.failure = undefined
      expect(await confirm()).to.include({ account: 'bob' })
    })
  }

  it('lets nobody stay whose session has ended, or who has gone', async () => {
    sealing.failure = 'ERR_SESSION_ENDED'
    expect((await rejection(confirm())).code).to.equal('ERR_SESSION_ENDED')
    sealing.failure = 'ERR_UNAVAILABLE'
    expect((await rejection(confirm(AbortSignal.abort()))).code).to.equal('ERR_UNAVAILABLE')
  })

  it('asks for everybody again where not all ends can be told', async () => {
    const { ended } = await authenticate()
    beat({ incomplete: true })
    expect(ended.aborted).to.equal(false)
    await authenticate()
    expect(sealing.asked).to.equal(2)
  })

  it('uses no answer beyond the end of its session', async () => {
    const { expiresAt } = await authenticate()
    clock.advance(expiresAt.getTime() - clock.nowMs())
    beat()
    await authenticate()
    expect(sealing.asked).to.equal(2)
  })
})
