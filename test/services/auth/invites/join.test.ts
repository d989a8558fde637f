import { expect } from 'chai'
import { drawInviteCode } from '#lib/invite-link.ts'
import type { Secret } from '#lib/secret.ts'
import {
  type Invitee,
  type IssuedInvite,
  invite,
  invites,
  withdraw,
} from '../../../../services/auth/invites/administration.ts'
import type { SignUpMode } from '../../../../services/auth/invites/redeem-invite.ts'
import { FakeClock } from '../../../support/clock.ts'
import { rejection } from '../../../support/rejection.ts'
import { AuthUnderTest } from '../../../support/running-auth.ts'
import { testLog } from '../../../support/test-log.ts'

const HOUR_MS = 3_600_000

describe('Join', () => {
  const clock = new FakeClock(Date.now())
  const logged = testLog('info')
  let auth: AuthUnderTest

  before(async () => {
    auth = await AuthUnderTest.start({ clock, log: logged.log })
  })
  after(() => auth[Symbol.asyncDispose]())

  async function issue(changes: Partial<Invitee> = {}): Promise<IssuedInvite> {
    const wanted = { name: undefined, displayName: '', cohort: undefined, isReset: false, ...changes }
    return await invite(auth.config, clock, wanted, HOUR_MS)
  }

  const join = (username: string, code?: Secret, on = auth) =>
    on.connect().call.join({
      code: Buffer.from(code?.reveal() ?? []),
      username,
      password: `${username}'s password`,
    })

  it('makes the account that an invite is for, with the password of who takes it up', async () => {
    const { code } = await issue({ name: 'alice', displayName: 'Alice Müller', cohort: 'term' })
    await join('alice', code)
    await auth.login('alice')
    const [used] = await invites(auth.config, clock)
    expect(used).to.include({ name: 'alice', displayName: 'Alice Müller', cohort: 'term', state: 'used' })
  })

  it('lets who has an invite without a name choose one that is free', async () => {
    await auth.addUser('bob', "bob's password")
    await issue({ name: 'carol' })
    const { code } = await issue()
    for (const taken of ['bob', 'carol']) {
      expect((await rejection(join(taken, code))).code, taken).to.equal('ERR_ACCOUNT_EXISTS')
    }
    await join('dave', code)
    await auth.login('dave')
  })

  it('gives one answer to codes that are used, expired, withdrawn, guessed, or for another name; the log tells', async () => {
    const used = await issue()
    await join('erin', used.code)
    const expired = await issue()
    clock.advance(HOUR_MS)
    const withdrawn = await issue()
    await withdraw(auth.config, clock, [withdrawn.id, withdrawn.id])
    const named = await issue({ name: 'frank' })
    const before = logged.lines().length
    const refusals = []
    for (const code of [used.code, expired.code, withdrawn.code, drawInviteCode(), named.code, undefined]) {
      const { code: reason, message, hint } = await rejection(join('grace', code))
      refusals.push({ reason, message, hint })
    }
    expect(refusals[0]?.reason).to.equal('ERR_INVITE_REFUSED')
    for (const each of refusals) expect(each).to.deep.equal(refusals[0])
    const told = logged
      .lines()
      .slice(before)
      .filter(({ msg }) => msg === 'invite refused')
      .map(({ reason, invite: id, account }) => [reason, id, account])
    expect(told).to.deep.equal([
      ['used', used.id, 'grace'],
      ['expired', expired.id, 'grace'],
      ['withdrawn', withdrawn.id, 'grace'],
      ['unknown', undefined, 'grace'],
      ['for another name', named.id, 'grace'],
      ['none', undefined, 'grace'],
    ])
    // A try by another name has not spent it.
    await join('frank', named.code)
  })

  it('spends a code once, whoever comes at the same moment', async () => {
    const { code } = await issue()
    const outcomes = await Promise.allSettled(['heidi', 'ivan', 'judy'].map((name) => join(name, code)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
  })

  it('refuses passwords as for any new account, and fields out of their limits, before a code is spent', async () => {
    const { code } = await issue()
    const { call } = auth.connect()
    const request = { code: Buffer.from(code.reveal()), username: 'kim', password: 'baseball' }
    for (const [wrong, fields] of [
      [{}, ['password']],
      [{ password: 'short' }, ['password']],
      [{ password: 'x'.repeat(1025) }, ['password']],
      [{ code: Buffer.alloc(15), username: 'Kim', password: '' }, ['code', 'username', 'password']],
    ] as const) {
      const { code: reason, violations } = await rejection(call.join({ ...request, ...wrong }))
      expect([reason, violations.map(({ field }) => field)]).to.deep.equal(['ERR_INVALID_ARGUMENT', fields])
    }
    await join('kim', code)
  })

  it('sets the password of an account that is there, and ends its sessions', async () => {
    await auth.addUser('leo', "leo's former password")
    const { code } = await issue({ name: 'leo', isReset: true })
    const { keys } = await auth.login('leo', { password: "leo's former password" })
    await join('leo', code)
    const { call } = auth.connect()
    expect((await rejection(call.logout({}, { bearer: keys.authBearer }))).code).to.equal('ERR_SESSION_ENDED')
    expect((await rejection(auth.login('leo', { password: "leo's former password" }))).code).to.equal(
      'ERR_LOGIN_REFUSED',
    )
    await auth.login('leo')
    expect((await rejection(join('leo', code))).code).to.equal('ERR_INVITE_REFUSED')
    expect((await rejection(issue({ name: 'nobody', isReset: true }))).code).to.equal('ERR_NO_SUCH_USER')
  })

  it('lets everybody in, or nobody, where the host says so', async () => {
    const answersIn = async (signUp: SignUpMode): Promise<unknown[]> => {
      await using other = await AuthUnderTest.start({ config: { signUp } })
      const wanted = { displayName: '', cohort: undefined }
      await other.addUser('nina', "nina's former password")
      const inviteTo = (name: string | undefined, isReset: boolean) =>
        invite(other.config, other.clock, { ...wanted, name, isReset }, HOUR_MS)
      const [first, reset] = [await inviteTo(undefined, false), await inviteTo('nina', true)]
      const answers = []
      for (const [name, code] of [
        ['mia', undefined],
        ['mia', undefined],
        ['otto', first.code],
        ['nina', reset.code],
      ] as const) {
        answers.push(
          await join(name, code, other).then(
            () => 'joined',
            ({ code: reason }) => reason,
          ),
        )
      }
      return answers
    }
    expect(await answersIn('open')).to.deep.equal(['joined', 'ERR_ACCOUNT_EXISTS', 'joined', 'joined'])
    expect(await answersIn('closed')).to.deep.equal(['ERR_TURNED_OFF', 'ERR_TURNED_OFF', 'ERR_TURNED_OFF', 'joined'])
  })

  it('hashes the password first, whatever the code: a guess costs what a login costs, and waits in its queue', async () => {
    await using busy = await AuthUnderTest.start({
      config: { hashing: { concurrency: 1, capacity: 1 }, password: { memoryKib: 19_456, passes: 2, parallelism: 1 } },
    })
    const guesses = Array.from({ length: 8 }, () => rejection(join('eve', drawInviteCode(), busy)))
    const codes = (await Promise.all(guesses)).map(({ code }) => code)
    expect(codes).to.include('ERR_BUSY').and.include('ERR_INVITE_REFUSED')
  })

  it('is told of in the list, and only what is open can be withdrawn', async () => {
    const { id, code } = await issue({ name: 'peggy' })
    await join('peggy', code)
    for (const gone of [id, 'ffffffff']) {
      const open = await issue()
      expect((await rejection(withdraw(auth.config, clock, [open.id, gone]))).code).to.equal('ERR_NO_SUCH_INVITE')
      const states = new Map((await invites(auth.config, clock)).map((each) => [each.id, each.state]))
      expect(states.get(open.id)).to.equal('open')
    }
    clock.advance(31 * 24 * HOUR_MS)
    await issue()
    expect(await invites(auth.config, clock)).to.have.length(1)
  })
})
