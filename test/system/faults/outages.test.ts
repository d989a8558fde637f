/** Conversations during outages of what is around them: on real processes, which are stopped and killed. */
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { Deployment, outcomeOf } from '../../support/deployment.ts'
import type { TestProcess } from '../../support/processes.ts'

const UNREACHABLE = 3
const LOGIN_REFUSED = 4
const NOT_ONLINE = 6
const NOT_ACKNOWLEDGED = 8

describe('an outage', function () {
  this.timeout(300_000)
  let deployment: Deployment

  before(async () => {
    deployment = await Deployment.start()
    await deployment.signUp('alice', 'bob')
  })
  after(() => deployment[Symbol.asyncDispose]())

  /** Start Alice's sender, which sends what the test writes to its standard input. */
  function send(...args: readonly string[]): TestProcess {
    return deployment.sotto(['send', 'bob', '--profile', 'alice', ...args], { input: 'open' })
  }

  /** Check that a program fails as it should: its last lines are the error and a hint, without a stack. */
  async function expectFailure(process: TestProcess, expected: number, error: string): Promise<void> {
    const { code, errors } = await outcomeOf(process)
    const [fault = '', hint = ''] = errors.trimEnd().split('\n').slice(-2)
    expect([code, fault.includes(error)], errors).to.deep.equal([expected, true])
    expect(hint, errors).to.match(/^sotto: (?!.*\(ERR_\w+\)$)/)
    expect(errors).not.to.match(/^\s+at /m)
  }

  async function stop(receiver: TestProcess): Promise<void> {
    receiver.signal('SIGINT')
    await receiver.ended
  }

  it('of auth and the directory does not affect a conversation; when they are back, new ones begin', async () => {
    const { process: bob } = await deployment.receive('bob')
    const alice = send()
    alice.input.write('before\n')
    await bob.untilStdout('before\n')
    await Promise.all([deployment.endService('auth', 'SIGKILL'), deployment.endService('directory', 'SIGKILL')])
    await bob.untilStderr('offline')
    alice.input.write('during\n')
    await bob.untilStdout('before\nduring\n')
    alice.input.end()
    expect(await alice.ended).to.equal(0)
    await expectFailure(send(), UNREACHABLE, 'ERR_UNAVAILABLE')
    await expectFailure(deployment.sotto(['receive', '--profile', 'alice']), UNREACHABLE, 'ERR_UNAVAILABLE')

    await Promise.all([deployment.startService('auth'), deployment.startService('directory')])
    await bob.untilStderr('online again')
    const again = await deployment.run(['send', 'bob', 'after', '--profile', 'alice'])
    expect(again.code).to.equal(0)
    await bob.untilStdout('before\nduring\nafter\n')
    await stop(bob)
  })

  it('of a receiver killed in mid-stream is reported, and what was not acknowledged goes to the next', async () => {
    const { process: bob } = await deployment.receive('bob')
    const alice = send('--retry', '0.3')
    alice.input.write('one\n')
    await bob.untilStdout('one\n')
    bob.signal('SIGSTOP')
    alice.input.write('two\n')
    bob.signal('SIGKILL')
    await alice.untilStderr('the connection to bob broke')
    await expectFailure(alice, NOT_ACKNOWLEDGED, 'ERR_NOT_ACKNOWLEDGED')

    const { process: again } = await deployment.receive('bob')
    expect((await deployment.run(['send', 'bob', 'three', '--profile', 'alice'])).code).to.equal(0)
    await again.output.until((text) => text.endsWith('three\n'))
    // What was shown and not yet marked as seen when it was killed comes again.
    expect(again.output.text).to.match(/^(one\n)?two\nthree\n$/)
    await stop(again)
  })

  it('of a sender that is killed is reported by the receiver, which goes on', async () => {
    const { process: bob } = await deployment.receive('bob')
    const alice = send()
    alice.input.write('one\n')
    await bob.untilStdout('one\n')
    alice.signal('SIGKILL')
    await bob.untilStderr('the connection to alice broke')
    expect((await deployment.run(['send', 'bob', 'two', '--profile', 'alice'])).code).to.equal(0)
    await bob.untilStdout('one\ntwo\n')
    await stop(bob)
  })

  it('of a receiver that is stopped and started again loses nothing and shows nothing twice', async () => {
    const lines = Array.from({ length: 2_000 }, (_, n) => `line ${n}\n`)
    const { process: first } = await deployment.receive('bob')
    const alice = send()
    alice.input.write(lines.slice(0, 1_000).join(''))
    await first.output.until((text) => text !== '')
    first.signal('SIGTERM')
    alice.input.write(lines.slice(1_000, 1_500).join(''))
    await first.ended
    const { process: second } = await deployment.receive('bob')
    alice.input.end(lines.slice(1_500).join(''))
    expect(await alice.ended, alice.errors.text).to.equal(0)
    expect(alice.errors.text).to.include('is there again')
    await stop(second)
    expect(first.output.text + second.output.text === lines.join('')).to.equal(true)
  })

  it('of a receiver that is killed and started again loses nothing', async () => {
    const { process: first } = await deployment.receive('bob')
    const alice = send()
    alice.input.write('one\n')
    await first.untilStdout('one\n')
    first.signal('SIGKILL')
    alice.input.write('two\n')
    await first.ended
    const { process: second } = await deployment.receive('bob')
    alice.input.end('three\n')
    expect(await alice.ended, alice.errors.text).to.equal(0)
    await stop(second)
    // What was shown and not yet marked as seen when it was killed comes again.
    expect(second.output.text).to.match(/^(one\n)?two\nthree\n$/)
  })

  it('by a second receiver of the account ends the first, which reports why', async () => {
    const { process: first } = await deployment.receive('bob')
    const profiles = join(deployment.home.path, 'profiles')
    const filter = (path: string) => !path.endsWith('.sock')
    await cp(join(profiles, 'bob'), join(profiles, 'bob-elsewhere'), { recursive: true, filter })
    const { process: second } = await deployment.receive('bob-elsewhere')
    await expectFailure(first, LOGIN_REFUSED, 'ERR_ANNOUNCE_REPLACED')
    const sent = await deployment.run(['send', 'bob', 'to the second', '--profile', 'alice'])
    expect(sent.code).to.equal(0)
    await second.untilStdout('to the second\n')
    await stop(second)
  })

  it('of a receiver that is stopped, or whose endpoint takes calls and sends nothing, is reported after seconds', async () => {
    await using silent = createServer((socket) => socket.resume().on('error', () => {}))
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    const { port } = silent.address() as AddressInfo
    for (const advertise of [[], ['--advertise', `127.0.0.1:${port}`]]) {
      const { process: bob } = await deployment.receive('bob', advertise)
      if (advertise.length === 0) bob.signal('SIGSTOP')
      await expectFailure(send(), UNREACHABLE, 'ERR_PEER_UNREACHABLE')
      bob.signal('SIGKILL')
      await bob.ended
    }
  })

  it('of the terminal leaves a receiver and the services online that have none, as under nohup', async () => {
    // Bob would receive again what only the copy of his profile has received.
    await deployment.signUp('erin')
    const { process: erin } = await deployment.receive('erin')
    for (const each of [erin, deployment.service('auth'), deployment.service('directory')]) each.signal('SIGHUP')
    expect((await deployment.run(['send', 'erin', 'still there?', '--profile', 'alice'])).code).to.equal(0)
    await erin.untilStdout('still there?\n')
    await stop(erin)
  })

  it('by the end of the receiver’s session takes it offline, which it reports', async () => {
    await deployment.signUp('carol')
    const { process: carol } = await deployment.receive('carol')
    expect((await deployment.run(['logout', '--profile', 'carol'])).code).to.equal(0)
    const alice = deployment.sotto(['send', 'carol', 'hello', '--profile', 'alice'])
    await expectFailure(alice, NOT_ONLINE, 'ERR_NOT_ONLINE')
    await expectFailure(carol, LOGIN_REFUSED, 'ERR_SESSION_ENDED')
    expect(carol.output.text).to.equal('')
  })

  it('by the expiry of a session is reported by a sender and by a receiver', async () => {
    await deployment.endService('auth')
    // The lifetime is less than a millisecond.
    await deployment.startService('auth', { SOTTO_AUTH_SESSION_DAYS: '0.00000001' })
    await deployment.signUp('dave')
    for (const command of ['send bob hello', 'receive']) {
      const { code, errors } = await deployment.run([...command.split(' '), '--profile', 'dave'])
      expect([code, errors.includes('ERR_SESSION_ENDED')], errors).to.deep.equal([LOGIN_REFUSED, true])
      expect(errors).to.match(/sotto: [^\n]*sotto login[^\n]*\n$/)
    }
  })
})
