/** The containers of docker-compose.yml: from the start to a chat between two people on the host, keys, and a restart. */
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { fingerprintOf, shownCertificates } from '#lib/runtime/tls.ts'
import { bufCurl } from '../../support/buf-curl.ts'
import { BASE_IMAGE, ComposeProject, docker, whyNoCompose } from '../../support/compose.ts'
import { outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { freePort } from '../../support/free-port.ts'
import { TestProcess, type TestProcessOptions } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const SERVICES = ['auth', 'directory', 'relay']

/** How soon after `docker compose up -d` the README promises health, in milliseconds. */
const HEALTHY_WITHIN_MS = 10_000

/** What they may take at rest together, in MiB, as the engine counts it; it is some 107. */
const AT_REST_MIB = 140

/** How much larger than its base the image may be, in bytes. */
const OWN_BYTES = 20 * 1_000_000

const refusal = whyNoCompose()

describe(`docker compose${refusal ? `: ${refusal}` : ''}`, () => {
  let project: ComposeProject
  let home: TemporaryFolder
  let authPort: number
  let directoryPort: number
  let relayPort: number
  /** The server as people type it: ADDRESS#FINGERPRINT. */
  let server: string

  before(async function () {
    if (refusal) return this.skip()
    home = await temporaryFolder()
    authPort = await freePort()
    directoryPort = await freePort()
    relayPort = await freePort()
    project = new ComposeProject(`sotto-test-${process.pid}`, {
      SOTTO_AUTH_PORT: String(authPort),
      SOTTO_DIRECTORY_PORT: String(directoryPort),
      SOTTO_RELAY_PORT: String(relayPort),
    })
    await project.do(['build'])
  })
  after(async () => {
    await project?.do(['down', '--volumes', '--remove-orphans', '--timeout', '5'])
    await home?.[Symbol.asyncDispose]()
  })

  const untilHealthy = () => project.untilHealthy(SERVICES, 3 * HEALTHY_WITHIN_MS)

  /** Start the `sotto` command of a person on the host. */
  function sotto(args: readonly string[], options: TestProcessOptions = {}): TestProcess {
    return new TestProcess(process.execPath, [SOTTO, ...args], {
      env: environmentOf(home.path),
      ...options,
    })
  }

  /** Send a text. Returns what the receiver has by the time that the sender reports it as acknowledged. */
  async function chat(
    text: string,
    signIn: (name: string) => readonly string[] = () => [],
    way: readonly string[] = [],
  ): Promise<string> {
    await using receiver = sotto(['receive', '--profile', 'bob', ...signIn('bob'), ...way])
    await receiver.untilStderr('online as bob')
    const sent = await outcomeOf(sotto(['send', 'bob', text, ...signIn('alice')]))
    expect(sent.code, sent.errors).to.equal(0)
    return receiver.output.text
  }

  /** The fingerprints of the certificates that the services show. */
  async function shown(): Promise<string[]> {
    const ports = [authPort, directoryPort, relayPort]
    const leaves = await Promise.all(ports.map(async (port) => (await shownCertificates(`localhost:${port}`))[0]))
    return leaves.map((leaf) => fingerprintOf(String(leaf)))
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

  it('gives each service a volume that the others do not have', async () => {
    const [ofAuth, ofDirectory, ofRelay] = await Promise.all(SERVICES.map((service) => project.container(service)))
    const namesOf = (mounts: typeof ofAuth) =>
      mounts?.Mounts.map(({ Name }) => Name?.replace(`${project.name}_`, '')).sort()
    expect(namesOf(ofAuth)).to.deep.equal(['auth', 'directory-tls', 'relay-tls'])
    expect(namesOf(ofDirectory)).to.deep.equal(['directory', 'directory-tls'])
    expect(namesOf(ofRelay)).to.deep.equal(['relay', 'relay-tls'])
    const filesOf = async (service: string, folder: string) =>
      (await project.exec(service, 'ls', '-A', `/var/lib/sotto/${folder}`)).output.split('\n').filter(Boolean).sort()
    expect(await filesOf('auth', 'auth')).to.include.members(['auth.db', 'ca', 'wrapping.key'])
    expect(await filesOf('directory', 'directory')).to.include('directory.db')
    expect(await filesOf('relay', 'relay')).to.include('mailbox.db')
    expect(await filesOf('auth', 'directory')).to.deep.equal([])
    for (const service of ['directory', 'relay']) expect(await filesOf(service, 'auth')).to.deep.equal([])
    // The shared volumes hold what auth makes for the others, who cannot change it.
    for (const service of ['directory', 'relay']) {
      expect(await filesOf(service, `${service}-tls`)).to.deep.equal(['ca.pem', 'leaf.pem'])
      expect((await project.exec(service, 'touch', `/var/lib/sotto/${service}-tls/new`)).code).not.to.equal(0)
    }
  })

  it('publishes the three ports that clients need, and no other', async () => {
    const published = await Promise.all(
      SERVICES.map(async (service) => {
        const { Ports } = (await project.container(service)).NetworkSettings
        return Object.entries(Ports).map(([port, hosts]) => [port, hosts?.[0]?.HostPort])
      }),
    )
    const [ofAuth, ofDirectory, ofRelay] = [authPort, directoryPort, relayPort].map(String)
    expect(published).to.deep.equal([[['7001/tcp', ofAuth]], [['7002/tcp', ofDirectory]], [['7004/tcp', ofRelay]]])
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

  it('carries a conversation through the relay', async () => {
    expect(await chat('By the relay', undefined, ['--relay-only'])).to.equal('By the relay\n')
    const logged = await project.do(['logs', '--no-color', 'relay'])
    expect(logged.output + logged.errors).to.include('sotto.relay.v1.RelayService/Call"')
  })

  for (const what of ['leaf', 'wrapping-key', 'authority']) {
    it(`has another ${what} by a command, while people chat, and by that nobody signs in again`, async () => {
      const before = await shown()
      {
        await using receiver = sotto(['receive', '--profile', 'bob', '--any-route'])
        await receiver.untilStderr('online as bob')
        const rotated = await project.do(['exec', '-T', 'auth', 'sotto', 'admin', 'rotate', what])
        if (what !== 'wrapping-key') {
          expect(rotated.errors).to.include('auth has new certificates')
          while ((await shown()).some((leaf) => before.includes(leaf)));
        }
        const sent = await outcomeOf(sotto(['send', 'bob', `after ${what}`]))
        expect(sent.code, sent.errors).to.equal(0)
        await receiver.output.until((text) => text.includes(`after ${what}\n`))
      }
      expect(await chat(`By the relay after ${what}`, undefined, ['--relay-only'])).to.include(`after ${what}\n`)
    })
  }

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
        [relayPort, 'sotto.relay.v1.RelayService'],
      ] as const) {
        const { error, stdout } = spawnSync('grpcurl', ['-cacert', caFile, `localhost:${port}`, 'list'], {
          encoding: 'utf8',
        })
        if (error) this.skip()
        expect(stdout.split('\n')).to.include(service)
      }
    })

    it('answers buf curl', async () => {
      for (const port of [authPort, directoryPort, relayPort]) {
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
