/** What may befall a PostgreSQL: the services' health says so, and comes back; and all start and stop in any order. */
import { expect } from 'chai'
import { Client } from 'pg'
import { systemClock } from '#lib/runtime/clock.ts'
import { initialise } from '../../../services/auth/admin.ts'
import { readConfig } from '../../../services/auth/config.ts'
import { environmentOf } from '../../support/environment.ts'
import { freePort } from '../../support/free-port.ts'
import { Postgres, whyNoPostgres } from '../../support/postgres.ts'
import { TestProcess } from '../../support/processes.ts'
import { programIn } from '../../support/programs.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const reason = whyNoPostgres()

const SERVICES = ['auth', 'directory', 'relay'] as const
type ServiceName = (typeof SERVICES)[number]

const upper = (name: string) => name.toUpperCase()

describe(`health on PostgreSQL${reason ? `: ${reason}` : ''}`, function () {
  this.timeout(300_000)
  let home: TemporaryFolder
  let postgres: Postgres
  let env: NodeJS.ProcessEnv
  const running = new Map<ServiceName, TestProcess>()

  before(async function () {
    if (reason) return this.skip()
    home = await temporaryFolder()
    postgres = await Postgres.start()
    const ports = ['SEALING_PORT', ...SERVICES.flatMap((name) => [`${upper(name)}_PORT`, `${upper(name)}_HEALTH_PORT`])]
    const settings = await Promise.all(ports.map(async (name) => [`SOTTO_${name}`, String(await freePort())]))
    env = environmentOf(home.path, {
      ...Object.fromEntries(settings),
      ...Object.fromEntries(SERVICES.map((name) => [`SOTTO_${upper(name)}_ADMIN_PORT`, '0'])),
    })
    for (const name of SERVICES) env[`SOTTO_${upper(name)}_DATABASE`] = await postgres.create()
    await initialise(readConfig(env), systemClock)
  })
  after(async () => {
    for (const service of running.values()) await service[Symbol.asyncDispose]()
    await postgres?.[Symbol.asyncDispose]()
    await home?.[Symbol.asyncDispose]()
  })

  function start(name: ServiceName): TestProcess {
    const service = new TestProcess(process.execPath, [programIn(`services/${name}`)], { env })
    running.set(name, service)
    return service
  }

  /** Wait until all services say this of themselves. */
  async function untilHealthy(healthy: boolean): Promise<void> {
    for (const name of SERVICES) {
      const url = `http://127.0.0.1:${env[`SOTTO_${upper(name)}_HEALTH_PORT`]}/`
      const answer = async () => (await fetch(url).catch(() => undefined))?.status
      while ((await answer()) !== (healthy ? 200 : 503)) await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  const databases = () => SERVICES.map((name) => new URL(env[`SOTTO_${upper(name)}_DATABASE`] ?? '').pathname.slice(1))

  /** Change something of all databases, and have it take effect: for connections that begin. */
  async function alter(change: (database: string) => string): Promise<void> {
    for (const database of databases()) {
      await postgres.query('postgres', change(database))
      const others = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}'`
      await postgres.query('postgres', others)
    }
  }

  it('waits for a database and a certificate that come later', async () => {
    await postgres.stop()
    const [directory, relay, auth] = [start('directory'), start('relay'), start('auth')]
    const waiting = [directory, relay].map((service) => service.untilStderr('waiting for'))
    await Promise.all([auth.untilStderr('waiting for the database'), ...waiting])
    await postgres.startAgain()
    await untilHealthy(true)
  })

  it('is bad while it is stopped', async () => {
    await postgres.stop('SIGQUIT')
    await untilHealthy(false)
    await postgres.startAgain()
    await untilHealthy(true)
  })

  it('is bad while it may not be written, as a standby', async () => {
    await alter((database) => `alter database "${database}" set default_transaction_read_only = on`)
    await untilHealthy(false)
    await alter((database) => `alter database "${database}" reset default_transaction_read_only`)
    await untilHealthy(true)
  })

  it('is bad while a database is gone', async () => {
    await alter((database) => `alter database "${database}" with allow_connections false`)
    await untilHealthy(false)
    await alter((database) => `alter database "${database}" with allow_connections true`)
    await untilHealthy(true)
  })

  it('is bad while somebody else keeps its tables locked', async () => {
    const clients = databases().map((database) => new Client({ connectionString: postgres.urlOf(database) }))
    for (const client of clients) {
      await client.connect()
      await client.query('begin; lock table kysely_migration_lock in access exclusive mode')
    }
    await untilHealthy(false)
    for (const client of clients) await client.end()
    await untilHealthy(true)
  })

  it('is no reason to stop any other way than in order', async () => {
    await postgres.stop('SIGQUIT')
    for (const service of running.values()) service.signal('SIGTERM')
    for (const [name, service] of running) expect(await service.ended, name + service.errors.text).to.equal(0)
  })
})
