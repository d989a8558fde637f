import { expect } from 'chai'
import {
  encodePasswordHash,
  hashPassword,
  type PasswordParameters,
} from '../../../services/auth/passwords/password-hash.ts'
import { AuthRecords, findSession, passwordOf, QUICK_PARAMETERS } from '../../support/auth-records.ts'
import { keyPairOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'

const STRONGER: PasswordParameters = { memoryKib: 16, passes: 2, parallelism: 1 }

async function passwordHashOf(records: AuthRecords, name: string): Promise<string> {
  const query = records.db.selectFrom('account').select('password_hash').where('name', '=', name)
  return (await query.executeTakeFirstOrThrow()).password_hash
}

describe('Accounts', () => {
  let records: AuthRecords

  beforeEach(async () => {
    records = await AuthRecords.open()
    await records.accounts.add([{ name: 'bob', password: passwordOf("bob's password") }])
    records.hashes.length = 0
  })

  afterEach(async () => {
    await records[Symbol.asyncDispose]()
  })

  /** The same database as of the next start, perhaps with other settings. */
  async function reopen(parameters: PasswordParameters): Promise<void> {
    await records.close()
    records = await AuthRecords.open({ folder: records.folder, parameters })
  }

  describe('authenticate', () => {
    it('knows an account by its password', async () => {
      const account = await records.accounts.authenticate('bob', passwordOf("bob's password"))
      expect(account.name).to.equal('bob')
      expect(account.id).to.have.length(16)
      expect(records.hashes).to.deep.equal([QUICK_PARAMETERS])
    })

    it('gives a wrong password and an unknown user the same answer, at the cost of one hash each', async () => {
      const wrong = await rejection(records.accounts.authenticate('bob', passwordOf('wrong')))
      expect(records.hashes).to.deep.equal([QUICK_PARAMETERS])
      for (const name of ['alice', 'zoe']) {
        records.hashes.length = 0
        const unknown = await rejection(records.accounts.authenticate(name, passwordOf('wrong')))
        expect(records.hashes).to.deep.equal([QUICK_PARAMETERS])
        expect(unknown.code).to.equal('ERR_LOGIN_REFUSED')
        expect({ ...unknown, message: unknown.message }).to.deep.equal({ ...wrong, message: wrong.message })
      }
    })

    it('hashes for an unknown user with the stored parameters, not with those of today', async () => {
      await reopen(STRONGER)
      await rejection(records.accounts.authenticate('nobody', passwordOf('wrong')))
      await rejection(records.accounts.authenticate('bob', passwordOf('wrong')))
      expect(records.hashes).to.deep.equal([QUICK_PARAMETERS, QUICK_PARAMETERS])
    })

    it('hashes for an unknown user even where there is no account at all', async () => {
      await records.accounts.remove('bob')
      const refused = await rejection(records.accounts.authenticate('bob', passwordOf("bob's password")))
      expect(refused.code).to.equal('ERR_LOGIN_REFUSED')
      expect(records.hashes).to.deep.equal([QUICK_PARAMETERS])
    })

    it('refuses an unknown user who has the password of the account that stands next to it', async () => {
      for (const name of ['alice', 'bob.', 'zoe']) {
        const refused = await rejection(records.accounts.authenticate(name, passwordOf("bob's password")))
        expect(refused.code).to.equal('ERR_LOGIN_REFUSED')
      }
    })

    it('hashes anew where the parameters have changed, once the right password is there', async () => {
      const before = await passwordHashOf(records, 'bob')
      await reopen(STRONGER)
      await rejection(records.accounts.authenticate('bob', passwordOf('wrong')))
      expect(await passwordHashOf(records, 'bob')).to.equal(before)
      await records.accounts.authenticate('bob', passwordOf("bob's password"))
      expect(await passwordHashOf(records, 'bob')).to.match(/^\$argon2id\$v=19\$m=16,t=2,p=1\$/)
      records.hashes.length = 0
      await records.accounts.authenticate('bob', passwordOf("bob's password"))
      expect(records.hashes).to.deep.equal([STRONGER])
    })

    it('keeps sessions that were begun before the hash was made anew', async () => {
      const account = await records.accounts.authenticate('bob', passwordOf("bob's password"))
      await reopen(STRONGER)
      await records.accounts.authenticate('bob', passwordOf("bob's password"))
      await records.sessions.begin(account, keyPairOf('bob').publicKey, false)
    })

    it('takes a password for the same however a keyboard composes its letters and spaces', async () => {
      await records.accounts.add([{ name: 'gus', password: passwordOf('Stra\u00dfe \u00fcber M\u00fcnchen') }])
      for (const typed of ['Stra\u00dfe u\u0308ber Mu\u0308nchen', 'Stra\u00dfe\u00a0\u00fcber\u3000M\u00fcnchen']) {
        await records.accounts.authenticate('gus', passwordOf(typed))
        expect((await rejection(records.accounts.authenticate('bob', passwordOf(typed)))).code).to.equal(
          'ERR_LOGIN_REFUSED',
        )
      }
    })

    it('lets an account in whose password was hashed as it was sent, and hashes it anew', async () => {
      const [composed, decomposed] = ['\u00fcber alles', 'u\u0308ber alles']
      const asSent = encodePasswordHash(await hashPassword(passwordOf(decomposed), QUICK_PARAMETERS))
      await records.db.updateTable('account').set({ password_hash: asSent }).where('name', '=', 'bob').execute()
      await records.accounts.authenticate('bob', passwordOf(decomposed))
      expect(await passwordHashOf(records, 'bob')).not.to.equal(asSent)
      await records.accounts.authenticate('bob', passwordOf(composed))
    })

    it('tries what was sent at the same cost for an unknown user', async () => {
      const typed = passwordOf('u\u0308ber alles')
      await rejection(records.accounts.authenticate('bob', typed))
      const known = records.hashes.length
      await rejection(records.accounts.authenticate('nobody', typed))
      expect([known, records.hashes.length]).to.deep.equal([2, 4])
    })

    it('refuses at once when too many wait', async () => {
      await records.close()
      records = await AuthRecords.open({ folder: records.folder, hashing: { concurrency: 1, capacity: 2 } })
      const logins = Array.from({ length: 8 }, () =>
        records.accounts.authenticate('bob', passwordOf("bob's password")).then(
          () => 'in',
          (error: { code: string }) => error.code,
        ),
      )
      const answers = await Promise.all(logins)
      expect(answers.filter((answer) => answer === 'in')).to.have.length(3)
      expect(answers.filter((answer) => answer === 'ERR_BUSY')).to.have.length(5)
      expect(records.hashes).to.have.length(3)
    })
  })

  describe('add', () => {
    it('adds all of them or none', async () => {
      const accounts = ['alice', 'bob', 'carol'].map((name) => ({ name, password: passwordOf('mine now') }))
      const refused = await rejection(records.accounts.add(accounts))
      expect(refused.code).to.equal('ERR_ACCOUNT_EXISTS')
      expect(await Promise.all(accounts.map(({ name }) => records.accounts.exists(name)))).to.deep.equal([
        false,
        true,
        false,
      ])
    })

    it('refuses a name that is taken, and leaves the account as it is', async () => {
      const before = await passwordHashOf(records, 'bob')
      expect(
        (await rejection(records.accounts.add([{ name: 'bob', password: passwordOf('mine now') }]))).code,
      ).to.equal('ERR_ACCOUNT_EXISTS')
      expect(await passwordHashOf(records, 'bob')).to.equal(before)
    })
  })

  describe('setPassword', () => {
    it('replaces the password and ends all sessions, but keeps the identity key', async () => {
      const account = await records.accounts.authenticate('bob', passwordOf("bob's password"))
      const session = await records.sessions.begin(account, keyPairOf('bob').publicKey, false)
      await records.accounts.setPassword('bob', passwordOf('another'))
      expect(await findSession(records.sessions, session.id)).to.equal(undefined)
      const refused = await rejection(records.accounts.authenticate('bob', passwordOf("bob's password")))
      expect(refused.code).to.equal('ERR_LOGIN_REFUSED')
      const again = await records.accounts.authenticate('bob', passwordOf('another'))
      const conflict = await rejection(records.sessions.begin(again, keyPairOf('mallory').publicKey, false))
      expect(conflict.code).to.equal('ERR_IDENTITY_CONFLICT')
    })

    it('leaves no way in for a login that was checked just before', async () => {
      const account = await records.accounts.authenticate('bob', passwordOf("bob's password"))
      await records.accounts.setPassword('bob', passwordOf('another'))
      const refused = await rejection(records.sessions.begin(account, keyPairOf('bob').publicKey, false))
      expect(refused.code).to.equal('ERR_LOGIN_REFUSED')
    })

    it('refuses an unknown name', async () => {
      const refused = await rejection(records.accounts.setPassword('alice', passwordOf('x')))
      expect(refused.code).to.equal('ERR_NO_SUCH_USER')
    })
  })

  describe('remove', () => {
    it('ends the sessions, and makes whoever gets the name another account', async () => {
      const first = await records.accounts.authenticate('bob', passwordOf("bob's password"))
      const session = await records.sessions.begin(first, keyPairOf('bob').publicKey, false)
      await records.accounts.remove('bob')
      expect(await records.accounts.exists('bob')).to.equal(false)
      expect(await findSession(records.sessions, session.id)).to.equal(undefined)
      const late = await rejection(records.sessions.begin(first, keyPairOf('bob').publicKey, false))
      expect(late.code).to.equal('ERR_LOGIN_REFUSED')
      await records.accounts.add([{ name: 'bob', password: passwordOf('another bob') }])
      const second = await records.accounts.authenticate('bob', passwordOf('another bob'))
      expect(second.id).to.not.deep.equal(first.id)
    })

    it('refuses an unknown name', async () => {
      expect((await rejection(records.accounts.remove('alice'))).code).to.equal('ERR_NO_SUCH_USER')
    })
  })

  describe('list', () => {
    it('gives all accounts by name, with their keys and how many sessions they have', async () => {
      await records.accounts.add([{ name: 'alice', password: passwordOf('x') }])
      const bob = await records.accounts.authenticate('bob', passwordOf("bob's password"))
      const identityKey = keyPairOf('bob').publicKey
      await records.sessions.begin(bob, identityKey, false)
      await records.sessions.begin(bob, identityKey, false)
      const createdAtMs = records.clock.nowMs()
      const common = { displayName: '', cohort: undefined, disabled: false, hasSecondFactor: false }
      expect(await records.accounts.list()).to.deep.equal([
        { name: 'alice', createdAtMs, identityKey: undefined, sessions: 0, ...common },
        { name: 'bob', createdAtMs, identityKey, sessions: 2, ...common },
      ])
    })
  })
})
