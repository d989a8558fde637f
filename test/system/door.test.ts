/** All that people do goes through the one port of a door: as processes, with the address of each caller. */
import { join } from 'node:path'
import { execPath } from 'node:process'
import { expect } from 'chai'
import { FREE_PORTS } from '../../cli/up/supervisor.ts'
import { outcomeOf } from '../support/deployment.ts'
import { environmentOf, ROOT } from '../support/environment.ts'
import { TestProcess } from '../support/processes.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const PASSWORD = 'a long enough password'

const DOOR = { ...FREE_PORTS, SOTTO_DOOR_PORT: '0', SOTTO_DOOR_HOST: '::' }

describe('sotto up with a door', function () {
  this.timeout(60_000)
  let folder: TemporaryFolder
  let up: TestProcess

  beforeEach(async () => {
    folder = await temporaryFolder()
    up = new TestProcess(execPath, [join(ROOT, 'cli', 'main.ts'), 'up'], { env: environmentOf(folder.path, DOOR) })
    await Promise.race([up.errors.until((text) => text.includes('Ctrl-C stops it')), up.ended])
  })
  afterEach(async () => {
    await up[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  /** Start a command of somebody, who has a home of their own. */
  const sotto = (name: string, args: readonly string[], input?: string): TestProcess =>
    new TestProcess(execPath, [join(ROOT, 'cli', 'main.ts'), ...args], {
      env: environmentOf(name === 'host' ? folder.path : join(folder.path, name)),
      input,
    })

  async function run(name: string, args: readonly string[], input?: string) {
    await using command = sotto(name, args, input)
    const outcome = await outcomeOf(command)
    expect(outcome.code, outcome.errors).to.equal(0)
    return outcome
  }

  it('signs people in and carries all their calls, and the services see whence each comes', async () => {
    const [, port] = /at the door, localhost:(\d+)\./.exec(up.errors.text) ?? []
    const [, fingerprint] = /to compare: ([0-9a-f]{64})/.exec(up.errors.text) ?? []
    await run('host', ['admin', 'add-user', 'alice', 'bob'], `${PASSWORD}\n${PASSWORD}\n`)
    for (const name of ['alice', 'bob']) {
      await run(name, ['login', name, '--server', `[::1]:${port}#${fingerprint}`], `${PASSWORD}\n`)
      const { account } = JSON.parse((await run(name, ['whoami', '--json'])).output)
      expect(account ?? name).to.equal(name)
    }
    await using bob = sotto('bob', ['receive', '--listen', '127.0.0.1:0'])
    await bob.untilStderr('online')
    await run('alice', ['send', 'bob', 'through one port'])
    await bob.output.until((text) => text.includes('through one port'))

    const calls = up.errors.text
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes('"rpc"'))
      .map((line) => JSON.parse(line) as { name: string; rpc: string; peer: string })
    const peersOf = (method: string) => new Set(calls.filter(({ rpc }) => rpc.endsWith(method)).map(({ peer }) => peer))
    // The door itself calls from 127.0.0.1.
    for (const method of ['/Login', '/RequestChat']) expect([...peersOf(method)]).to.deep.equal(['::1'])
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
