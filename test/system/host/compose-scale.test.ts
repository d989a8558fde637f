/** The profile `scale` of docker-compose.yml: replicas on a PostgreSQL, of which some die under people's hands. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { fingerprintOf, shownCertificates } from '#lib/runtime/tls.ts'
import { bufCurl } from '../../support/buf-curl.ts'
import { BASE_IMAGE, ComposeProject, composeSeparator, docker, whyNoCompose } from '../../support/compose.ts'
import { type Outcome, outcomeOf } from '../../support/deployment.ts'
import { ROOT } from '../../support/environment.ts'
import { freePorts } from '../../support/free-port.ts'
import { whyNoPostgres } from '../../support/postgres.ts'
import { buildPostgresImage } from '../../support/postgres-image.ts'
import { TestProcess } from '../../support/processes.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const REPLICAS = { auths: 2, directories: 3, relays: 2 } as const

/** How long everything may take from nothing to health, in milliseconds; on two cores it takes 17 s. */
const HEALTHY_WITHIN_MS = 60_000

/** How long somebody who is online may not be found after a directory died, in milliseconds. */
const FOUND_WITHIN_MS = 10_000

const COMPOSE_FILE = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')
const POSTGRES_IMAGE = /^ +image: (postgres:\S+)$/m.exec(COMPOSE_FILE)?.[1] ?? ''

const hasImage = (image: string) => spawnSync('docker', ['image', 'inspect', image], { stdio: 'ignore' }).status === 0
const refusal = whyNoCompose() ?? (hasImage(POSTGRES_IMAGE) ? undefined : whyNoPostgres())

describe(`docker compose --profile scale${refusal ? `: ${refusal}` : ''}`, function () {
  this.timeout(300_000)
  let home: TemporaryFolder
  let project: ComposeProject
  let ports: Readonly<Record<keyof typeof REPLICAS, readonly number[]>>
  const people: string[] = []
  /** Who can be called directly, and who through a relay alone; they stay online, whatever happens. */
  let receivers: Readonly<Record<'bob' | 'carol', TestProcess>>

  before(async function () {
    if (refusal) return this.skip()
    home = await temporaryFolder()
    ports = {
      auths: await freePorts(REPLICAS.auths),
      directories: await freePorts(REPLICAS.directories),
      relays: await freePorts(REPLICAS.relays),
    }
    const name = `sotto-scale-${process.pid}`
    const relays = [1, 2].map((number) => `${[name, 'relays', number].join(composeSeparator())}:7004`)
    const range = (list: readonly number[]) => `${list[0]}-${list.at(-1)}`
    const settings = {
      SOTTO_AUTHS_PORTS: range(ports.auths),
      SOTTO_DIRECTORIES_PORTS: range(ports.directories),
      SOTTO_RELAYS_PORTS: range(ports.relays),
      // People who are in the network themselves, where a name has the address of each replica.
      SOTTO_AUTH_ADDRESS: 'auths:7001',
      SOTTO_DIRECTORY_ADDRESS: 'directories:7002',
      SOTTO_RELAY_ADDRESSES: relays.join(','),
    }
    const files = ['--file', join(ROOT, 'docker-compose.yml')]
    if (!hasImage(POSTGRES_IMAGE)) {
      await buildPostgresImage('sotto-test-postgres', BASE_IMAGE)
      const added = join(home.path, 'postgres.json')
      const image = { image: 'sotto-test-postgres' }
      await writeFile(added, JSON.stringify({ services: { postgres: image, databases: image } }))
      files.push('--file', added)
    }
    project = new ComposeProject(name, settings, [...files, '--profile', 'scale'])
    await project.do(['build', 'auths'])
  })
  after(async () => {
    for (const receiver of Object.values(receivers ?? {})) await receiver[Symbol.asyncDispose]()
    if (people.length > 0) await docker('rm', '--force', ...people.map(machineOf))
    await project?.do(['down', '--volumes', '--remove-orphans', '--timeout', '5'])
    await home?.[Symbol.asyncDispose]()
  })

  async function up(): Promise<void> {
    await project.do(['up', '--detach', 'directories', 'relays'])
    await project.untilHealthy(Object.keys(REPLICAS), HEALTHY_WITHIN_MS)
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

  /** Alice begins a conversation with somebody, which may take some tries, but no longer than they may be lost. */
  async function send(to: string, text: string): Promise<Outcome> {
    const began = performance.now()
    for (;;) {
      const outcome = await outcomeOf(sotto('alice', 'send', to, text, '--wait', 'delivered', '--timeout', '10'))
      if (outcome.code === 0 || performance.now() - began > FOUND_WITHIN_MS) return outcome
    }
  }

  /** Alice writes to each of them, and they have it. */
  async function reachAll(text: string): Promise<void> {
    for (const [name, receiver] of Object.entries(receivers)) {
      const sent = await send(name, text)
      expect(sent.code, `to ${name} ${text}: ${sent.errors}`).to.equal(0)
      await receiver.output.until((shown) => shown.includes(`${text}\n`))
    }
  }

  /** The fingerprints of the certificates that the replicas show. */
  async function shown(): Promise<string[]> {
    const all = Object.values(ports).flat()
    const leaves = await Promise.all(all.map(async (port) => (await shownCertificates(`localhost:${port}`))[0]))
    return leaves.map((leaf) => fingerprintOf(String(leaf)))
  }

  it('starts the replicas, and what they need, alone', async () => {
    await up()
    const { output } = await project.do(['ps', '--services', '--filter', 'status=running'])
    expect(output.split('\n').filter(Boolean).sort()).to.deep.equal([...Object.keys(REPLICAS), 'postgres'].sort())
    for (const [service, count] of Object.entries(REPLICAS))
      expect(await project.containers(service)).to.have.length(count)
  })

  it('publishes each replica', async () => {
    const { output } = await project.exec('auths', 'cat', '/var/lib/sotto/keys/ca/ca.pem')
    const caFile = join(home.path, 'ca.pem')
    await writeFile(caFile, output)
    for (const port of Object.values(ports).flat()) {
      const url = `https://localhost:${port}/grpc.health.v1.Health/Check`
      const { stdout, stderr } = await bufCurl('--cacert', caFile, url)
      expect(JSON.parse(stdout), stderr).to.deep.equal({ status: 'SERVING' })
    }
  })

  it('lets each see its own secrets alone, and shows none where containers are described', async () => {
    const mountsOf = async (service: string) =>
      (await project.container(service)).Mounts.map(({ Name = '' }) => Name.replace(`${project.name}_`, '')).sort()
    expect(await mountsOf('auths')).to.deep.equal(['auth-database', 'directories-tls', 'keys', 'relays-tls'])
    expect(await mountsOf('directories')).to.deep.equal(['directories-tls', 'directory-database'])
    expect(await mountsOf('relays')).to.deep.equal(['relay-database', 'relays-tls'])
    expect(await mountsOf('postgres')).to.deep.equal(['postgres', 'postgres-setup'])
    const all = [...Object.keys(REPLICAS), 'postgres', 'databases', 'keys']
    const described = JSON.stringify(await Promise.all(all.map((service) => project.containers(service))))
    for (const [service, kind] of [
      ['auths', 'auth'],
      ['directories', 'directory'],
      ['relays', 'relay'],
    ] as const) {
      const { output: url } = await project.exec(service, 'cat', `/var/lib/sotto/${kind}-database/url`)
      const { password } = new URL(url.trim())
      expect(password).to.have.length(32)
      expect(described).not.to.include(password)
    }
  })

  it('goes on while an auth, a directory and a relay are dead', async () => {
    const people = ['alice', 'bob', 'carol']
    const passwords = people.map((name) => `${name}'s password\n`).join('')
    const added = await project.do(['exec', '-T', 'auths', 'sotto', 'admin', 'add-user', ...people], passwords)
    const [, server = ''] = /--login alice@(auths:7001#[0-9a-f]{64})\n/.exec(added.errors + added.output) ?? []
    for (const name of people) await settle(name, server)
    receivers = { bob: sotto('bob', 'receive'), carol: sotto('carol', 'receive', '--relay-only') }
    for (const [name, receiver] of Object.entries(receivers)) await receiver.untilStderr(`online as ${name}`)
    for (const index of [0, 1]) {
      for (const service of Object.keys(REPLICAS)) {
        const { Id } = (await project.containers(service))[index] ?? { Id: '' }
        await docker('kill', Id)
        await reachAll(`without ${service} ${index}`)
        await docker('start', Id)
        await project.untilHealthy([service], HEALTHY_WITHIN_MS)
      }
    }
  })

  for (const what of ['leaf', 'wrapping-key', 'authority']) {
    it(`has another ${what} by a command in the container that may write it, and nobody signs in again`, async () => {
      const before = await shown()
      const rotate = ['run', '--rm', '-T', 'keys', 'sotto', 'admin', 'rotate', what]
      const { errors } = await project.do(rotate)
      if (what !== 'wrapping-key') {
        expect(errors).to.include('every auth makes new')
        while ((await shown()).some((leaf) => before.includes(leaf)));
      }
      await reachAll(`after ${what}`)
    })
  }

  it('comes up again with all its accounts, and its people with it', async () => {
    await project.do(['stop'])
    await up()
    expect((await project.exec('auths', 'sotto', 'admin', 'list-users')).output).to.equal('alice\nbob\ncarol\n')
    await reachAll('after a stop')
  })

  it('gets relays where it was installed before there were any', async () => {
    await project.do(['rm', '--stop', '--force', 'relays', 'auths', 'passwords'])
    const psql = [
      'psql',
      '--username=postgres',
      '--command=drop database sotto_relay',
      '--command=drop role sotto_relay',
    ]
    const dropped = await project.exec('postgres', ...psql)
    expect(dropped.code, dropped.errors).to.equal(0)
    await docker('volume', 'rm', `${project.name}_relay-database`, `${project.name}_relays-tls`)
    await up()
    await reachAll('with new relays')
  })
})
