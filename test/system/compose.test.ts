/** The two containers of docker-compose.yml: from the start to a chat between two people on the host, and a restart. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { bufCurl } from '../support/buf-curl.ts'
import { ComposeProject, docker } from '../support/compose.ts'
import { outcomeOf } from '../support/deployment.ts'
import { environmentOf, ROOT } from '../support/environment.ts'
import { freePort } from '../support/free-port.ts'
import { TestProcess, type TestProcessOptions } from '../support/processes.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const SERVICES = ['auth', 'directory']

/** How soon after `docker compose up -d` the README promises health, in milliseconds. */
const HEALTHY_WITHIN_MS = 10_000

/** What both may take at rest, in MiB, as the engine counts it; it is some 85. */
const AT_REST_MIB = 110

/** How much larger than its base the image may be, in bytes. */
const OWN_BYTES = 20 * 1_000_000

const BASE_IMAGE = /^FROM (node:\S+)$/m.exec(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))?.[1] ?? ''

const refusal = process.env['SOTTO_TEST_COMPOSE'] === undefined ? 'SOTTO_TEST_COMPOSE is not set' : undefined

describe(`docker compose${refusal ? `: ${refusal}` : ''}`, () => {
  let project: ComposeProject
  let home: TemporaryFolder
  let authPort: number
  let directoryPort: number
  /** The server as people type it: ADDRESS#FINGERPRINT. */
  let server: string

  before(async function () {
    if (refusal) return this.skip()
    home = await temporaryFolder()
    authPort = await freePort()
    directoryPort = await freePort()
    project = new ComposeProject(`sotto-test-${process.pid}`, {
      SOTTO_AUTH_PORT: String(authPort),
      SOTTO_DIRECTORY_PORT: String(directoryPort),
    })
    await project.do(['build'])
  })
  after(async () => {
    await project?.do(['down', '--volumes', '--remove-orphans', '--timeout', '5'])
    await home?.[Symbol.asyncDispose]()
  })

  async function untilHealthy(): Promise<number> {
    const startedMs = performance.now()
    const isHealthy = async (service: string) => (await project.container(service)).State.Health?.Status === 'healthy'
    while (!(await Promise.all(SERVICES.map(isHealthy))).every(Boolean)) {
      if (performance.now() - startedMs > 3 * HEALTHY_WITHIN_MS) {
        const { output } = await project.try(['logs', '--no-color'])
        throw new Error(`not healthy after ${3 * HEALTHY_WITHIN_MS} ms:\n${output}`)
      }
      await wait(200)
    }
    return performance.now() - startedMs
  }

  /** Start the `sotto` command of a person on the host. */
  function sotto(args: readonly string[], options: TestProcessOptions = {}): TestProcess {
    return new TestProcess(process.execPath, [join(ROOT, 'bin', 'sotto.js'), ...args], {
      env: environmentOf(home.path),
      ...options,
    })
  }

  /** Send a text. Returns what the receiver has by the time that the sender reports it as acknowledged. */
  async function chat(text: string, signIn: (name: string) => readonly string[] = () => []): Promise<string> {
    await using receiver = sotto(['receive', '--profile', 'bob', ...signIn('bob')])
    await receiver.untilStderr('online as bob')
    const sent = await outcomeOf(sotto(['send', 'bob', text, ...signIn('alice')]))
    expect(sent.code, sent.errors).to.equal(0)
    return receiver.output.text
  }

  it('is healthy within ten seconds', async () => {
    await project.do(['up', '--detach'])
    expect(await untilHealthy()).to.be.below(HEALTHY_WITHIN_MS)
  })

  it('has an image of at most 20 MB over its base', async () => {
    const sizeOf = async (image: string) =>
      Number((await docker('image', 'inspect', '--format', '{{.Size}}', image)).output)
    expect((await sizeOf('sotto')) - (await sizeOf(BASE_IMAGE))).to.be.below(OWN_BYTES)
  })

  it('takes little memory at rest', async () => {
    const containers = await Promise.all(SERVICES.map((service) => project.container(service)))
    const ids = containers.map(({ Id }) => Id)
    const { output } = await docker('stats', '--no-stream', '--format', '{{.MemUsage}}', ...ids)
    const used = [...output.matchAll(/^([\d.]+)MiB \//gm)].map(([, figure]) => Number(figure))
    expect(used).to.have.length(SERVICES.length)
    expect(used.reduce((sum, each) => sum + each)).to.be.below(AT_REST_MIB)
  })

  for (const service of SERVICES) {
    it(`runs ${service} without privileges, not as root, with only its data writable, and rotates its log`, async () => {
      const { Config, HostConfig } = await project.container(service)
      expect(Config.User).to.equal('node')
      expect(HostConfig.RestartPolicy.Name).to.equal('unless-stopped')
      expect(HostConfig.LogConfig.Config).to.deep.equal({ 'max-size': '10m', 'max-file': '5' })
      const status = await project.exec(service, 'cat', '/proc/1/status')
      expect(status.output).to.match(/^Uid:\s+1000\s+1000\s/m)
      expect(status.output)
        .to.match(/^CapEff:\s+0+$/m)
        .and.match(/^CapBnd:\s+0+$/m)
      expect(status.output).to.match(/^NoNewPrivs:\s+1$/m)
      expect(HostConfig.ReadonlyRootfs).to.equal(true)
      for (const place of ['/sotto/lib/new', '/var/lib/sotto/new', '/etc/new']) {
        expect((await project.exec(service, 'touch', place)).errors).to.include('Read-only file system')
      }
    })
  }

  it('gives each service a volume that the other does not have', async () => {
    const [ofAuth, ofDirectory] = await Promise.all(SERVICES.map((service) => project.container(service)))
    const namesOf = (mounts: typeof ofAuth) =>
      mounts?.Mounts.map(({ Name }) => Name?.replace(`${project.name}_`, '')).sort()
    expect(namesOf(ofAuth)).to.deep.equal(['auth', 'directory-tls', 'relay-tls'])
    expect(namesOf(ofDirectory)).to.deep.equal(['directory', 'directory-tls'])
    const filesOf = async (service: string, folder: string) =>
      (await project.exec(service, 'ls', '-A', `/var/lib/sotto/${folder}`)).output.split('\n').filter(Boolean).sort()
    expect(await filesOf('auth', 'auth')).to.include.members(['auth.db', 'ca', 'wrapping.key'])
    expect(await filesOf('directory', 'directory')).to.include('directory.db')
    expect(await filesOf('auth', 'directory')).to.deep.equal([])
    expect(await filesOf('directory', 'auth')).to.deep.equal([])
    // The shared volume holds what auth makes for the directory, which cannot change it.
    expect(await filesOf('directory', 'directory-tls')).to.deep.equal(['ca.pem', 'leaf.pem'])
    expect((await project.exec('directory', 'touch', '/var/lib/sotto/directory-tls/new')).code).not.to.equal(0)
  })

  it('publishes the two ports that clients need, and no other', async () => {
    const published = await Promise.all(
      SERVICES.map(async (service) => {
        const { Ports } = (await project.container(service)).NetworkSettings
        return Object.entries(Ports).map(([port, hosts]) => [port, hosts?.[0]?.HostPort])
      }),
    )
    expect(published).to.deep.equal([[['7001/tcp', String(authPort)]], [['7002/tcp', String(directoryPort)]]])
  })

  it('lets two people on the host chat, as the README describes', async () => {
    const passwords = ["alice's password", "bob's password"]
    const addUsers = ['exec', '-T', 'auth', 'sotto', 'admin', 'add-user', 'alice', 'bob']
    const added = await project.do(addUsers, `${passwords.join('\n')}\n`)
    // As it is printed: the port must be the published one.
    const [, printed = ''] = /--login alice@(localhost:\d+#[0-9a-f]{64})\n/.exec(added.errors + added.output) ?? []
    server = printed
    expect(server).to.include(`:${authPort}#`)
    await writeFile(join(home.path, 'alice'), `${passwords[0]}\n`, { mode: 0o600 })
    await writeFile(join(home.path, 'bob'), `${passwords[1]}\n`, { mode: 0o600 })
    const signIn = (name: string) => ['--login', `${name}@${server}`, '--password-file', join(home.path, name)]
    expect(await chat('Hello', signIn)).to.equal('Hello\n')
  })

  describe('from outside', () => {
    let caFile: string
    before(async () => {
      caFile = join(home.path, 'ca.pem')
      await writeFile(caFile, (await project.exec('auth', 'cat', '/var/lib/sotto/auth/ca/ca.pem')).output)
    })

    it('answers grpcurl', async function () {
      for (const [port, service] of [
        [authPort, 'sotto.auth.v1.AuthService'],
        [directoryPort, 'sotto.directory.v1.DirectoryService'],
      ] as const) {
        const { error, stdout } = spawnSync('grpcurl', ['-cacert', caFile, `localhost:${port}`, 'list'], {
          encoding: 'utf8',
        })
        if (error) this.skip()
        expect(stdout.split('\n')).to.include(service)
      }
    })

    it('answers buf curl', async () => {
      for (const port of [authPort, directoryPort]) {
        const { stdout, stderr } = await bufCurl(
          '--cacert',
          caFile,
          `https://localhost:${port}/grpc.health.v1.Health/Check`,
        )
        expect(JSON.parse(stdout), stderr).to.deep.equal({ status: 'SERVING' })
      }
    })
  })

  it('stops on SIGTERM with exit code 0', async () => {
    await project.do(['stop'])
    for (const service of SERVICES) {
      const { State } = await project.container(service)
      expect(State).to.include({ Status: 'exited', ExitCode: 0, OOMKilled: false })
    }
  })

  it('comes up again with all its data', async () => {
    await project.do(['up', '--detach'])
    await untilHealthy()
    expect((await project.exec('auth', 'sotto', 'admin', 'list-users')).output).to.equal('alice\nbob\n')
    expect(await chat('Still here')).to.equal('Still here\n')
  })
})
