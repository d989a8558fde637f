/** Each service as a system user of its own, as the units of docs/systemd run them: none reads what is another's. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { outcomeOf } from '../../support/deployment.ts'
import { environmentOf, ROOT } from '../../support/environment.ts'
import { freePort } from '../../support/free-port.ts'
import { TestProcess } from '../../support/processes.ts'
import { programIn, SOTTO } from '../../support/programs.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

/** The services that have folders of their own. */
const KEEPERS = ['auth', 'directory', 'relay'] as const

/** User and group ids that no account of a system has. */
const IDS = { auth: 61_001, directory: 61_002, relay: 61_003, door: 61_004 }
type ServiceName = keyof typeof IDS

/** The settings of the ports that a service has. */
const portsOf = (upper: string) => ['PORT', 'ADMIN_PORT', 'PROXY_PORT'].map((port) => `${upper}_${port}`)

const UNITS = join(ROOT, 'docs', 'systemd')

const hasSystemd = spawnSync('systemd-analyze', ['--version'], { stdio: 'ignore' }).status === 0
const refusal = process.platform === 'linux' && process.getuid?.() === 0 ? refusalOfOthers() : 'only root can be others'

describe(`system users of the services${refusal ? `: ${refusal}` : ''}`, function () {
  this.timeout(300_000)
  let home: TemporaryFolder
  let env: NodeJS.ProcessEnv
  const services: TestProcess[] = []

  before(async function () {
    if (refusal) return this.skip()
    home = await temporaryFolder()
    await chmod(home.path, 0o755)
    // As sotto.tmpfiles.conf has them.
    for (const name of KEEPERS) await own(await made(name, 0o700), IDS[name], IDS[name])
    for (const name of ['directory', 'relay'] as const) {
      const tls = await made(`${name}-tls`, 0o750)
      await own(tls, IDS.auth, IDS[name])
      await chmod(tls, 0o2750)
    }
    const ports = ['SEALING_PORT', 'DOOR_PORT', ...KEEPERS.flatMap((name) => portsOf(name.toUpperCase()))]
    const settings = await Promise.all(ports.map(async (name) => [`SOTTO_${name}`, String(await freePort())]))
    env = environmentOf(home.path, {
      ...Object.fromEntries(settings),
      SOTTO_DIRECTORY_TLS: join(home.path, 'directory-tls'),
      SOTTO_RELAY_TLS: join(home.path, 'relay-tls'),
      HOME: home.path,
    })
    for (const name of KEEPERS) {
      const upper = name.toUpperCase()
      env[`SOTTO_DOOR_TO_${upper}`] = `localhost:${env[`SOTTO_${upper}_PROXY_PORT`]}`
    }
  })
  after(async () => {
    for (const service of services) await service[Symbol.asyncDispose]()
    await home?.[Symbol.asyncDispose]()
  })

  async function made(name: string, mode: number): Promise<string> {
    const path = join(home.path, name)
    await mkdir(path, { mode })
    return path
  }

  const own = (path: string, user: number, group: number) => chown(path, user, group)

  /** Run a program as the user of a service. */
  const as = (name: ServiceName, command: readonly string[]) =>
    new TestProcess('setpriv', [`--reuid=${IDS[name]}`, `--regid=${IDS[name]}`, '--clear-groups', ...command], { env })

  function begin(name: ServiceName, settings: readonly string[] = []): TestProcess {
    const service = as(name, ['env', ...settings, process.execPath, programIn(`services/${name}`)])
    services.push(service)
    return service
  }

  const start = (name: ServiceName) => begin(name).untilStderr('"msg":"up"')

  it('say what to do where auth may make no folder for the relay, as with the units from before it', async () => {
    const refused = begin('auth', ['--unset=SOTTO_RELAY_TLS', `SOTTO_RELAY_DATA=${join(home.path, 'new')}`])
    expect(await refused.ended).to.equal(1)
    expect(refused.errors.text)
      .to.include('"code":"ERR_CONFIG"')
      .and.to.include('SOTTO_RELAY=off')
      .and.to.include('EACCES')
    await begin('auth', ['--unset=SOTTO_RELAY_TLS', 'SOTTO_RELAY=off']).untilStderr('"msg":"up"')
    services.at(-1)?.signal('SIGTERM')
    expect(await services.at(-1)?.ended).to.equal(0)
  })

  it('run the services, the directory and the relay with the certificates that auth leaves them', async () => {
    await Promise.all(KEEPERS.map(start))
    await start('door')
    expect((await outcomeOf(as('auth', [process.execPath, SOTTO, 'health', 'door']))).code).to.equal(0)
  })

  it('read nothing of each other but that', async () => {
    const read = async (name: ServiceName, file: string) => {
      return (await outcomeOf(as(name, ['cat', join(home.path, file)]))).code
    }
    const owned = {
      auth: ['auth/auth.db', 'auth/wrapping.key', 'auth/ca/ca.key', 'auth/tls/leaf.pem'],
      directory: ['directory/directory.db'],
      relay: ['relay/mailbox.db'],
      door: [],
    }
    for (const [owner, files] of Object.entries(owned)) {
      for (const file of files) {
        for (const name of Object.keys(IDS) as ServiceName[]) {
          expect((await read(name, file)) === 0, `${file} by ${name}`).to.equal(name === owner)
        }
      }
    }
    for (const name of ['directory', 'relay'] as const) {
      const leaf = `${name}-tls/leaf.pem`
      for (const other of Object.keys(IDS) as ServiceName[]) {
        expect((await read(other, leaf)) === 0, `${leaf} by ${other}`).to.equal(other === 'auth' || other === name)
      }
      expect((await outcomeOf(as(name, ['touch', join(home.path, leaf)]))).code).not.to.equal(0)
    }
  })
})

describe(`the units of docs/systemd${hasSystemd ? '' : ': systemd is not installed'}`, () => {
  before(function () {
    if (!hasSystemd) this.skip()
  })

  it('are units that systemd takes', async () => {
    await using folder = await temporaryFolder()
    for (const name of Object.keys(IDS).map((service) => `sotto-${service}.service`)) {
      // What is run has to be there, and is where the release is installed only.
      const unit = await readFile(join(UNITS, name), 'utf8')
      const node = unit.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`)
      await writeFile(join(folder.path, name), node.replace(/^User=.*\n/m, ''))
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', join(folder.path, name)], { encoding: 'utf8' })
      const ours = stderr.split('\n').filter((line) => line.includes('sotto-'))
      expect([status, ours]).to.deep.equal([0, []])
    }
  })

  it('name users and folders that the other two files make', async () => {
    await using folder = await temporaryFolder()
    const root = `--root=${folder.path}`
    await mkdir(join(folder.path, 'etc'))
    execFileSync('systemd-sysusers', [root, join(UNITS, 'sotto.sysusers.conf')], { stdio: 'pipe' })
    execFileSync('systemd-tmpfiles', [root, '--create', join(UNITS, 'sotto.tmpfiles.conf')], { stdio: 'pipe' })
    for (const name of Object.keys(IDS)) {
      const unit = await readFile(join(UNITS, `sotto-${name}.service`), 'utf8')
      const [, user = ''] = /^User=(.*)$/m.exec(unit) ?? []
      expect(await readFile(join(folder.path, 'etc', 'passwd'), 'utf8')).to.match(new RegExp(`^${user}:`, 'm'))
      for (const path of /^ReadWritePaths=(.*)$/m.exec(unit)?.[1]?.split(' ') ?? []) {
        execFileSync('test', ['-d', join(folder.path, path)])
      }
    }
  })
})

/** Whether other users can run what is in this folder. */
function refusalOfOthers(): string | undefined {
  const command = [`--reuid=${IDS.auth}`, `--regid=${IDS.auth}`, '--clear-groups', process.execPath, '--version']
  const { status } = spawnSync('setpriv', command, { stdio: 'ignore', cwd: ROOT })
  return status === 0 ? undefined : 'the folder of the project is closed to others'
}
