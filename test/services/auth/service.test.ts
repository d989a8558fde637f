import { expect } from 'chai'
import { PROTOCOL_VERSION } from '#lib/protocol.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import { DEFAULT_PASSWORD_PARAMETERS } from '../../../services/auth/passwords/password-hash.ts'
import { DEFAULT_SESSION_LIFETIME_MS } from '../../../services/auth/sessions.ts'
import { FakeClock } from '../../support/clock.ts'
import { keyPairOf, secretOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { AuthUnderTest, loginRequestOf } from '../../support/running-auth.ts'
import { testLog } from '../../support/test-log.ts'

describe('AuthService', () => {
  const clock = new FakeClock(Date.now())
  const logged = testLog('info')
  let auth: AuthUnderTest

  before(async () => {
    const { log } = logged
    auth = await AuthUnderTest.start({ clock, log, config: { directoryAddress: 'chat.example.org:7002' } })
    await auth.addUser('bob', "bob's password")
  })

  after(async () => {
    await auth[Symbol.asyncDispose]()
  })

  describe('GetServerInfo', () => {
    it('names the installation and the way to the directory', async () => {
      const info = await auth.connect().call.getServerInfo({})
      expect(info.protocolVersion).to.equal(PROTOCOL_VERSION)
      expect(Buffer.compare(info.realm, realmOf(auth.running.caPem))).to.equal(0)
      expect(info.directoryAddress).to.equal('chat.example.org:7002')
      expect(info.serverTime).to.deep.equal(clock.now())
    })
  })

  describe('Login', () => {
    it('gives a session of the sizes and times that the contract states', async () => {
      const response = await auth.connect().call.login(loginRequestOf('bob'))
      expect(response.sessionToken).to.have.length(32)
      expect(response.sessionId).to.have.length(16)
      expect(response.serverTime).to.deep.equal(clock.now())
      expect(response.expiresAt).to.deep.equal(new Date(clock.nowMs() + DEFAULT_SESSION_LIFETIME_MS))
    })

    it('refuses a wrong password and an unknown user with one and the same answer', async () => {
      const wrong = await rejection(auth.login('bob', { password: 'wrong' }))
      const unknown = await rejection(auth.login('eve'))
      expect(wrong.code).to.equal('ERR_LOGIN_REFUSED')
      expect({ ...unknown, message: unknown.message }).to.deep.equal({ ...wrong, message: wrong.message })
    })

    it('leaves a line of each login in the log that says whose, also of one that is refused', async () => {
      const before = logged.lines().length
      await auth.login('bob')
      await rejection(auth.login('bob', { password: 'wrong' }))
      await rejection(auth.login('eve'))
      const calls = logged
        .lines()
        .slice(before)
        .filter(({ rpc }) => rpc === 'sotto.auth.v1.AuthService/Login')
      expect(calls.map(({ account, code }) => [account, code])).to.deep.equal([
        ['bob', undefined],
        ['bob', 'ERR_LOGIN_REFUSED'],
        ['eve', 'ERR_LOGIN_REFUSED'],
      ])
    })

    it('refuses fields out of their limits, and names all of them', async () => {
      const request = { username: 'Bob', password: '', identityKey: Buffer.alloc(32) }
      const { code, violations } = await rejection(auth.login('bob', request))
      expect(code).to.equal('ERR_INVALID_ARGUMENT')
      expect(violations.map(({ field }) => field)).to.deep.equal(['username', 'password', 'identity_key'])
      for (const { description } of violations) expect(description).to.match(/^must be /)
    })

    it('refuses another identity key, and tells so only to those who know the password', async () => {
      await auth.login('bob')
      const identityKey = Buffer.from(keyPairOf('another installation').publicKey)
      expect((await rejection(auth.login('bob', { identityKey }))).code).to.equal('ERR_IDENTITY_CONFLICT')
      const stranger = await rejection(auth.login('bob', { identityKey, password: 'wrong', replaceIdentityKey: true }))
      expect(stranger.code).to.equal('ERR_LOGIN_REFUSED')
    })

    it('takes another identity key that is to replace the first, and ends the earlier sessions', async () => {
      await auth.addUser('carol', "carol's password")
      const first = await auth.login('carol')
      const identityKey = Buffer.from(keyPairOf("carol's new machine").publicKey)
      const second = await auth.login('carol', { identityKey, replaceIdentityKey: true })
      const { call } = auth.connect()
      expect((await rejection(call.logout({}, { bearer: first.keys.authBearer }))).code).to.equal('ERR_SESSION_ENDED')
      await call.logout({}, { bearer: second.keys.authBearer })
      expect((await rejection(auth.login('carol'))).code).to.equal('ERR_IDENTITY_CONFLICT')
    })

    it('refuses at once over the bound of its queue, and says when to come back', async () => {
      await using busy = await AuthUnderTest.start({
        config: { hashing: { concurrency: 1, capacity: 2 }, password: DEFAULT_PASSWORD_PARAMETERS },
      })
      await busy.addUser('bob', "bob's password")
      const connection = busy.connect()
      const logins = Array.from({ length: 12 }, () => connection.call.login(loginRequestOf('bob')))
      const settled = await Promise.allSettled(logins)
      const refusals = await Promise.all(
        settled.flatMap((each, index) =>
          each.status === 'rejected' ? [rejection(logins[index] as Promise<unknown>)] : [],
        ),
      )
      expect(settled.length - refusals.length).to.be.within(3, 11)
      for (const { code, retryAfterMs } of refusals) {
        expect(code).to.equal('ERR_BUSY')
        expect(retryAfterMs).to.be.greaterThan(0)
      }
    })
  })

  describe('Logout', () => {
    it('ends the session, once', async () => {
      const { keys } = await auth.login('bob')
      const { call } = auth.connect()
      await call.logout({}, { bearer: keys.authBearer })
      expect((await rejection(call.logout({}, { bearer: keys.authBearer }))).code).to.equal('ERR_SESSION_ENDED')
    })

    it('does not tell a bearer that is missing, unknown, of another kind or expired', async () => {
      const { keys } = await auth.login('bob')
      const { call } = auth.connect()
      const refusals = await Promise.all(
        [{}, { bearer: secretOf('unknown') }, { bearer: keys.directoryBearer }].map((options) =>
          rejection(call.logout({}, options)),
        ),
      )
      clock.advance(DEFAULT_SESSION_LIFETIME_MS)
      refusals.push(await rejection(call.logout({}, { bearer: keys.authBearer })))
      for (const { code, message } of refusals) {
        expect({ code, message }).to.deep.equal({ code: 'ERR_SESSION_ENDED', message: refusals[0]?.message })
      }
    })
  })
})
