import { expect } from 'chai'
import { Secret } from '#lib/secret.ts'
import { bearerHash, deriveSessionKeys } from '#lib/session/session-keys.ts'
import type { AuthenticatedAccount } from '../../../services/auth/accounts.ts'
import { WrappingKey } from '../../../services/auth/keys/key-wrapping.ts'
import { MAX_SESSIONS } from '../../../services/auth/sessions/begin-sessions.ts'
import { DEFAULT_SESSION_LIFETIME_MS, EXTENSION_STEP_MS } from '../../../services/auth/sessions.ts'
import { AuthRecords, findSession, passwordOf } from '../../support/auth-records.ts'
import { codeOf } from '../../support/code-of.ts'
import { bytesOf, keyPairOf, secretOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'

const LAPTOP = keyPairOf('laptop').publicKey
const PHONE = keyPairOf('phone').publicKey

describe('Sessions', () => {
  let records: AuthRecords
  let bob: AuthenticatedAccount

  beforeEach(async () => {
    records = await AuthRecords.open()
    await records.accounts.add([{ name: 'bob', password: passwordOf('x') }])
    bob = await records.accounts.authenticate('bob', passwordOf('x'))
  })

  afterEach(async () => {
    await records[Symbol.asyncDispose]()
  })

  async function begin(identityKey = LAPTOP, replace = false) {
    const session = await records.sessions.begin(bob, identityKey, replace)
    return { ...session, keys: deriveSessionKeys(session.token) }
  }

  describe('begin', () => {
    it('gives a token whose directory bearer is known from then on', async () => {
      const { id, expiresAtMs, keys } = await begin()
      expect(expiresAtMs).to.equal(records.clock.nowMs() + DEFAULT_SESSION_LIFETIME_MS)
      const found = await records.sessions.use(keys.directoryBearer)
      expect(found).to.include({ name: 'bob', expiresAtMs })
      expect(Buffer.from(found?.id ?? [])).to.deep.equal(Buffer.from(id))
      expect(Buffer.from(found?.identityKey ?? [])).to.deep.equal(Buffer.from(LAPTOP))
    })

    it('keeps the two sealing keys, so that they can be opened again', async () => {
      const { id, keys } = await begin()
      const found = await findSession(records.sessions, id)
      if (!found) throw new Error('no session')
      expect(records.sessions.unwrap(found, 'ticket').equals(keys.ticketKey)).to.equal(true)
      expect(records.sessions.unwrap(found, 'grant').equals(keys.grantKey)).to.equal(true)
    })

    it('begins several sessions for one installation', async () => {
      const [first, second] = [await begin(), await begin()]
      expect(await findSession(records.sessions, first.id)).to.not.equal(undefined)
      expect(await findSession(records.sessions, second.id)).to.not.equal(undefined)
      expect(first.token.equals(second.token)).to.equal(false)
    })

    it('refuses another installation, and changes nothing', async () => {
      const first = await begin()
      expect((await rejection(begin(PHONE))).code).to.equal('ERR_IDENTITY_CONFLICT')
      expect(await findSession(records.sessions, first.id)).to.not.equal(undefined)
      await begin(LAPTOP)
    })

    it('refuses another installation even when all sessions have ended', async () => {
      const { keys } = await begin()
      await records.sessions.end(keys.authBearer)
      expect((await rejection(begin(PHONE))).code).to.equal('ERR_IDENTITY_CONFLICT')
    })

    it('gives the account to another installation that asks for it, and ends the sessions of the first', async () => {
      const [first, second] = [await begin(), await begin()]
      const replacing = await begin(PHONE, true)
      expect(await findSession(records.sessions, first.id)).to.equal(undefined)
      expect(await findSession(records.sessions, second.id)).to.equal(undefined)
      expect(await findSession(records.sessions, replacing.id)).to.not.equal(undefined)
      expect((await rejection(begin(LAPTOP))).code).to.equal('ERR_IDENTITY_CONFLICT')
    })

    it('ends nothing when the same installation asks to replace', async () => {
      const first = await begin()
      await begin(LAPTOP, true)
      expect(await findSession(records.sessions, first.id)).to.not.equal(undefined)
    })

    it('ends no session of anybody else', async () => {
      await records.accounts.add([{ name: 'alice', password: passwordOf('y') }])
      const alice = await records.accounts.authenticate('alice', passwordOf('y'))
      const hers = await records.sessions.begin(alice, keyPairOf("alice's").publicKey, false)
      await begin()
      await begin(PHONE, true)
      expect(await findSession(records.sessions, hers.id)).to.not.equal(undefined)
    })

    it('lets one of two installations in that come first at once', async () => {
      const codes = await Promise.all(
        [LAPTOP, PHONE].map((key) =>
          begin(key).then(
            () => 'in',
            (error) => error.code,
          ),
        ),
      )
      expect(codes.toSorted()).to.deep.equal(['ERR_IDENTITY_CONFLICT', 'in'])
    })

    it('begins together what comes together, whoever among them is refused', async () => {
      await records.accounts.add([{ name: 'alice', password: passwordOf('x') }])
      const alice = await records.accounts.authenticate('alice', passwordOf('x'))
      const gone = { ...alice, id: bytesOf('nobody', 16) }
      await begin()
      const [refused, left, own, second] = await Promise.all([
        rejection(begin(PHONE)),
        rejection(records.sessions.begin(gone, PHONE, false)),
        records.sessions.begin(alice, PHONE, false),
        begin(),
      ])
      expect([refused.code, left.code]).to.deep.equal(['ERR_IDENTITY_CONFLICT', 'ERR_LOGIN_REFUSED'])
      expect(await findSession(records.sessions, own.id)).to.include({ name: 'alice' })
      expect(await findSession(records.sessions, second.id)).to.include({ name: 'bob' })
    })

    it('ends the session that was not used for longest when there are too many', async () => {
      const sessions = []
      for (let count = 0; count < MAX_SESSIONS; count += 1) {
        sessions.push(await begin())
        records.clock.advance(EXTENSION_STEP_MS)
      }
      const [first, second] = sessions
      if (!first || !second) throw new Error('no sessions')
      await records.sessions.use(first.keys.directoryBearer)
      await begin()
      expect(await findSession(records.sessions, first.id)).to.not.equal(undefined)
      expect(await findSession(records.sessions, second.id)).to.equal(undefined)
      expect(await records.db.selectFrom('session').select('id').execute()).to.have.length(MAX_SESSIONS)
    })

    it('clears away what has expired', async () => {
      await begin()
      records.clock.advance(DEFAULT_SESSION_LIFETIME_MS)
      await begin()
      expect(await records.db.selectFrom('session').select('id').execute()).to.have.length(1)
    })
  })

  describe('use', () => {
    it('knows no other bearer', async () => {
      const { token, keys } = await begin()
      const strangers = [token, keys.authBearer, keys.ticketKey, keys.grantKey, secretOf('a stranger')]
      for (const bearer of strangers) expect(await records.sessions.use(bearer)).to.equal(undefined)
      const hash = Secret.of(bearerHash(keys.directoryBearer))
      expect(await records.sessions.use(hash)).to.equal(undefined)
    })

    it('extends the session, but writes no more than once in a while', async () => {
      const { keys, expiresAtMs } = await begin()
      records.clock.advance(EXTENSION_STEP_MS - 1)
      expect(await records.sessions.use(keys.directoryBearer)).to.include({ expiresAtMs })
      records.clock.advance(1)
      const extended = expiresAtMs + EXTENSION_STEP_MS
      expect(await records.sessions.use(keys.directoryBearer)).to.include({ expiresAtMs: extended })
      records.clock.advance(DEFAULT_SESSION_LIFETIME_MS - 1)
      expect(await records.sessions.use(keys.directoryBearer)).to.not.equal(undefined)
    })

    it('knows the bearer to the last millisecond of an unused session, and not after', async () => {
      const { id, keys } = await begin()
      records.clock.advance(DEFAULT_SESSION_LIFETIME_MS - 1)
      expect(await findSession(records.sessions, id)).to.not.equal(undefined)
      records.clock.advance(1)
      expect(await findSession(records.sessions, id)).to.equal(undefined)
      expect(await records.sessions.use(keys.directoryBearer)).to.equal(undefined)
      expect(await records.sessions.end(keys.authBearer)).to.equal(undefined)
    })
  })

  describe('find', () => {
    it('extends nothing', async () => {
      const { id, expiresAtMs } = await begin()
      records.clock.advance(2 * EXTENSION_STEP_MS)
      expect(await findSession(records.sessions, id)).to.include({ expiresAtMs })
    })

    it('knows no other id', async () => {
      await begin()
      expect(await findSession(records.sessions, bytesOf('another', 16))).to.equal(undefined)
      expect(await findSession(records.sessions, new Uint8Array(0))).to.equal(undefined)
    })
  })

  describe('end', () => {
    it('ends the session of the auth bearer, once, and no other', async () => {
      const [first, second] = [await begin(), await begin()]
      expect(await records.sessions.end(first.keys.directoryBearer)).to.equal(undefined)
      expect(await records.sessions.end(first.keys.authBearer)).to.equal('bob')
      expect(await records.sessions.end(first.keys.authBearer)).to.equal(undefined)
      expect(await findSession(records.sessions, first.id)).to.equal(undefined)
      expect(await findSession(records.sessions, second.id)).to.not.equal(undefined)
    })
  })

  describe('unwrap', () => {
    it('does not open keys that were put into another row, or into the other column', async () => {
      const [first, second] = [await begin(), await begin()]
      const keysOf = (id: Uint8Array) =>
        records.db.selectFrom('session').select(['ticket_key', 'grant_key']).where('id', '=', id).executeTakeFirst()
      const stolen = await keysOf(first.id)
      if (!stolen) throw new Error('no row')
      await records.db.updateTable('session').set(stolen).where('id', '=', second.id).execute()
      await records.db
        .updateTable('session')
        .set({ ticket_key: stolen.grant_key, grant_key: stolen.ticket_key })
        .where('id', '=', first.id)
        .execute()
      for (const { id } of [first, second]) {
        const session = await findSession(records.sessions, id)
        if (!session) throw new Error('no session')
        expect(codeOf(() => records.sessions.unwrap(session, 'ticket'))).to.equal('ERR_STORE')
        expect(codeOf(() => records.sessions.unwrap(session, 'grant'))).to.equal('ERR_STORE')
      }
    })
  })

  it('keeps everything over a restart', async () => {
    const { id, keys } = await begin()
    await records.close()
    records = await AuthRecords.open({ folder: records.folder })
    const found = await records.sessions.use(keys.directoryBearer)
    expect(Buffer.from(found?.id ?? [])).to.deep.equal(Buffer.from(id))
    if (found) expect(records.sessions.unwrap(found, 'grant').equals(keys.grantKey)).to.equal(true)
  })

  it('ends all sessions whose wrapping key is lost, and begins new ones', async () => {
    const { id, keys } = await begin()
    await records.close()
    const wrappingKey = new WrappingKey(secretOf('a new wrapping key'))
    records = await AuthRecords.open({ folder: records.folder, wrappingKey })
    expect(await findSession(records.sessions, id)).to.equal(undefined)
    expect(await records.sessions.use(keys.directoryBearer)).to.equal(undefined)
    const again = await begin()
    expect(await findSession(records.sessions, again.id)).to.not.equal(undefined)
  })
})
