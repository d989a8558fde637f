import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import {
  type AdminConfig,
  addUsers,
  checkNewNames,
  checkUser,
  listUsers,
  removeUser,
  setPassword,
} from '../../../services/auth/admin.ts'
import { AuthRecords, findSession, passwordOf, QUICK_PARAMETERS } from '../../support/auth-records.ts'
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
      database: { kind: 'sqlite', path: join(folder.path, 'auth.db') },
      dataFolder: folder.path,
      password: QUICK_PARAMETERS,
      hashing: { concurrency: 1, capacity: 1 },
    }
    // What Auth makes at its first start.
    await (await AuthRecords.open({ folder })).close()
  })

  const addUser = (name: string, password: string) =>
    addUsers(config, clock, [{ name, password: passwordOf(password) }])

  afterEach(async () => {
    await folder[Symbol.asyncDispose]()
  })

  it('add accounts while Auth stands still, and list them', async () => {
    await addUser('bob', 'the first one')
    await addUser('alice', 'the second one')
    const users = await listUsers(config, clock)
    expect(users.map(({ name, sessions }) => ({ name, sessions }))).to.deep.equal([
      { name: 'alice', sessions: 0 },
      { name: 'bob', sessions: 0 },
    ])
  })

  it('work beside a running Auth, which sees at once what they did', async () => {
    const records = await AuthRecords.open({ folder })
    try {
      await addUser('bob', 'the first one')
      const account = await records.accounts.authenticate('bob', passwordOf('the first one'))
      const session = await records.sessions.begin(account, keyPairOf('bob').publicKey, false)
      await setPassword(config, records.clock, 'bob', passwordOf('the second one'))
      expect(await findSession(records.sessions, session.id)).to.equal(undefined)
      await records.accounts.authenticate('bob', passwordOf('the second one'))
      await removeUser(config, records.clock, 'bob')
      const refused = await rejection(records.accounts.authenticate('bob', passwordOf('the second one')))
      expect(refused.code).to.equal('ERR_LOGIN_REFUSED')
    } finally {
      await records.close()
    }
  })

  it('leave a database of another version as it is', async () => {
    const database = new DatabaseSync(join(folder.path, 'auth.db'))
    database.exec("delete from kysely_migration where name not like '0001%'")
    const refused = await rejection(listUsers(config, clock))
    expect(refused.code).to.equal('ERR_STORE')
    expect(database.prepare('select count(*) as applied from kysely_migration').get()).to.include({ applied: 1 })
    database.close()
  })

  it('are told of all names that are none, or come twice, before they are asked for anything', async () => {
    const none = await rejection(checkNewNames(config, clock, ['Bob', 'carol', '', '../eve']))
    expect(none.code).to.equal('ERR_INVALID_ARGUMENT')
    expect(none.message).to.include('"Bob", "", "../eve"').and.not.include('carol')
    const twice = await rejection(checkNewNames(config, clock, ['bob', 'carol', 'bob']))
    expect([twice.code, twice.message]).to.deep.equal(['ERR_INVALID_ARGUMENT', 'named twice: "bob"'])
    await addUser('bob', 'the first one')
    await addUser('carol', 'the first one')
    const taken = await rejection(checkNewNames(config, clock, ['carol', 'dave', 'bob']))
    expect(taken.code).to.equal('ERR_ACCOUNT_EXISTS')
    expect(taken.message).to.include('bob, carol').and.not.include('dave')
    for (const refused of [
      setPassword(config, clock, '', passwordOf('long enough')),
      removeUser(config, clock, '../bob'),
    ]) {
      expect((await rejection(refused)).code).to.equal('ERR_INVALID_ARGUMENT')
    }
  })

  it('add all accounts or none', async () => {
    const refused = await rejection(
      addUsers(config, clock, [
        { name: 'alice', password: passwordOf('long enough') },
        { name: 'bob', password: passwordOf('short') },
      ]),
    )
    expect(refused.code).to.equal('ERR_INVALID_ARGUMENT')
    expect(refused.violations.map(({ field }) => field)).to.deep.equal(['password'])
    expect(await listUsers(config, clock)).to.deep.equal([])
  })

  it('are told of a name that is taken, and of one that nobody has', async () => {
    await addUser('bob', 'the first one')
    expect((await rejection(addUser('bob', 'the second one'))).code).to.equal('ERR_ACCOUNT_EXISTS')
    expect((await rejection(checkUser(config, clock, 'eve'))).code).to.equal('ERR_NO_SUCH_USER')
    expect((await rejection(setPassword(config, clock, 'eve', passwordOf('the second one')))).code).to.equal(
      'ERR_NO_SUCH_USER',
    )
    expect((await rejection(removeUser(config, clock, 'eve'))).code).to.equal('ERR_NO_SUCH_USER')
  })
})
