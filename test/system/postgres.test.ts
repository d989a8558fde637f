import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { Presence } from '#gen/sotto/directory/v1/directory_service.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { openDatabase } from '#lib/runtime/database/database.ts'
import type { DatabaseSetting } from '#lib/runtime/database/options.ts'
import { checkUser, initialise } from '../../services/auth/admin.ts'
import { moveTo } from '../../services/auth/backup/administration.ts'
import { backup } from '../../services/auth/backup/backup.ts'
import { type AuthSchema, MIGRATIONS } from '../../services/auth/store.ts'
import { Enrolled } from '../support/enrolled.ts'
import { ROOT } from '../support/environment.ts'
import { OpenWatch } from '../support/open-watch.ts'
import { Postgres, whyNoPostgres } from '../support/postgres.ts'
import { rejection } from '../support/rejection.ts'
import { AuthUnderTest, type TestSession } from '../support/running-auth.ts'
import { DirectoryUnderTest, OpenAnnouncement } from '../support/running-directory.ts'

/** The tests of what the services keep, which run on SQLite with `npm test`, and on PostgreSQL from here. */
const SAME_TESTS = [
  'relay/mailbox/mailbox',
  ...['accounts', 'revocations', 'sealing/seal-chat', 'sealing-service', 'service', 'sessions'].map(
    (name) => `auth/${name}`,
  ),
  ...[
    'own-account',
    'keys/rotate-wrapping-key',
    'second-factor/second-factor',
    'sign-in-attempts',
    'invites/join',
    'audit/audit-log',
    'audit/service',
  ].map((name) => `auth/${name}`),
  ...['authentications', 'list-users', 'presence', 'service', 'shared-database', 'watch-presence'].map(
    (name) => `directory/${name}`,
  ),
]

/** It counts on an account being found within the turn, as it is with SQLite alone. */
const LEFT_OUT = 'refuses at once when too many wait'

const reason = whyNoPostgres()

describe(`PostgreSQL${reason ? `: ${reason}` : ''}`, function () {
  this.timeout(240_000)
  let postgres: Postgres
  before(async function () {
    if (reason) this.skip()
    postgres = await Postgres.start()
  })
  after(() => postgres?.[Symbol.asyncDispose]())

  it('passes the tests that SQLite passes', async () => {
    const mocha = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js')
    const files = SAME_TESTS.map((name) => join('test', 'services', `${name}.test.ts`))
    const options = ['--no-config', '--no-color', '--timeout', '60000', '--grep', LEFT_OUT, '--invert']
    const env = { ...process.env, SOTTO_TEST_POSTGRES: postgres.urlOf('postgres') }
    const run = promisify(execFile)(process.execPath, [mocha, ...options, ...files], { cwd: ROOT, env })
    const output = await run.then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    )
    expect(output).to.match(/ passing/)
    // All of what failed, for whoever reads it.
    expect(/^ +\d+ failing$.*/ms.exec(output)?.[0] ?? '').to.equal('')
  })

  describe('with two directories', () => {
    let auth: AuthUnderTest
    let directories: DirectoryUnderTest[]
    let alice: TestSession
    let bob: TestSession

    beforeEach(async () => {
      auth = await AuthUnderTest.start({ clock: systemClock })
      for (const name of ['alice', 'bob']) await auth.addUser(name, `${name}'s password`)
      alice = await auth.login('alice')
      bob = await auth.login('bob')
      const database: DatabaseSetting = { kind: 'postgres', url: await postgres.create() }
      const start = () => DirectoryUnderTest.start(auth, { config: { database } })
      directories = await Promise.all([start(), start()])
    })
    afterEach(async () => {
      for (const directory of directories) await directory[Symbol.asyncDispose]()
      await auth[Symbol.asyncDispose]()
    })

    const at = (index: number) => {
      const directory = directories[index]
      if (directory === undefined) throw new Error('no such directory')
      return directory
    }
    const announce = (index: number) => OpenAnnouncement.begin(at(index).connect(), bob)
    const presenceAt = async (index: number) => {
      const { presence } = await at(index)
        .connect()
        .call.getPresence({ username: 'bob' }, { bearer: alice.keys.directoryBearer })
      return presence
    }

    it('tells watchers of one within a second what happens at the other', async () => {
      const watching = new OpenWatch(at(1).connect(), alice.keys.directoryBearer, ['bob'])
      expect(await watching.states()).to.deep.equal(['bob offline'])
      const began = performance.now()
      const { announcement } = await announce(0)
      expect(await watching.states()).to.deep.equal(['bob online'])
      announcement.cancel()
      expect(await watching.states()).to.deep.equal(['bob offline'])
      expect(performance.now() - began).to.be.below(2_000)
    })

    it('ends within a second an announcement that another directory replaces', async () => {
      const { announcement: older } = await announce(0)
      const began = performance.now()
      const { announcement: newer } = await announce(1)
      expect(await older.end()).to.have.property('code', 'ERR_ANNOUNCE_REPLACED')
      expect(performance.now() - began).to.be.below(1_000)
      newer.cancel()
    })

    it('outlive a PostgreSQL that is killed and comes back, and keep who is online', async () => {
      const { announcement } = await announce(0)
      const watching = new OpenWatch(at(1).connect(), alice.keys.directoryBearer, ['bob'])
      expect(await watching.states()).to.deep.equal(['bob online'])
      await postgres.stop('SIGQUIT')
      expect((await rejection(presenceAt(1))).code).to.equal('ERR_UNAVAILABLE')
      await postgres.startAgain()
      const began = performance.now()
      await untilOnline(() => presenceAt(0))
      await untilOnline(() => presenceAt(1))
      expect(performance.now() - began).to.be.below(5_000)
      announcement.cancel()
      expect(await watching.states()).to.deep.equal(['bob offline'])
    })
  })

  it('takes what SQLite has, and gives it back', async () => {
    await using auth = await AuthUnderTest.start()
    for (const name of ['alice', 'bob', 'zoe']) await auth.addUser(name, `${name}'s password`)
    await auth.login('alice')
    await Enrolled.begin(auth, 'bob', auth.clock)
    const urlFile = join(auth.folder.path, 'url')
    await writeFile(urlFile, `${await postgres.create()}\n`)
    const there: DatabaseSetting = { kind: 'postgres', urlFile }
    const back: DatabaseSetting = { kind: 'sqlite', path: join(auth.folder.path, 'back', 'auth.db') }
    const { dataFolder } = auth.config
    expect(await moveTo(there, auth.config, systemClock)).to.equal(3)
    expect(await moveTo(back, { database: there, dataFolder }, systemClock)).to.equal(3)
    const contents = await Promise.all(
      [auth.config.database, there, back].map(async (database) => {
        const db = await openDatabase<AuthSchema>(database, MIGRATIONS, { durability: 'disk' })
        const lines = await backup(db, new Date(0))
        await db.destroy()
        // Each move is an entry more in the audit log, and so in the sum at the end.
        return lines.filter((line) => !line.startsWith('["audit')).slice(0, -1)
      }),
    )
    expect(contents[1]).to.deep.equal(contents[0])
    expect(contents[2]).to.deep.equal(contents[0])
  })

  it('makes no keys of an Auth that others are to share, and one installation of two that begin at once', async () => {
    await using folderOfKeys = await AuthUnderTest.start()
    const { authorityFolder, wrappingKeyFile, dataFolder } = folderOfKeys.config
    await folderOfKeys.stop()
    const database: DatabaseSetting = { kind: 'postgres', url: await postgres.create() }
    const lacking = { database, authorityFolder: join(dataFolder, 'none'), wrappingKeyFile }
    const refused = await rejection(AuthUnderTest.start({ config: lacking }))
    expect([refused.code, refused.hint]).to.deep.equal([
      'ERR_CONFIG',
      'make it once, as by sotto admin init, and give it to each of them',
    ])
    await initialise({ authorityFolder, database, wrappingKeyFile }, systemClock)
    const config = { database, authorityFolder, wrappingKeyFile }
    const [one, other] = await Promise.all([AuthUnderTest.start({ config }), AuthUnderTest.start({ config })])
    await one.addUser('alice', "alice's password")
    await checkUser(other.config, systemClock, 'alice')
    const session = await one.login('alice')
    const sealing = await other.connectSealing(await one.directoryCertificate())
    const { username } = await sealing.call.authenticate({
      directoryBearer: Buffer.from(session.keys.directoryBearer.reveal()),
      relayBearer: Buffer.alloc(0),
    })
    expect(username).to.equal('alice')
    await one[Symbol.asyncDispose]()
    await other[Symbol.asyncDispose]()
  })
})

/** Ask again and again until the answer is that somebody is online; a directory comes back by itself. */
async function untilOnline(ask: () => Promise<Presence>): Promise<void> {
  while ((await ask().catch(() => Presence.UNSPECIFIED)) !== Presence.ONLINE);
}
