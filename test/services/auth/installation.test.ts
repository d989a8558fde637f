import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { systemClock } from '#lib/runtime/clock.ts'
import { initialise } from '../../../services/auth/admin.ts'
import type { Config } from '../../../services/auth/config.ts'
import { rejection } from '../../support/rejection.ts'
import { AuthUnderTest } from '../../support/running-auth.ts'

describe('an installation of Auth', () => {
  let auth: AuthUnderTest
  let config: Config
  const inFolder = (name: string) => join(config.dataFolder, name)

  beforeEach(async () => {
    auth = await AuthUnderTest.start()
    config = auth.config
    await auth.addUser('alice', "alice's password")
    await auth.stop()
  })
  afterEach(() => auth[Symbol.asyncDispose]())

  const refusal = async () => {
    const { code, message } = await rejection(auth.start())
    return `${code}: ${message}`
  }

  it('is not begun anew where its database is gone, and goes on when it is back', async () => {
    await rename(inFolder('auth.db'), inFolder('away.db'))
    expect(await refusal()).to.equal(`ERR_STORE: the database ${inFolder('auth.db')} is gone`)
    expect(await readdir(config.dataFolder)).not.to.include('auth.db')
    await rename(inFolder('away.db'), inFolder('auth.db'))
    await auth.start()
    await auth.login('alice')
  })

  it('is not begun anew where its authority is gone, unless that is asked for', async () => {
    await rm(inFolder('ca'), { recursive: true })
    expect(await refusal()).to.equal(`ERR_STORE: the certificate authority is gone from ${inFolder('ca')}`)
    expect(await readdir(config.dataFolder)).not.to.include('ca')
    expect((await rejection(initialise(config, systemClock))).code).to.equal('ERR_STORE')
    await initialise(config, systemClock, true)
    await auth.start()
    await auth.login('alice')
  })

  it('refuses the database of another', async () => {
    await using other = await AuthUnderTest.start()
    await other.stop()
    await cp(join(other.config.dataFolder, 'auth.db'), inFolder('auth.db'))
    expect(await refusal()).to.match(/^ERR_CONFIG: the database is of another installation/)
  })

  it('refuses a database of a newer version, and one that is damaged, and leaves both as they are', async () => {
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(inFolder('auth.db'))
    database.exec("insert into kysely_migration (name, timestamp) values ('9999_of_a_later_version', '')")
    database.close()
    expect(await refusal()).to.match(/^ERR_STORE: cannot open the database/)
    await writeFile(inFolder('auth.db'), 'this is no database, whatever its name says')
    expect(await refusal()).to.match(/^ERR_STORE: cannot open the database .*: the database is none/)
  })

  it('begins where a first start broke off after its database was made', async () => {
    await rm(config.dataFolder, { recursive: true })
    await mkdir(config.dataFolder)
    await writeFile(inFolder('auth.db'), '')
    await auth.start()
    await auth.addUser('bob', "bob's password")
    await auth.login('bob')
  })

  it('is one where two begin at once', async () => {
    await rm(config.dataFolder, { recursive: true })
    await using other = await AuthUnderTest.start()
    await other.stop()
    const both = { config: { ...other.config, ...config } }
    const [one, two] = await Promise.all([AuthUnderTest.start(both), AuthUnderTest.start(both)])
    expect(one.running.caPem).to.equal(two.running.caPem)
    await one.addUser('carol', "carol's password")
    await two.login('carol')
    await one[Symbol.asyncDispose]()
    await two[Symbol.asyncDispose]()
  })
})
