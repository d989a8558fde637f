/** An installation from before there was a relay: `sotto up` adds one, and all else goes on. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { FREE_PORTS } from '../../../cli/up/supervisor.ts'
import { type Outcome, outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { freePort } from '../../support/free-port.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

describe('an installation from before there was a relay', function () {
  this.timeout(300_000)
  let home: TemporaryFolder
  let ports: NodeJS.ProcessEnv

  before(async () => {
    home = await temporaryFolder()
    ports = { ...FREE_PORTS, SOTTO_AUTH_PORT: String(await freePort()), SOTTO_DIRECTORY_PORT: String(await freePort()) }
  })
  after(() => home[Symbol.asyncDispose]())

  const sotto = (args: readonly string[], settings: NodeJS.ProcessEnv = {}, input?: string) =>
    new TestProcess(process.execPath, [SOTTO, ...args], {
      env: environmentOf(home.path, settings),
      input,
    })

  async function run(args: readonly string[], input?: string): Promise<Outcome> {
    const outcome = await outcomeOf(sotto(args, {}, input))
    expect(outcome.code, `${args.join(' ')}: ${outcome.errors}`).to.equal(0)
    return outcome
  }

  /** Start the services. */
  async function up(settings: NodeJS.ProcessEnv = {}): Promise<TestProcess> {
    const services = sotto(['up'], { ...ports, ...settings })
    await Promise.race([services.untilStderr('Ctrl-C stops it'), services.ended])
    return services
  }

  async function signIn(name: string): Promise<void> {
    const server = [
      '--server',
      `localhost:${ports['SOTTO_AUTH_PORT']}`,
      '--ca',
      join(home.path, 'auth', 'ca', 'ca.pem'),
    ]
    await run(['login', name, '--profile', name, ...server], `${name}'s password\n`)
  }

  /** alice writes to bob, who is called so. */
  async function chat(text: string, way: readonly string[]): Promise<void> {
    await using bob = sotto(['receive', '--profile', 'bob', ...way])
    await bob.untilStderr('online as bob')
    await run(['send', 'bob', text, '--profile', 'alice'])
    await bob.output.until((shown) => shown.includes(text))
  }

  it('has people, who chat', async () => {
    await using _services = await up({ SOTTO_RELAY: 'off' })
    await run(['admin', 'add-user', 'alice', 'bob'], "alice's password\nbob's password\n")
    for (const name of ['alice', 'bob']) await signIn(name)
    await chat('before', ['--listen', '127.0.0.1:0'])
    expect(await stat(join(home.path, 'relay')).catch(() => 'none')).to.equal('none')
  })

  it('gets a relay and its certificate, and nobody who chats directly signs in again', async () => {
    // As its auth left the database.
    const database = new DatabaseSync(join(home.path, 'auth', 'auth.db'))
    database.exec(`drop index session_relay_bearer; alter table session drop column relay_bearer_hash;
      delete from kysely_migration where name = '0011_relay_bearer'`)
    database.close()
    await using services = await up()
    expect(await services.children()).to.have.length(3)
    expect((await stat(join(home.path, 'relay', 'tls', 'leaf.pem'))).isFile()).to.equal(true)
    await chat('after', ['--listen', '127.0.0.1:0'])
    for (const name of ['alice', 'bob']) await signIn(name)
    await chat('by the relay', ['--relay-only'])
  })
})
