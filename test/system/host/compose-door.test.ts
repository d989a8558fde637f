/** The profile `door` of docker-compose.yml: all that people do, directly and through the relay, at one port of the host. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { ComposeProject, docker, whyNoCompose } from '../../support/compose.ts'
import { outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { freePort } from '../../support/free-port.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const SERVICES = ['auth', 'directory', 'relay', 'door']

/** How long everything may take from nothing to health, in milliseconds. */
const HEALTHY_WITHIN_MS = 30_000

const refusal = whyNoCompose()

describe(`docker compose --profile door${refusal ? `: ${refusal}` : ''}`, function () {
  this.timeout(300_000)
  let home: TemporaryFolder
  let settings: Readonly<Record<string, string>>
  let project: ComposeProject

  before(async function () {
    if (refusal) return this.skip()
    home = await temporaryFolder()
    const names = ['SOTTO_AUTH_PORT', 'SOTTO_DIRECTORY_PORT', 'SOTTO_RELAY_PORT', 'SOTTO_DOOR_PORT']
    settings = Object.fromEntries(await Promise.all(names.map(async (name) => [name, String(await freePort())])))
    project = projectWith({})
    await project.do(['build', 'auth'])
  })
  after(async () => {
    await project?.do(['down', '--volumes', '--remove-orphans', '--timeout', '5'])
    await home?.[Symbol.asyncDispose]()
  })

  const projectWith = (more: Readonly<Record<string, string>>) =>
    new ComposeProject(`sotto-door-${process.pid}`, { ...settings, ...more }, ['--profile', 'door'])

  /** Start the `sotto` command of a person on the host. */
  const sotto = (...args: readonly string[]) =>
    new TestProcess(process.execPath, [SOTTO, ...args], { env: environmentOf(home.path) })

  async function send(to: string, text: string): Promise<void> {
    const sent = await outcomeOf(sotto('send', to, text, '--profile', 'alice'))
    expect(sent.code, sent.errors).to.equal(0)
  }

  it('starts the door beside the others, which holds nothing and may nothing', async () => {
    await project.do(['up', '--detach'])
    await project.untilHealthy(SERVICES, HEALTHY_WITHIN_MS)
    const { Mounts, HostConfig, NetworkSettings } = await project.container('door')
    expect(Mounts).to.deep.equal([])
    expect(HostConfig).to.deep.include({ ReadonlyRootfs: true, CapDrop: ['ALL'] })
    const published = Object.entries(NetworkSettings.Ports).filter(([, hosts]) => hosts !== null)
    expect(published.map(([port, hosts]) => [port, hosts?.[0]?.HostPort])).to.deep.equal([
      ['7000/tcp', settings['SOTTO_DOOR_PORT']],
    ])
  })

  it('brings people to each other with no other port of the host, directly and through the relay', async () => {
    const people = ['alice', 'bob', 'carol']
    const passwords = people.map((name) => `${name}'s password\n`)
    const added = await project.do(['exec', '-T', 'auth', 'sotto', 'admin', 'add-user', ...people], passwords.join(''))
    const [, server = ''] = /--login alice@(\S+)\n/.exec(added.errors + added.output) ?? []
    expect(server).to.match(new RegExp(`^localhost:${settings['SOTTO_DOOR_PORT']}#[0-9a-f]{64}$`))
    for (const [index, name] of people.entries()) {
      const file = join(home.path, `${name}.password`)
      await writeFile(file, String(passwords[index]), { mode: 0o600 })
      const signedIn = await outcomeOf(
        sotto('login', name, '--server', server, '--profile', name, '--password-file', file),
      )
      expect(signedIn.code, signedIn.errors).to.equal(0)
    }
    await using bob = sotto('receive', '--profile', 'bob', '--listen', '127.0.0.1')
    await using carol = sotto('receive', '--profile', 'carol', '--relay-only')
    await Promise.all([bob.untilStderr('online as bob'), carol.untilStderr('online as carol')])
    await send('bob', 'through one port')
    await send('carol', 'and the relay')
    await Promise.all([bob.untilStdout('through one port\n'), carol.untilStdout('and the relay\n')])
  })

  it('tells the services whose each call is', async () => {
    const { NetworkSettings } = await project.container('door')
    const [own] = Object.values(NetworkSettings.Networks)
    for (const [service, method] of [
      ['auth', 'AuthService/Login'],
      ['directory', 'DirectoryService/RequestChat'],
      ['relay', 'RelayService/Call'],
    ] as const) {
      const { output, errors } = await docker('logs', (await project.container(service)).Id)
      const calls = (output + errors).split('\n').filter((line) => line.includes(`${method}"`))
      expect(calls, method).to.have.length.above(0)
      // Who calls from the host comes from the engine's gateway.
      for (const line of calls) expect(JSON.parse(line).peer).to.equal(own?.Gateway).and.not.equal(own?.IPAddress)
    }
  })

  it('can be had without a relay', async () => {
    await project.do(['rm', '--stop', '--force', 'relay'])
    await projectWith({ SOTTO_RELAY: 'off' }).do(['up', '--detach', 'auth', 'directory', 'door'])
    await project.untilHealthy(['auth', 'directory', 'door'], HEALTHY_WITHIN_MS)
    await using bob = sotto('receive', '--profile', 'bob', '--listen', '127.0.0.1')
    await bob.untilStderr('online as bob')
    await send('bob', 'without a relay')
    await bob.output.until((text) => text.includes('without a relay\n'))
  })
})
