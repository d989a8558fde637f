import { expect } from 'chai'
import { shellCommand } from '../../../cli/up/shell-line.ts'
import { FREE_PORTS } from '../../../cli/up/supervisor.ts'
import { environmentOf } from '../../support/environment.ts'
import { isRunning, TestProcess } from '../../support/processes.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const EXIT_INTERNAL = 1

describe('sotto up', function () {
  this.timeout(300_000)
  let home: TemporaryFolder

  beforeEach(async () => {
    home = await temporaryFolder()
  })
  afterEach(() => home[Symbol.asyncDispose]())

  /** Start `sotto up`, in a process group of its own. */
  const start = (command = [process.execPath, 'cli/main.ts', 'up']) => {
    const [program = '', ...args] = command
    const env = environmentOf(home.path, FREE_PORTS)
    return new TestProcess(program, args, { env, detached: true })
  }

  /** Start `sotto up`, and wait until it prints what to type next. */
  const startWhole = async (command?: string[]) => {
    const up = start(command)
    await Promise.race([up.errors.until((text) => text.includes('What to type next')), up.ended])
    return up
  }

  it('prints what to type next, and stops in order on SIGTERM, with exit code 0', async () => {
    await using up = await startWhole()
    const greeting = up.errors.text
    const sotto = shellCommand(environmentOf(home.path, FREE_PORTS))
    for (const next of ['admin invite alice', 'join', 'chat']) expect(greeting).to.include(`  ${sotto} ${next}`)
    const children = await up.children()
    up.signal('SIGTERM')
    expect(await up.ended).to.equal(0)
    expect([children.length, children.filter(isRunning)]).to.deep.equal([3, []])
    expect(up.errors.text.match(/"stopped"/g)).to.have.length(3)
    expect(up.output.text).to.equal('')
  })

  it('takes a Ctrl-C once when it comes to the whole group and again from npm', async () => {
    await using up = await startWhole()
    up.signalGroup('SIGINT')
    up.signal('SIGINT')
    expect(await up.ended).to.equal(0)
    expect(up.errors.text.match(/"stopped"/g)).to.have.length(3)
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`stops in order, with exit code 0, on ${signal} to npm alone`, async () => {
      await using npm = await startWhole(['npm', 'start', '--silent'])
      npm.signal(signal)
      expect(await npm.ended).to.equal(0)
      expect(npm.errors.text.match(/"stopped"/g)).to.have.length(3)
    })
  }

  it('stops with exit code 0 on a signal during the start', async () => {
    await using up = start()
    await up.errors.until((text) => text.includes('"auth"'))
    up.signal('SIGTERM')
    expect(await up.ended).to.equal(0)
    expect(up.errors.text).not.to.include('What to type next')
  })

  it('reports when a service dies, stops the other, and fails', async () => {
    await using up = await startWhole()
    const [auth, directory] = (await up.children()) as [number, number]
    process.kill(auth, 'SIGKILL')
    expect(await up.ended).to.equal(EXIT_INTERNAL)
    expect(up.errors.text).to.include('auth has ended by itself (SIGKILL)')
    expect(isRunning(directory)).to.equal(false)
  })

  it('leaves nothing behind when it is killed itself', async () => {
    await using up = await startWhole()
    const children = await up.children()
    up.signal('SIGKILL')
    // The services write to the standard error of `sotto up`, which therefore closes after them.
    expect(await up.ended).to.equal('SIGKILL')
    expect(up.errors.text.match(/"stopped"/g)).to.have.length(3)
    while (children.some(isRunning)) await new Promise(setImmediate)
  })

  it('shows a setting that is wrong, without a stack trace', async () => {
    await using up = new TestProcess(process.execPath, ['cli/main.ts', 'up'], {
      env: environmentOf(home.path, { SOTTO_AUTH_PORT: 'x' }),
    })
    expect(await up.ended).not.to.equal(0)
    expect(up.errors.text)
      .to.include('SOTTO_AUTH_PORT')
      .and.not.to.match(/^\s+at /m)
  })
})
