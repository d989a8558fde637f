import { expect } from 'chai'
import { openDatabase } from '#lib/runtime/database/database.ts'
import { PENDING_FOR_MS } from '#lib/second-factor.ts'
import { totpCode } from '#lib/totp.ts'
import { setDisabled } from '../../../../services/auth/admin.ts'
import { FORGOTTEN_AFTER_MS } from '../../../../services/auth/attempts/attempt-rows.ts'
import { PACE_OF_ACCOUNT } from '../../../../services/auth/attempts/sign-in-attempts.ts'
import { MIGRATIONS } from '../../../../services/auth/migrations.ts'
import { resetSecondFactor } from '../../../../services/auth/second-factor/administration.ts'
import type { AuthSchema } from '../../../../services/auth/store.ts'
import { FakeClock } from '../../../support/clock.ts'
import { Enrolled } from '../../../support/enrolled.ts'
import { keyPairOf } from '../../../support/random.ts'
import { rejection } from '../../../support/rejection.ts'
import { AuthUnderTest, loginRequestOf } from '../../../support/running-auth.ts'

describe('a second factor', () => {
  const clock = new FakeClock(Date.now())
  let auth: AuthUnderTest
  let people = 0

  before(async () => {
    auth = await AuthUnderTest.start({ clock })
  })
  after(() => auth[Symbol.asyncDispose]())

  /** An account of nobody else's test. */
  async function person(): Promise<string> {
    people += 1
    await auth.addUser(`person-${people}`, `person-${people}'s password`)
    return `person-${people}`
  }
  const signIn = (name: string, code = '', at = auth) => at.login(name, { code })
  const codeOf = async (refused: Promise<unknown>) => (await rejection(refused)).code
  const shown = (name: string, code = '') => ({ username: name, password: loginRequestOf(name).password, code })

  it('is asked for by who has one, and by nobody else', async () => {
    const [with_, without] = [await person(), await person()]
    const enrolled = await Enrolled.begin(auth, with_, clock)
    expect(await codeOf(signIn(with_))).to.equal('ERR_CODE_REQUIRED')
    await signIn(with_, enrolled.nextCode())
    await signIn(without)
    await signIn(without, '123456')
  })

  it('says nothing to who does not know the password, with whatever code', async () => {
    const [with_, without] = [await person(), await person()]
    const enrolled = await Enrolled.begin(auth, with_, clock)
    const right = enrolled.nextCode()
    const tries = [
      ...['', right, enrolled.wrongCode(), enrolled.recoveryCodes[0] ?? ''].map((code) => [with_, code]),
      ...['', right].flatMap((code) => [without, 'nobody'].map((name) => [name, code])),
    ]
    const answers: object[] = []
    for (const [name = '', code = ''] of tries) {
      const refused = await rejection(auth.login(name, { password: 'wrong', code }))
      answers.push({ ...refused, message: refused.message })
    }
    for (const answer of answers) expect(answer).to.deep.equal(answers[0]).and.include({ code: 'ERR_LOGIN_REFUSED' })
    // And no code has served by that.
    clock.advance(FORGOTTEN_AFTER_MS + 1)
    await signIn(with_, enrolled.code())
    await signIn(with_, enrolled.recoveryCodes[0])
  })

  it('takes each code once, in whatever order they come, and none that is older', async () => {
    const name = await person()
    const enrolled = await Enrolled.begin(auth, name, clock)
    // The one that has confirmed it.
    expect(await codeOf(signIn(name, enrolled.code()))).to.equal('ERR_CODE_REFUSED')
    const [earlier, code] = [enrolled.nextCode(), enrolled.code(1)]
    await signIn(name, code)
    for (const spent of [code, earlier]) expect(await codeOf(signIn(name, spent))).to.equal('ERR_CODE_REFUSED')
    clock.advance(30_000)
    expect(await codeOf(signIn(name, code))).to.equal('ERR_CODE_REFUSED')
    await signIn(name, enrolled.nextCode())
  })

  it('lets one of many in who come with one code at once, whichever replica they come to', async () => {
    const name = await person()
    const { authorityFolder, wrappingKeyFile, database } = auth.config
    await using other = await AuthUnderTest.start({ clock, config: { authorityFolder, wrappingKeyFile, database } })
    const enrolled = await Enrolled.begin(auth, name, clock)
    for (const code of [enrolled.nextCode(), enrolled.recoveryCodes[0]]) {
      const outcomes = await Promise.allSettled([auth, other, auth, other].map((at) => signIn(name, code, at)))
      const refusals = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []))
      expect(refusals).to.deep.equal(Array(3).fill('ERR_CODE_REFUSED'))
    }
  })

  it('has ten recovery codes, each for one time, in small letters and without dashes, too', async () => {
    const name = await person()
    const { recoveryCodes } = await Enrolled.begin(auth, name, clock)
    expect(new Set(recoveryCodes)).to.have.property('size', 10)
    const [first = '', second = ''] = recoveryCodes
    const { keys } = await signIn(name, first)
    expect(await codeOf(signIn(name, first))).to.equal('ERR_CODE_REFUSED')
    await signIn(name, ` ${second.toLowerCase().replaceAll('-', ' ')} `)
    const left = () => auth.connect().call.getSecondFactor({}, { bearer: keys.authBearer })
    expect((await left()).recoveryCodesLeft).to.equal(8)
    const { call } = auth.connect()
    const renewed = await call.renewRecoveryCodes(shown(name, recoveryCodes[2]))
    expect(await codeOf(signIn(name, recoveryCodes[3]))).to.equal('ERR_CODE_REFUSED')
    await signIn(name, renewed.recoveryCodes[3])
    expect((await left()).recoveryCodesLeft).to.equal(9)
  })

  it("takes nobody else's codes", async () => {
    const [one, other] = [await person(), await person()]
    const [ones, others] = [await Enrolled.begin(auth, one, clock), await Enrolled.begin(auth, other, clock)]
    expect(await codeOf(signIn(one, others.nextCode()))).to.equal('ERR_CODE_REFUSED')
    expect(await codeOf(signIn(one, others.recoveryCodes[0]))).to.equal('ERR_CODE_REFUSED')
    await signIn(one, ones.code())
  })

  it('is none before its first code, nor when that comes late', async () => {
    const name = await person()
    const { call } = auth.connect()
    await call.beginSecondFactor(shown(name))
    await signIn(name)
    expect(await codeOf(signIn(name, '123456'))).to.equal('ERR_CODE_REFUSED')
    clock.advance(PENDING_FOR_MS)
    const { recoveryCodes } = await call.login({ ...loginRequestOf(name), code: '123456' })
    expect(recoveryCodes).to.deep.equal([])
    expect(await codeOf(call.renewRecoveryCodes(shown(name)))).to.equal('ERR_ENROLMENT_REQUIRED')
  })

  it('is replaced by one who has a code of it, and serves until the other is confirmed', async () => {
    const name = await person()
    const { call } = auth.connect()
    const former = await Enrolled.begin(auth, name, clock)
    expect(await codeOf(call.beginSecondFactor(shown(name)))).to.equal('ERR_CODE_REQUIRED')
    expect(await codeOf(call.beginSecondFactor(shown(name, former.wrongCode())))).to.equal('ERR_CODE_REFUSED')
    await call.beginSecondFactor(shown(name, former.nextCode()))
    await signIn(name, former.nextCode())
    const next = await Enrolled.begin(auth, name, clock, former.nextCode())
    expect(await codeOf(signIn(name, former.nextCode()))).to.equal('ERR_CODE_REFUSED')
    expect(await codeOf(signIn(name, former.recoveryCodes[0]))).to.equal('ERR_CODE_REFUSED')
    await signIn(name, next.code())
  })

  it('is taken away by who has password and code, and no code by itself is enough', async () => {
    const name = await person()
    const enrolled = await Enrolled.begin(auth, name, clock)
    const { call } = auth.connect()
    const code = enrolled.nextCode()
    expect(await codeOf(call.endSecondFactor({ ...shown(name, code), password: 'wrong' }))).to.equal(
      'ERR_LOGIN_REFUSED',
    )
    expect(await codeOf(call.endSecondFactor(shown(name)))).to.equal('ERR_CODE_REQUIRED')
    await call.endSecondFactor(shown(name, code))
    await call.endSecondFactor(shown(name))
    const { keys } = await signIn(name)
    expect(await call.getSecondFactor({}, { bearer: keys.authBearer })).to.deep.equal({
      confirmedAt: undefined,
      recoveryCodesLeft: 0,
    })
  })

  it('is reset by the host, and all sessions end', async () => {
    const name = await person()
    const enrolled = await Enrolled.begin(auth, name, clock)
    const { keys } = await signIn(name, enrolled.nextCode())
    expect(await resetSecondFactor(auth.config, clock, name)).to.equal(true)
    const asked = auth.connect().call.getSecondFactor({}, { bearer: keys.authBearer })
    expect(await codeOf(asked)).to.equal('ERR_SESSION_ENDED')
    await signIn(name)
    expect(await resetSecondFactor(auth.config, clock, name)).to.equal(false)
    expect(await codeOf(resetSecondFactor(auth.config, clock, 'nobody'))).to.equal('ERR_NO_SUCH_USER')
  })

  it('spends no code of a sign-in that is refused for another reason', async () => {
    const name = await person()
    const enrolled = await Enrolled.begin(auth, name, clock)
    const code = enrolled.nextCode()
    const identityKey = Buffer.from(keyPairOf('another installation').publicKey)
    expect(await codeOf(auth.login(name, { identityKey }))).to.equal('ERR_CODE_REQUIRED')
    expect(await codeOf(auth.login(name, { identityKey, code: enrolled.wrongCode() }))).to.equal('ERR_CODE_REFUSED')
    expect(await codeOf(auth.login(name, { identityKey, code }))).to.equal('ERR_IDENTITY_CONFLICT')
    await setDisabled(auth.config, clock, name, true)
    expect(await codeOf(signIn(name, code))).to.equal('ERR_ACCOUNT_DISABLED')
    await setDisabled(auth.config, clock, name, false)
    await signIn(name, code)
  })

  it('slows the guessing of codes down as that of passwords, and counts no sign-in that lacks one', async () => {
    const name = await person()
    const enrolled = await Enrolled.begin(auth, name, clock)
    for (let count = 0; count < 2 * PACE_OF_ACCOUNT.free; count += 1) {
      expect(await codeOf(signIn(name))).to.equal('ERR_CODE_REQUIRED')
    }
    for (let count = 0; count <= PACE_OF_ACCOUNT.free; count += 1) {
      expect(await codeOf(signIn(name, enrolled.wrongCode()))).to.equal('ERR_CODE_REFUSED')
    }
    // The one that it would take.
    const { code, retryAfterMs = 0 } = await rejection(signIn(name, enrolled.code(1)))
    expect(code).to.equal('ERR_BUSY')
    clock.advance(retryAfterMs)
    await signIn(name, enrolled.code(1))
  })

  it('makes no network known by what is no sign-in, and that is done unseen', async () => {
    const name = await person()
    const db = await openDatabase<AuthSchema>(auth.config.database, MIGRATIONS, { durability: 'disk' })
    const countKnown = async () =>
      (await db.selectFrom('sign_in_attempt').select('key').where('known_at', '>', 0).execute()).length
    const before = await countKnown()
    const { call } = auth.connect()
    await call.beginSecondFactor(shown(name))
    await call.endSecondFactor(shown(name))
    expect(await countKnown()).to.equal(before)
    await signIn(name)
    expect(await countKnown()).to.equal(before + 1)
    await db.destroy()
  })

  it('is as good as its recovery codes where its secret does not open, and holds up nobody else', async () => {
    const [name, other] = [await person(), await person()]
    const { recoveryCodes, ...enrolled } = await Enrolled.begin(auth, name, clock)
    const db = await openDatabase<AuthSchema>(auth.config.database, MIGRATIONS, { durability: 'disk' })
    const secret = Buffer.alloc(48, 1)
    const account = db.selectFrom('account').select('id').where('name', '=', name)
    await db.updateTable('second_factor').set({ secret }).where('account_id', '=', account).execute()
    await db.destroy()
    const [refused] = await Promise.all([rejection(signIn(name, totpCode(enrolled.secret, 0))), signIn(other)])
    expect(refused.code).to.equal('ERR_CODE_REFUSED')
    await signIn(name, recoveryCodes[0])
  })

  it('refuses what can be no code, before anything else', async () => {
    const name = await person()
    for (const code of [
      '12345',
      '1234567',
      'abc',
      'ABCD-EFGH-2345-67Q1',
      '\u0661'.repeat(6),
      `${' '.repeat(60)}123456`,
    ]) {
      const { code: refusal, violations } = await rejection(signIn(name, code))
      expect([refusal, violations.map(({ field }) => field)]).to.deep.equal(['ERR_INVALID_ARGUMENT', ['code']])
    }
  })

  it('is asked of everybody where the host says so: no session begins or goes on without', async () => {
    const [with_, without] = [await person(), await person()]
    const enrolled = await Enrolled.begin(auth, with_, clock)
    const kept = await signIn(with_, enrolled.nextCode())
    const ended = await signIn(without)
    const { authorityFolder, wrappingKeyFile, database } = auth.config
    const config = { authorityFolder, wrappingKeyFile, database, isSecondFactorRequired: true }
    await using strict = await AuthUnderTest.start({ clock, config })
    const { call } = strict.connect()
    const asked = (bearer: typeof kept.keys.authBearer) => call.getSecondFactor({}, { bearer })
    expect(await codeOf(asked(ended.keys.authBearer))).to.equal('ERR_SESSION_ENDED')
    await asked(kept.keys.authBearer)
    expect(await codeOf(signIn(without, '', strict))).to.equal('ERR_ENROLMENT_REQUIRED')
    expect(await codeOf(signIn(without, '123456', strict))).to.equal('ERR_ENROLMENT_REQUIRED')
    expect(await codeOf(strict.login(without, { password: 'wrong' }))).to.equal('ERR_LOGIN_REFUSED')
    const own = await Enrolled.begin(strict, without, clock)
    await signIn(without, own.nextCode(), strict)
    expect(await codeOf(call.endSecondFactor(shown(without, own.nextCode())))).to.equal('ERR_TURNED_OFF')
    await signIn(without, own.code(), strict)
  })
})
