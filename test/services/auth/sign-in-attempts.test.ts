import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { FORGOTTEN_AFTER_MS, KNOWN_FOR_MS } from '../../../services/auth/attempts/attempt-rows.ts'
import {
  PACE_OF_ACCOUNT,
  PACE_OF_CODES,
  PACE_OF_NETWORK,
  SignInAttempts,
} from '../../../services/auth/attempts/sign-in-attempts.ts'
import { AuthRecords } from '../../support/auth-records.ts'

describe('SignInAttempts', () => {
  let records: AuthRecords
  let attempts: SignInAttempts
  /** How often a secret was really checked. */
  let checks: number

  beforeEach(async () => {
    records = await AuthRecords.open()
    const keyOf = (text: string) => createHash('sha256').update(text).digest()
    attempts = new SignInAttempts(records.db, keyOf, () => records.clock.nowMs())
    checks = 0
  })
  afterEach(() => records[Symbol.asyncDispose]())

  type Outcome = 'right' | 'wrong' | 'broken'

  async function check(outcome: Outcome): Promise<'in'> {
    checks += 1
    if (outcome === 'wrong') throw new SottoError('ERR_LOGIN_REFUSED', 'wrong')
    if (outcome === 'broken') throw new SottoError('ERR_BUSY', 'a full queue')
    return 'in'
  }

  /** @returns `in`, the code of the refusal, or how long to wait. */
  async function told(tried: Promise<'in'>) {
    return await tried.catch((error: SottoError) => error.retryAfterMs ?? error.code)
  }

  /** Try, with the right secret or a wrong one. */
  function attempt(outcome: Outcome, account: string | undefined, network = '192.0.2.1') {
    return told(attempts.try({ network, account, isSignIn: true }, () => check(outcome)))
  }

  async function fail(times: number, account: string | undefined, network?: string): Promise<void> {
    for (let count = 0; count < times; count += 1) await attempt('wrong', account, network)
  }

  it('lets a person mistype, then has them wait, longer each time, and checks nothing meanwhile', async () => {
    await fail(PACE_OF_ACCOUNT.free, 'alice')
    expect(checks).to.equal(PACE_OF_ACCOUNT.free)
    expect(await attempt('wrong', 'alice')).to.equal('ERR_LOGIN_REFUSED')
    const waits: unknown[] = []
    for (let count = 0; count < 8; count += 1) {
      const waitMs = await attempt('right', 'alice')
      waits.push(waitMs)
      records.clock.advance(Number(waitMs) - 1)
      expect(await attempt('right', 'alice')).to.equal(1)
      records.clock.advance(1)
      expect(await attempt('wrong', 'alice')).to.equal('ERR_LOGIN_REFUSED')
    }
    expect(waits).to.deep.equal([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
    records.clock.advance(60_000)
    expect(await attempt('right', 'alice')).to.equal('in')
    expect(await attempt('wrong', 'alice')).to.equal('ERR_LOGIN_REFUSED')
  })

  it('checks no more of many at once than of as many in turn', async () => {
    await Promise.all(Array.from({ length: 200 }, () => attempt('wrong', 'alice')))
    expect(checks).to.equal(PACE_OF_ACCOUNT.free + 1)
  })

  it('never slows an account down for what others try from elsewhere', async () => {
    for (let network = 0; network < 30; network += 1) await fail(10, 'alice', `198.51.100.${network}`)
    expect(await attempt('right', 'alice', '192.0.2.1')).to.equal('in')
  })

  it('slows a network down that tries many accounts, but not those who have signed in from it before', async () => {
    expect(await attempt('right', 'bob')).to.equal('in')
    for (let account = 0; account < PACE_OF_NETWORK.free + 1; account += 1) await fail(1, `guess-${account}`)
    checks = 0
    expect(await attempt('right', 'carol')).to.equal(PACE_OF_NETWORK.firstDelayMs)
    expect(await attempt('right', undefined)).to.equal(PACE_OF_NETWORK.firstDelayMs)
    expect(checks).to.equal(0)
    expect(await attempt('right', 'bob')).to.equal('in')
    expect(await attempt('right', 'carol', '203.0.113.9')).to.equal('in')
    records.clock.advance(KNOWN_FOR_MS + 1)
    for (let account = 0; account < PACE_OF_NETWORK.free + 1; account += 1) await fail(1, `guess-${account}`)
    expect(await attempt('right', 'bob')).to.equal(PACE_OF_NETWORK.firstDelayMs)
  })

  it("slows the guessing of an account's codes down from wherever it comes, but for where it has signed in", async () => {
    const guess = (outcome: Outcome) => told(attempts.tryCode('alice', () => check(outcome)))
    for (let count = 0; count <= PACE_OF_CODES.free; count += 1)
      expect(await guess('wrong')).to.equal('ERR_LOGIN_REFUSED')
    expect(await guess('right')).to.equal(PACE_OF_CODES.firstDelayMs)
    const isKnown = (isSignIn: boolean) =>
      attempts.try({ network: '192.0.2.1', account: 'alice', isSignIn }, async (known) => known)
    // By what is no sign-in no network becomes known, however often the password was right.
    expect([await isKnown(false), await isKnown(false)]).to.deep.equal([false, false])
    expect([await isKnown(true), await isKnown(true)]).to.deep.equal([false, true])
    records.clock.advance(PACE_OF_CODES.firstDelayMs)
    expect(await guess('right')).to.equal('in')
    expect(await guess('wrong')).to.equal('ERR_LOGIN_REFUSED')
  })

  it('lets a class sign in at once from behind one address', async () => {
    const names = Array.from({ length: 3 * PACE_OF_NETWORK.free }, (_, index) => `pupil-${index}`)
    for (const name of names) expect(await attempt('right', name)).to.equal('in')
  })

  it('counts nothing that was no guess', async () => {
    for (let count = 0; count < 2 * PACE_OF_ACCOUNT.free; count += 1) {
      expect(await attempt('broken', 'alice')).to.equal('ERR_BUSY')
    }
    expect(await attempt('right', 'alice')).to.equal('in')
  })

  it('forgets after a while', async () => {
    await fail(PACE_OF_ACCOUNT.free + 6, 'alice')
    records.clock.advance(FORGOTTEN_AFTER_MS + 1)
    await fail(PACE_OF_ACCOUNT.free, 'alice')
    expect(await attempt('right', 'alice')).to.equal('in')
  })

  it('keeps neither names nor addresses, and nothing for longer than it means something', async () => {
    await fail(3, 'alice')
    await attempt('right', 'bob')
    const kept = JSON.stringify(await records.db.selectFrom('sign_in_attempt').selectAll().execute())
    expect(kept).not.to.match(/alice|bob|192\.0\.2/)
    records.clock.advance(FORGOTTEN_AFTER_MS + 1)
    await attempts.purge()
    expect(await records.db.selectFrom('sign_in_attempt').selectAll().execute()).to.have.length(1)
    records.clock.advance(KNOWN_FOR_MS + 1)
    await attempts.purge()
    expect(await records.db.selectFrom('sign_in_attempt').selectAll().execute()).to.have.length(0)
  })
})
