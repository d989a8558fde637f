import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { fingerprintOf, realmOf } from '#lib/runtime/tls.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { findServer, type ServerOptions } from '../../../clients/session/authority.ts'
import { type LoginOptions, login, logout } from '../../../clients/session/login.ts'
import type { TraceEvent } from '../../../clients/trace/trace.ts'
import { passwordOf } from '../../support/auth-records.ts'
import { authServer, SERVER_INFO } from '../../support/auth-server.ts'
import { freePort } from '../../support/free-port.ts'
import { rejection } from '../../support/rejection.ts'
import { AuthUnderTest } from '../../support/running-auth.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'
import { testAuthority } from '../../support/test-authority.ts'

const NEVER = new AbortController().signal

describe('signing in', () => {
  let auth: AuthUnderTest
  let home: TemporaryFolder
  let profile: Profile

  before(async () => {
    auth = await AuthUnderTest.start({ clock: systemClock, config: { directoryAddress: ':7002' } })
    await auth.addUser('alice', "alice's password")
    await auth.addUser('bob', "bob's password")
  })
  after(() => auth[Symbol.asyncDispose]())
  beforeEach(async () => {
    home = await temporaryFolder()
    profile = await Profile.openOrCreate(home.path, 'alice')
  })
  afterEach(() => home[Symbol.asyncDispose]())

  const trusted = () => ({ authAddress: auth.running.address, authorityPem: auth.running.caPem })

  const signIn = (changes: Partial<LoginOptions> = {}) =>
    login({
      profile,
      server: trusted(),
      username: 'alice',
      askPassword: async () => passwordOf("alice's password"),
      replaceIdentityKey: true,
      clock: systemClock,
      signal: NEVER,
      trace: undefined,
      ...changes,
    })

  describe('findServer', () => {
    const find = (options: ServerOptions) => findServer(options, undefined)

    it('takes the authority from a file, and nothing else that is in it', async () => {
      const caFile = join(home.path, 'ca.pem')
      const { keyPem } = await auth.ownCertificate()
      await writeFile(caFile, `${auth.running.caPem}\n${keyPem}`)
      const { authorityPem } = await find({ server: auth.running.address, caFile })
      expect(fingerprintOf(authorityPem)).to.equal(fingerprintOf(auth.running.caPem))
      expect(authorityPem).not.to.include('PRIVATE KEY')
    })

    it('takes the authority from the server by its fingerprint, and no other', async () => {
      const fingerprint = fingerprintOf(auth.running.caPem)
      const server = auth.running.address
      const byAddress = await find({ server: `${server}#${fingerprint}` })
      const byFlag = await find({ server, caFingerprint: fingerprint.toUpperCase() })
      for (const found of [byAddress, byFlag]) expect(fingerprintOf(found.authorityPem)).to.equal(fingerprint)
      const other = fingerprint.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
      expect((await rejection(find({ server, caFingerprint: other }))).code).to.equal('ERR_CA_MISMATCH')
    })

    it('takes what an earlier login knows where nothing is said', async () => {
      expect(await findServer({}, trusted())).to.deep.equal(trusted())
    })

    it('trusts nobody by chance', async () => {
      const server = auth.running.address
      const caFile = join(home.path, 'ca.pem')
      await writeFile(caFile, 'no certificate')
      const wrong: ReadonlyArray<readonly [ServerOptions, string]> = [
        [{}, 'ERR_USAGE'],
        [{ server }, 'ERR_USAGE'],
        [{ server: 'not an address', caFile }, 'ERR_USAGE'],
        [{ server: 'host:99999', caFile }, 'ERR_USAGE'],
        [{ server: `${server}#00`, caFile }, 'ERR_USAGE'],
        [{ server, caFile }, 'ERR_CA_MISMATCH'],
        [{ server, caFile: join(home.path, 'nowhere') }, 'ERR_CONFIG'],
      ]
      for (const [options, code] of wrong)
        expect((await rejection(find(options))).code, JSON.stringify(options)).to.equal(code)
    })

    it('says that a port is none', async () => {
      const caFile = join(home.path, 'ca.pem')
      for (const server of ['host:99999', 'host:0', 'host:abc', 'host:', '[2001:db8::7]:http']) {
        const { code, message } = await rejection(find({ server, caFile }))
        expect([code, message.includes('port')], server).to.deep.equal(['ERR_USAGE', true])
      }
      expect((await rejection(find({ server: '2001:db8::7', caFile }))).message).not.to.include('port')
    })

    it('knows the port of auth', async () => {
      const known = { authAddress: 'chat.example:1', authorityPem: auth.running.caPem }
      for (const [server, address] of [
        ['chat.example', 'chat.example:7001'],
        ['[2001:db8::7]', '[2001:db8::7]:7001'],
        ['192.0.2.7:9', '192.0.2.7:9'],
      ] as const) {
        expect((await findServer({ server }, known)).authAddress).to.equal(address)
      }
    })
  })

  describe('login', () => {
    it('keeps a session with the keys that Auth has too, and the directory’s address', async () => {
      const { session, directoryAddress, clockOffsetMs } = await signIn()
      expect(directoryAddress).to.equal('127.0.0.1:7002')
      expect(Math.abs(clockOffsetMs)).to.be.below(2_000)
      const { login: kept } = await Profile.open(home.path, 'alice')
      expect(kept.session.keys.authBearer.equals(session?.keys.authBearer.reveal() ?? new Uint8Array(0))).to.equal(true)
      await logout(profile, NEVER)
      expect((await Profile.open(home.path, 'alice')).state.account?.session).to.equal(undefined)
    })

    it('comes again as late as Auth asks for where that has too many logins, and gives up after a few', async () => {
      for (const [refusals, code] of [
        [2, undefined],
        [3, 'ERR_BUSY'],
      ] as const) {
        let calls = 0
        await using busy = await authServer({
          getServerInfo: async () => ({ ...SERVER_INFO, realm: Buffer.from(realmOf(busy.authority.authorityPem)) }),
          async login() {
            calls += 1
            if (calls <= refusals) throw new SottoError('ERR_BUSY', 'too many logins', { retryAfterMs: 10 })
            const [sessionToken, sessionId] = [Buffer.alloc(32, 1), Buffer.alloc(16, 2)]
            const expiresAt = new Date(SERVER_INFO.serverTime.getTime() + 86_400_000)
            return { sessionToken, sessionId, expiresAt, serverTime: SERVER_INFO.serverTime, recoveryCodes: [] }
          },
        })
        const { authorityPem } = busy.authority
        const fresh = await Profile.openOrCreate(home.path, `after-${refusals}`)
        const signing = signIn({ profile: fresh, server: { authAddress: busy.address, authorityPem } })
        const outcome = await signing.then(
          () => undefined,
          (error: SottoError) => error.code,
        )
        expect([outcome, calls]).to.deep.equal([code, 3])
      }
    })

    it('shows messages 1 and 2, with no password and no token in them', async () => {
      const events: TraceEvent[] = []
      await signIn({ trace: (event) => void events.push(event) })
      expect(events.map(({ step, message }) => [step, message])).to.deep.equal([
        [1, 'LoginRequest'],
        [2, 'LoginResponse'],
      ])
      expect(JSON.stringify(events)).not.to.include("alice's password")
    })

    it('refuses a wrong password and an unknown name alike', async () => {
      const wrong = await rejection(signIn({ askPassword: async () => passwordOf('guess') }))
      const unknown = await rejection(signIn({ username: 'nobody' }))
      expect([wrong.code, unknown.code]).to.deep.equal(['ERR_LOGIN_REFUSED', 'ERR_LOGIN_REFUSED'])
      expect(wrong.message).to.equal(unknown.message)
      expect(profile.state.account).to.equal(undefined)
    })

    it('asks for no password before the server has shown that it is the right one', async () => {
      await using stranger = await testAuthority()
      const server = { ...trusted(), authorityPem: stranger.authorityPem }
      const askPassword = () => Promise.reject(new Error('asked'))
      expect((await rejection(signIn({ server, askPassword }))).code).to.equal('ERR_SERVER_UNTRUSTED')
    })

    it('keeps a profile to one account of one installation', async () => {
      await signIn()
      const asBob = { username: 'bob', askPassword: async () => passwordOf("bob's password") }
      expect((await rejection(signIn(asBob))).code).to.equal('ERR_USAGE')
      await using elsewhere = await testAuthority()
      const server = { ...trusted(), authorityPem: elsewhere.authorityPem }
      // Of another installation that is there: rotated-authority.test.ts.
      expect((await rejection(signIn({ server }))).code).to.equal('ERR_SERVER_UNTRUSTED')
      await signIn()
    })

    it('keeps nothing of an answer that breaks its contract', async () => {
      const serverTime = new Date()
      const begun = {
        sessionToken: Buffer.alloc(32, 1),
        sessionId: Buffer.alloc(16, 1),
        expiresAt: serverTime,
        serverTime,
        recoveryCodes: [],
      }
      const liar = await authServer({
        getServerInfo: async () => ({ ...SERVER_INFO, realm: Buffer.from(realmOf(liar.authority.authorityPem)) }),
        login: async () => ({ ...begun, expiresAt: new Date(Date.UTC(20_000, 0)) }),
      })
      await using _ = liar
      const server = { authAddress: liar.address, authorityPem: liar.authority.authorityPem }
      expect((await rejection(signIn({ server }))).code).to.equal('ERR_UNAVAILABLE')
      expect((await Profile.open(home.path, 'alice')).state.account).to.equal(undefined)
    })

    it('says so where nobody listens', async () => {
      const server = { ...trusted(), authAddress: `127.0.0.1:${await freePort()}` }
      expect((await rejection(signIn({ server }))).code).to.equal('ERR_UNAVAILABLE')
    })
  })

  describe('logout', () => {
    it('ends a session that Auth has ended already', async () => {
      const { session } = await signIn()
      const first = profile.state
      await logout(profile, NEVER)
      await profile.update(() => first)
      await logout(profile, NEVER)
      expect(session).not.to.equal(undefined)
      expect(profile.state.account?.session).to.equal(undefined)
    })
  })
})
