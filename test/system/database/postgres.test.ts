import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { Presence } from '#gen/sotto/directory/v1/directory_service.ts'
import { MailboxServiceService } from '#gen/sotto/relay/v1/mailbox_service.ts'
import { drawPrekey } from '#lib/letter/prekey.ts'
import { type Connection, connect } from '#lib/rpc/client.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { openDatabase } from '#lib/runtime/database/database.ts'
import type { DatabaseSetting } from '#lib/runtime/database/options.ts'
import type { Secret } from '#lib/secret.ts'
import { checkUser, initialise } from '../../../services/auth/admin.ts'
import { moveTo } from '../../../services/auth/backup/administration.ts'
import { backup } from '../../../services/auth/backup/backup.ts'
import { MIGRATIONS } from '../../../services/auth/migrations.ts'
import type { AuthSchema } from '../../../services/auth/store.ts'
import { Enrolled } from '../../support/enrolled.ts'
import { ROOT } from '../../support/environment.ts'
import { OpenWatch } from '../../support/open-watch.ts'
import { Postgres, whyNoPostgres } from '../../support/postgres.ts'
import { randomFrom } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { AuthUnderTest, type TestSession } from '../../support/running-auth.ts'
import { DirectoryUnderTest, OpenAnnouncement } from '../../support/running-directory.ts'
import { onWire } from '../../support/running-mailbox.ts'
import { RelayUnderTest } from '../../support/running-relay.ts'

/** The tests of what the services keep, which run on SQLite with `npm test`, and on PostgreSQL from here. */
const SAME_TESTS = [
  ...['accounts', 'backup', 'migrations', 'own-account', 'revocations', 'sealing-service', 'service', 'sessions'],
  ...['sealing/seal-chat', 'keys/rotate-wrapping-key', 'second-factor/second-factor', 'sign-in-attempts'],
  ...['invites/join', 'audit/audit-log', 'audit/service'],
]
  .map((name) => `auth/${name}`)
  .concat(
    ['list-users', 'migrations', 'presence', 'service', 'shared-database', 'watch-presence'].map(
      (name) => `directory/${name}`,
    ),
    ['relay/service', 'relay/mailbox/mailbox', 'authentication/authentications'],
  )

/** The others that have a database, which is SQLite's, or of no matter to them. */
const OTHER_TESTS = [
  // Files, and what may befall them; for PostgreSQL that is postgres-health.test.ts, and below.
  ...['full-disk', 'health', 'auth/admin', 'auth/at-rest', 'auth/installation', 'auth/start', 'directory/start'],
  // Notices that come without a turn of the network in between.
  'directory/watchers',
  // What is before the database: sockets, calls, certificates, logs.
  ...['log-lines', 'metrics', 'auth/strangers', 'auth/keys/certificates'],
  ...['connections', 'endpoints', 'hostile-bytes', 'outages', 'rates'].map((name) => `directory/${name}`),
]

/** How a test comes by a database. */
const HAS_DATABASE = /openTestDatabase|databaseAt|openDatabase|openSqlite|AuthRecords|\w+UnderTest/

/** It counts on an account being found within the turn, as it is with SQLite alone. */
const LEFT_OUT = 'refuses at once when too many wait'

const reason = whyNoPostgres()

describe(`PostgreSQL${reason ? `: ${reason}` : ''}`, function () {
  this.timeout(480_000)
  let postgres: Postgres
  before(async function () {
    if (reason) this.skip()
    postgres = await Postgres.start()
  })
  after(() => postgres?.[Symbol.asyncDispose]())

  it('is tried by every test of the services that has a database, or it says why not', () => {
    const folder = join(ROOT, 'test', 'services')
    const files = globSync('**/*.test.ts', { cwd: folder })
    const found = files.filter((file) => HAS_DATABASE.test(readFileSync(join(folder, file), 'utf8')))
    const known = [...SAME_TESTS, ...OTHER_TESTS].map((name) => `${name}.test.ts`)
    expect(found.filter((file) => !known.includes(file))).to.deep.equal([])
    expect(known.filter((file) => !files.includes(file))).to.deep.equal([])
  })

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

  describe('with two relays on one mailbox', () => {
    let auth: AuthUnderTest
    let relays: RelayUnderTest[]
    let alice: TestSession
    let bob: TestSession
    const connections: Connection<typeof MailboxServiceService>[] = []

    beforeEach(async () => {
      auth = await AuthUnderTest.start({ clock: systemClock })
      for (const name of ['alice', 'bob']) await auth.addUser(name, `${name}'s password`)
      alice = await auth.login('alice')
      bob = await auth.login('bob')
      const database: DatabaseSetting = { kind: 'postgres', url: await postgres.create() }
      const start = () => RelayUnderTest.start(auth, { config: { database } })
      relays = await Promise.all([start(), start()])
    })
    afterEach(async () => {
      for (const connection of connections.splice(0)) connection.close()
      for (const relay of relays) await relay[Symbol.asyncDispose]()
      await auth[Symbol.asyncDispose]()
    })

    function mailboxAt(index: number) {
      const { address } = (relays[index] as RelayUnderTest).running
      const security = { authorityPem: auth.running.caPem, role: 'relay.sotto' } as const
      const connection = connect(MailboxServiceService, { address, security })
      connections.push(connection)
      return connection.call
    }
    const as = ({ keys }: TestSession) => ({ bearer: keys.relayBearer as Secret })

    async function collectAt(index: number): Promise<string[]> {
      const stream = mailboxAt(index).collect(as(bob))
      const letters: string[] = []
      await stream.send({ letterIds: [] })
      for await (const { letter } of stream.messages) {
        if (letter === undefined) stream.end()
        else {
          letters.push(letter.letter.toString())
          await stream.send({ letterIds: [letter.letterId] })
        }
      }
      return letters
    }

    it('give out no prekey twice, and keep at one what was left at the other, which is gone', async () => {
      const prekeys = Array.from({ length: 7 }, (_, index) => onWire(drawPrekey(randomFrom(`prekey ${index}`)).prekey))
      await mailboxAt(0).putPrekeys({ prekeys: prekeys.slice(1), lastResort: prekeys[0], withdrawnIds: [] }, as(bob))
      const of = { username: 'bob', sessionId: bob.id }
      const calls = [mailboxAt(0), mailboxAt(1)]
      const take = (call: (typeof calls)[0]) => call.takePrekeys({ receivers: [of, of, of] }, as(alice))
      const takings = await Promise.all(calls.map(take))
      const taken = takings
        .flatMap(({ results }) => results)
        .map(({ result }) => (result?.$case === 'prekey' ? result.value.prekeyId.toString('hex') : 'none'))
      const oneTime = prekeys.slice(1).map(({ prekeyId }) => prekeyId.toString('hex'))
      expect(taken.sort()).to.deep.equal(oneTime.sort())
      const letters = [{ ...of, letter: Buffer.from('a letter') }]
      await mailboxAt(0).postLetters({ letters }, as(alice))
      await relays[0]?.[Symbol.asyncDispose]()
      expect(await collectAt(1)).to.deep.equal(['a letter'])
      expect(await collectAt(1)).to.deep.equal([])
      relays.shift()
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
