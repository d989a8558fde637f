/** Auth and the directory as two system users, as the units of docs/systemd run them: neither reads what is the other's. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { outcomeOf } from '../support/deployment.ts'
import { environmentOf, ROOT } from '../support/environment.ts'
import { freePort } from '../support/free-port.ts'
import { TestProcess } from '../support/processes.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

/** User and group ids that no account of a system has. */
const IDS = { auth: 61_001, directory: 61_002 }
type ServiceName = keyof typeof IDS

const UNITS = join(ROOT, 'docs', 'systemd')

const hasSystemd = spawnSync('systemd-analyze', ['--version'], { stdio: 'ignore' }).status === 0
const refusal = process.platform === 'linux' && process.getuid?.() === 0 ? refusalOfOthers() : 'only root can be others'

describe(`two system users${refusal ? `: ${refusal}` : ''}`, function () {
  this.timeout(30_000)
  let home: TemporaryFolder
  let env: NodeJS.ProcessEnv
  const services: TestProcess[] = []

  before(async function () {
    if (refusal) return this.skip()
    home = await temporaryFolder()
    await chmod(home.path, 0o755)
    // As sotto.tmpfiles.conf has them.
    for (const name of ['auth', 'directory'] as const) await own(await made(name, 0o700), IDS[name], IDS[name])
    const tls = await made('directory-tls', 0o750)
    await own(tls, IDS.auth, IDS.directory)
    await chmod(tls, 0o2750)
    const ports = ['AUTH_PORT', 'SEALING_PORT', 'DIRECTORY_PORT', 'AUTH_ADMIN_PORT', 'DIRECTORY_ADMIN_PORT']
    const settings = await Promise.all(ports.map(async (name) => [`SOTTO_${name}`, String(await freePort())]))
    // As sotto-auth.service has it: a folder for the relay is not among theirs.
    const fixed = { SOTTO_RELAY: 'off', SOTTO_DIRECTORY_TLS: tls, HOME: home.path }
    env = environmentOf(home.path, { ...Object.fromEntries(settings), ...fixed })
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

  async function start(name: ServiceName): Promise<void> {
    const service = as(name, [process.execPath, join(ROOT, 'services', name, 'main.ts')])
    services.push(service)
    await service.untilStderr('"msg":"up"')
  }

  it('run the two services, the directory with the certificate that auth leaves it', async () => {
    await Promise.all([start('auth'), start('directory')])
  })

  it('read nothing of each other but that', async () => {
    const read = async (name: ServiceName, file: string) => {
      return (await outcomeOf(as(name, ['cat', join(home.path, file)]))).code
    }
    for (const file of ['auth/auth.db', 'auth/wrapping.key', 'auth/ca/ca.key', 'auth/tls/leaf.pem']) {
      expect(await read('auth', file), file).to.equal(0)
      expect(await read('directory', file), file).not.to.equal(0)
    }
    expect(await read('directory', 'directory/directory.db')).to.equal(0)
    expect(await read('auth', 'directory/directory.db')).not.to.equal(0)
    expect(await read('directory', 'directory-tls/leaf.pem')).to.equal(0)
    const changed = await outcomeOf(as('directory', ['touch', join(home.path, 'directory-tls/leaf.pem')]))
    expect(changed.code).not.to.equal(0)
  })
})

describe(`the units of docs/systemd${hasSystemd ? '' : ': systemd is not installed'}`, () => {
  before(function () {
    if (!hasSystemd) this.skip()
  })

  it('are units that systemd takes', async () => {
    await using folder = await temporaryFolder()
    for (const name of ['sotto-auth.service', 'sotto-directory.service']) {
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
    for (const name of ['auth', 'directory']) {
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
