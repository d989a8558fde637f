import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { type AdminConfig, addUser, listUsers, removeUser, setPassword } from '../../../services/auth/admin.ts'
import { AuthRecords, passwordOf, QUICK_PARAMETERS } from '../../support/auth-records.ts'
import { FakeClock } from '../../support/clock.ts'
import { keyPairOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

describe("an administrator's hands", () => {
  const clock = new FakeClock()
  let folder: TemporaryFolder
  let config: AdminConfig

  beforeEach(async () => {
    folder = await temporaryFolder()
    config = {
      dataFolder: folder.path,
      password: QUICK_PARAMETERS,
      hashing: { concurrency: 1, capacity: 1 },
    }
    // What Auth makes at its first start.
    await (await AuthRecords.open({ folder })).close()
  })

  afterEach(async () => {
    await folder[Symbol.asyncDispose]()
  })

  it('add accounts while Auth stands still, and list them', async () => {
    await addUser(config, clock, 'bob', passwordOf('x'))
    await addUser(config, clock, 'alice', passwordOf('y'))
    const users = await listUsers(config, clock)
    expect(users.map(({ name, sessions }) => ({ name, sessions }))).to.deep.equal([
      { name: 'alice', sessions: 0 },
      { name: 'bob', sessions: 0 },
    ])
  })

  it('work beside a running Auth, which sees at once what they did', async () => {
    const records = await AuthRecords.open({ folder })
    try {
      await addUser(config, records.clock, 'bob', passwordOf('x'))
      const account = await records.accounts.authenticate('bob', passwordOf('x'))
      const session = await records.sessions.begin(account, keyPairOf('bob').publicKey, false)
      await setPassword(config, records.clock, 'bob', passwordOf('y'))
      expect(await records.sessions.find(session.id)).to.equal(undefined)
      await records.accounts.authenticate('bob', passwordOf('y'))
      await removeUser(config, records.clock, 'bob')
      const refused = await rejection(records.accounts.authenticate('bob', passwordOf('y')))
      expect(refused.code).to.equal('ERR_LOGIN_REFUSED')
    } finally {
      await records.close()
    }
  })

  it('leave a database of another version as it is', async () => {
    const database = new DatabaseSync(join(folder.path, 'auth.db'))
    database.exec("delete from kysely_migration where name = '0002_grant_key'")
    const refused = await rejection(listUsers(config, clock))
    expect(refused.code).to.equal('ERR_STORE')
    expect(database.prepare('select count(*) as applied from kysely_migration').get()).to.include({ applied: 1 })
    database.close()
  })

  it('are told what is wrong with a name or a password', async () => {
    const long = passwordOf('x'.repeat(1025))
    const refusals = [
      addUser(config, clock, 'Bob', long),
      setPassword(config, clock, '', long),
      removeUser(config, clock, '../bob'),
    ]
    const errors = await Promise.all(refusals.map(rejection))
    expect(errors.map(({ code }) => code)).to.deep.equal(Array(3).fill('ERR_INVALID_ARGUMENT'))
    expect(errors.map(({ violations }) => violations.map(({ field }) => field))).to.deep.equal([
      ['username', 'password'],
      ['username', 'password'],
      ['username'],
    ])
  })

  it('are told of a name that is taken, and of one that nobody has', async () => {
    await addUser(config, clock, 'bob', passwordOf('x'))
    expect((await rejection(addUser(config, clock, 'bob', passwordOf('y')))).code).to.equal('ERR_ACCOUNT_EXISTS')
    expect((await rejection(setPassword(config, clock, 'eve', passwordOf('y')))).code).to.equal('ERR_NO_SUCH_USER')
    expect((await rejection(removeUser(config, clock, 'eve'))).code).to.equal('ERR_NO_SUCH_USER')
  })
})
