/** The profile `scale` of docker-compose.yml: replicas on a PostgreSQL, of which some die under people's hands. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { bufCurl } from '../support/buf-curl.ts'
import { ComposeProject, docker } from '../support/compose.ts'
import { type Outcome, outcomeOf } from '../support/deployment.ts'
import { ROOT } from '../support/environment.ts'
import { freePorts } from '../support/free-port.ts'
import { whyNoPostgres } from '../support/postgres.ts'
import { buildPostgresImage } from '../support/postgres-image.ts'
import { TestProcess } from '../support/processes.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const REPLICAS = { auths: 2, directories: 3 }

/** How long everything may take from nothing to health, in milliseconds; on two cores it takes 17 s. */
const HEALTHY_WITHIN_MS = 60_000

/** How long somebody who is online may not be found after a directory died, in milliseconds. */
const FOUND_WITHIN_MS = 10_000

const named = (pattern: RegExp, file: string) => pattern.exec(readFileSync(join(ROOT, file), 'utf8'))?.[1] ?? ''
const BASE_IMAGE = named(/^FROM (node:\S+)$/m, 'Dockerfile')
const POSTGRES_IMAGE = named(/^ {4}image: (postgres:\S+)$/m, 'docker-compose.yml')

const hasImage = (image: string) => spawnSync('docker', ['image', 'inspect', image], { stdio: 'ignore' }).status === 0
const refusal =
  process.env['SOTTO_TEST_COMPOSE'] === undefined
    ? 'SOTTO_TEST_COMPOSE is not set'
    : hasImage(POSTGRES_IMAGE)
      ? undefined
      : whyNoPostgres()

describe(`docker compose --profile scale${refusal ? `: ${refusal}` : ''}`, function () {
  this.timeout(180_000)
  let home: TemporaryFolder
  let project: ComposeProject
  let ports: { readonly auths: readonly number[]; readonly directories: readonly number[] }
  const people: string[] = []

  before(async function () {
    if (refusal) return this.skip()
    home = await temporaryFolder()
    ports = { auths: await freePorts(REPLICAS.auths), directories: await freePorts(REPLICAS.directories) }
    const range = (list: readonly number[]) => `${list[0]}-${list.at(-1)}`
    const settings = {
      SOTTO_AUTHS_PORTS: range(ports.auths),
      SOTTO_DIRECTORIES_PORTS: range(ports.directories),
      // People who are in the network themselves, where a name has the address of each replica.
      SOTTO_AUTH_ADDRESS: 'auths:7001',
      SOTTO_DIRECTORY_ADDRESS: 'directories:7002',
    }
    const files = ['--file', join(ROOT, 'docker-compose.yml')]
    if (!hasImage(POSTGRES_IMAGE)) {
      await buildPostgresImage('sotto-test-postgres', BASE_IMAGE)
      const added = join(home.path, 'postgres.json')
      await writeFile(added, JSON.stringify({ services: { postgres: { image: 'sotto-test-postgres' } } }))
      files.push('--file', added)
    }
    project = new ComposeProject(`sotto-scale-${process.pid}`, settings, [...files, '--profile', 'scale'])
    await project.do(['build', 'auths'])
  })
  after(async () => {
    if (people.length > 0) await docker('rm', '--force', ...people.map(machineOf))
    await project?.do(['down', '--volumes', '--remove-orphans', '--timeout', '5'])
    await home?.[Symbol.asyncDispose]()
  })

  const replicas = async () => [...(await project.containers('auths')), ...(await project.containers('directories'))]

  async function up(): Promise<void> {
    await project.do(['up', '--detach', 'directories'])
    const deadlineMs = performance.now() + HEALTHY_WITHIN_MS
    while (!(await replicas()).every(({ State }) => State.Health?.Status === 'healthy')) {
      if (performance.now() > deadlineMs) throw new Error((await project.try(['logs', '--no-color'])).output)
      await wait(200)
    }
  }

  const machineOf = (name: string) => `${project.name}_${name}`

  /** Give somebody a machine of their own in the network, and sign them in there. */
  async function settle(name: string, server: string): Promise<void> {
    const network = ['--network', `${project.name}_default`]
    await docker('run', '--detach', '--init', ...network, '--name', machineOf(name), 'sotto', 'sleep', 'infinity')
    people.push(name)
    const login = ['sotto', 'login', name, '--server', server]
    const { code, errors } = await outcomeOf(
      new TestProcess('docker', ['exec', '--interactive', machineOf(name), ...login], {
        input: `${name}'s password\n`,
      }),
    )
    expect(code, errors).to.equal(0)
  }

  /** Start the `sotto` command of a person. */
  const sotto = (name: string, ...args: readonly string[]) =>
    new TestProcess('docker', ['exec', machineOf(name), 'sotto', ...args])

  /** Alice begins a conversation with bob, which may take some tries, but no longer than he may be lost. */
  async function send(text: string): Promise<Outcome> {
    const began = performance.now()
    for (;;) {
      const outcome = await outcomeOf(sotto('alice', 'send', 'bob', text, '--timeout', '10'))
      if (outcome.code === 0 || performance.now() - began > FOUND_WITHIN_MS) return outcome
    }
  }

  it('starts the replicas, and what they need, alone', async () => {
    await up()
    const { output } = await project.do(['ps', '--services', '--filter', 'status=running'])
    expect(output.split('\n').filter(Boolean).sort()).to.deep.equal(['auths', 'directories', 'postgres'])
    expect(await project.containers('auths')).to.have.length(REPLICAS.auths)
    expect(await project.containers('directories')).to.have.length(REPLICAS.directories)
  })

  it('publishes each replica', async () => {
    const { output } = await project.exec('auths', 'cat', '/var/lib/sotto/keys/ca/ca.pem')
    const caFile = join(home.path, 'ca.pem')
    await writeFile(caFile, output)
    for (const port of [...ports.auths, ...ports.directories]) {
      const url = `https://localhost:${port}/grpc.health.v1.Health/Check`
      const { stdout, stderr } = await bufCurl('--cacert', caFile, url)
      expect(JSON.parse(stdout), stderr).to.deep.equal({ status: 'SERVING' })
    }
  })

  it('lets each see its own secrets alone, and shows none where containers are described', async () => {
    const mountsOf = async (service: string) =>
      (await project.container(service)).Mounts.map(({ Name = '' }) => Name.replace(`${project.name}_`, '')).sort()
    expect(await mountsOf('auths')).to.deep.equal(['auth-database', 'directories-tls', 'keys'])
    expect(await mountsOf('directories')).to.deep.equal(['directories-tls', 'directory-database'])
    expect(await mountsOf('postgres')).to.deep.equal(['postgres', 'postgres-setup'])
    const { output: url } = await project.exec('auths', 'cat', '/var/lib/sotto/auth-database/url')
    const { password } = new URL(url.trim())
    expect(password).to.have.length(32)
    const described = await Promise.all(['auths', 'postgres', 'keys'].map((service) => project.containers(service)))
    expect(JSON.stringify(described)).not.to.include(password)
  })

  it('goes on while an auth and a directory are dead', async () => {
    const passwords = "alice's password\nbob's password\n"
    const added = await project.do(['exec', '-T', 'auths', 'sotto', 'admin', 'add-user', 'alice', 'bob'], passwords)
    const [, server = ''] = /--login alice@(auths:7001#[0-9a-f]{64})\n/.exec(added.errors + added.output) ?? []
    await settle('alice', server)
    await settle('bob', server)
    await using bob = sotto('bob', 'receive')
    await bob.untilStderr('online as bob')
    for (const index of [0, 1]) {
      for (const service of ['auths', 'directories']) {
        const { Id } = (await project.containers(service))[index] ?? { Id: '' }
        await docker('kill', Id)
        const sent = await send(`without ${service} ${index}`)
        expect(sent.code, sent.errors).to.equal(0)
        await bob.output.until((shown) => shown.includes(`without ${service} ${index}\n`))
        await docker('start', Id)
      }
    }
  })

  it('comes up again with all its accounts', async () => {
    await project.do(['stop'])
    await up()
    expect((await project.exec('auths', 'sotto', 'admin', 'list-users')).output).to.equal('alice\nbob\n')
  })
})
