import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { audit } from '../../../../services/auth/audit/administration.ts'
import type { ChainedEntry } from '../../../../services/auth/audit/chain.ts'
import { resetSecondFactor } from '../../../../services/auth/second-factor/administration.ts'
import { FakeClock } from '../../../support/clock.ts'
import { Enrolled } from '../../../support/enrolled.ts'
import { keyPairOf } from '../../../support/random.ts'
import { rejection } from '../../../support/rejection.ts'
import { AuthUnderTest } from '../../../support/running-auth.ts'

describe('the audit log of Auth', () => {
  let auth: AuthUnderTest
  before(async () => {
    auth = await AuthUnderTest.start({ isLaid: true })
  })
  after(() => auth[Symbol.asyncDispose]())

  async function told() {
    const entries: ChainedEntry[] = []
    await audit(auth.config, { onEntry: (entry) => entries.push(entry) })
    return entries
  }
  /** What is told of something that is done. */
  async function toldOf(work: () => Promise<unknown>): Promise<string[][]> {
    const { length } = await told()
    await work()
    return (await told()).slice(length).map(({ who, what, subject, detail }) => [who, what, subject, detail])
  }

  it('begins with the keys that are made, by ids that are no secret', async () => {
    const entries = await told()
    expect(entries.map(({ what }) => what)).to.deep.equal(['installation begun', 'wrapping key made'])
    expect(entries[0]?.detail).to.match(/^realm [0-9a-f]{64}$/)
    await auth.stop()
    await auth.start()
    expect(await told()).to.have.length(2)
  })

  it('tells of sign-ins and why they are refused, and of no name that is nobody', async () => {
    await auth.addUser('alice', "alice's password")
    const refused = () => [
      rejection(auth.login('alice', { password: 'a guess' })),
      rejection(auth.login('alice', { identityKey: Buffer.from(keyPairOf('phone').publicKey) })),
      rejection(auth.login('hunter2')),
    ]
    const sorted = await toldOf(async () => {
      // First, as the first sign-in decides which identity key is alice's.
      await auth.login('alice')
      await Promise.all(refused())
    })
    expect(sorted.map((fields) => fields.join('|')).sort()).to.deep.equal([
      '(somebody)|sign-in refused|alice|another identity key',
      '(somebody)|sign-in refused|alice|wrong password',
      '(somebody)|sign-in refused||no such account',
      'alice|session begun|alice|',
    ])
    expect(JSON.stringify(await told())).not.to.match(/hunter2|a guess|127\.0\.0\.1/)
  })

  it('tells of second factors, and of codes that are wrong, but not of a sign-in that comes without', async () => {
    await auth.addUser('bob', "bob's password")
    const clock = new FakeClock(auth.clock.now().getTime())
    const shown = (code: string) => ({ username: 'bob', password: "bob's password", code })
    const told = await toldOf(async () => {
      const enrolled = await Enrolled.begin(auth, 'bob', clock)
      const [first, second, third] = enrolled.recoveryCodes
      await rejection(auth.login('bob'))
      await rejection(auth.login('bob', { code: enrolled.wrongCode() }))
      await auth.login('bob', { code: first ?? '' })
      const { call } = auth.connect()
      await rejection(call.endSecondFactor(shown(first ?? '')))
      await call.renewRecoveryCodes(shown(second ?? ''))
      await rejection(call.endSecondFactor(shown(third ?? '')))
      await resetSecondFactor(auth.config, clock, 'bob')
    })
    expect(told.map((fields) => fields.join('|'))).to.deep.equal([
      'bob|second factor confirmed|bob|',
      'bob|session begun|bob|',
      '(somebody)|sign-in refused|bob|wrong code',
      'bob|recovery code used|bob|left: 9',
      'bob|session begun|bob|',
      '(somebody)|second factor refused|bob|wrong code',
      'bob|recovery code used|bob|left: 8',
      'bob|recovery codes renewed|bob|',
      '(somebody)|second factor refused|bob|wrong code',
      '(host)|second factor reset|bob|',
    ])
  })

  it('tells of invites that are refused, and not of their codes', async () => {
    const code = randomBytes(16)
    const join = () => auth.connect().call.join({ code, username: 'eve', password: 'long enough 7' })
    expect(await toldOf(() => rejection(join()))).to.deep.equal([['(somebody)', 'invite refused', '', 'unknown']])
    expect(JSON.stringify(await told())).not.to.include(code.toString('hex'))
  })

  it('tells of passwords that are changed and sessions that are ended, by their owner', async () => {
    const { keys } = await auth.login('alice')
    const { call } = auth.connect()
    const options = { bearer: keys.authBearer }
    const change = (currentPassword: string) =>
      call.changePassword({ currentPassword, newPassword: 'another password' }, options)
    const expected = [
      ['(somebody)', 'password change refused', 'alice', 'wrong password'],
      ['alice', 'password changed', 'alice', ''],
      ['alice', 'session begun', 'alice', ''],
      ['alice', 'sessions ended', 'alice', '1'],
      ['alice', 'session ended', 'alice', ''],
    ]
    expect(
      await toldOf(async () => {
        await rejection(change('a guess'))
        await change("alice's password")
        await auth.login('alice', { password: 'another password' })
        await call.endSessions({ sessionIds: [] }, options)
        await call.logout({}, options)
      }),
    ).to.deep.equal(expected)
  })
})
