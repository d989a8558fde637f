/** All that people do goes through the one port of a door: as processes, with the address of each caller. */
import { join } from 'node:path'
import { execPath } from 'node:process'
import { expect } from 'chai'
import type { Environment } from '#lib/runtime/environment.ts'
import type { Finding } from '../../../cli/doctor/finding.ts'
import { FREE_PORTS } from '../../../cli/up/supervisor.ts'
import { outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const PASSWORD = 'a long enough password'

const DOOR = { ...FREE_PORTS, SOTTO_DOOR_PORT: '0', SOTTO_DOOR_HOST: '::' }

describe('sotto up with a door', function () {
  this.timeout(300_000)
  let folder: TemporaryFolder
  let up: TestProcess

  beforeEach(async () => {
    folder = await temporaryFolder()
    up = new TestProcess(execPath, [SOTTO, 'up'], { env: environmentOf(folder.path, DOOR) })
    await Promise.race([up.errors.until((text) => text.includes('Ctrl-C stops it')), up.ended])
  })
  afterEach(async () => {
    await up[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  /** Start a command of somebody, who has a home of their own. */
  const sotto = (name: string, args: readonly string[], input?: string, settings: Environment = {}): TestProcess =>
    new TestProcess(execPath, [SOTTO, ...args], {
      env: environmentOf(name === 'host' ? folder.path : join(folder.path, name), settings),
      input,
    })

  async function run(name: string, args: readonly string[], input?: string, settings: Environment = {}) {
    await using command = sotto(name, args, input, settings)
    const outcome = await outcomeOf(command)
    expect(outcome.code, outcome.errors).to.equal(0)
    return outcome
  }

  it('signs people in and carries all their calls, and the services see whence each comes', async () => {
    const [, port] = /at the door, localhost:(\d+)\./.exec(up.errors.text) ?? []
    const [, fingerprint] = /to compare: ([0-9a-f]{64})/.exec(up.errors.text) ?? []
    await run('host', ['admin', 'add-user', 'alice', 'bob', 'carol'], `${PASSWORD}\n`.repeat(3))
    for (const name of ['alice', 'bob', 'carol']) {
      await run(name, ['login', name, '--server', `[::1]:${port}#${fingerprint}`], `${PASSWORD}\n`)
      const { account } = JSON.parse((await run(name, ['whoami', '--json'])).output)
      expect(account ?? name).to.equal(name)
    }
    const { output: examined } = await run('alice', ['doctor', '--json'])
    const findings = examined
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Finding)
    expect(findings.filter(({ state }) => state === 'fault')).to.deep.equal([])
    const subjects = findings.map(({ about }) => about)
    expect(subjects).to.include.members(['certificate', 'auth', 'clock', 'session', 'directory', 'addresses'])
    await using bob = sotto('bob', ['receive', '--listen', '127.0.0.1:0'])
    await bob.untilStderr('online')
    await run('alice', ['send', 'bob', 'through one port'])
    await bob.output.until((text) => text.includes('through one port'))
    await using carol = sotto('carol', ['receive', '--relay-only'])
    await carol.untilStderr('online')
    await run('alice', ['send', 'carol', 'through one port and the relay'])
    await carol.output.until((text) => text.includes('through one port and the relay'))
    carol.signal('SIGTERM')
    await carol.ended

    const methods = ['/Login', '/RequestChat', '/Attend', '/Call', '/Answer']
    // A call has its line when it is over.
    await up.errors.until((text) => methods.every((method) => text.includes(`${method}"`)))
    const calls = up.errors.text
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes('"rpc"'))
      .map((line) => JSON.parse(line) as { name: string; rpc: string; peer: string })
    const peersOf = (method: string) => new Set(calls.filter(({ rpc }) => rpc.endsWith(method)).map(({ peer }) => peer))
    // The door itself calls from 127.0.0.1.
    for (const method of methods) expect([...peersOf(method)]).to.deep.equal(['::1'])
  })

  it('is among what the host is shown, with its port set', async () => {
    const [, auth] = /auth at \S+:(\d+),/.exec(up.errors.text) ?? []
    const [, directory] = /directory at \S+:(\d+),/.exec(up.errors.text) ?? []
    const [, relay] = /relay at \S+:(\d+);/.exec(up.errors.text) ?? []
    const [, door] = /at the door, localhost:(\d+)\./.exec(up.errors.text) ?? []
    const ports = {
      SOTTO_AUTH_PORT: auth,
      SOTTO_DIRECTORY_PORT: directory,
      SOTTO_RELAY_PORT: relay,
      SOTTO_DOOR_PORT: door,
    }
    const { services } = JSON.parse((await run('host', ['admin', 'status', '--json'], '', ports)).output)
    const all = { auth: 'serves', directory: 'serves', relay: 'serves', door: 'serves' }
    expect(services).to.deep.equal(all)
    const { output } = await run('host', ['doctor', '--json'], '', ports)
    expect(output).to.match(/"about":"door here","state":"ok","text":"serves at localhost:\d+"/)
  })

  it('stops in order, the door last', async () => {
    expect(await up.children()).to.have.length(4)
    up.signal('SIGTERM')
    expect(await up.ended).to.equal(0)
    const stopped = up.errors.text
      .split('\n')
      .filter((line) => line.includes('"msg":"stopped"'))
      .map((line) => JSON.parse(line).name)
    expect(stopped).to.deep.equal(['relay', 'directory', 'auth', 'door'])
  })
})
