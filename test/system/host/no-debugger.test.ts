/** SIGUSR1 starts the debugger of Node.js, by which whoever reaches its port reads all keys: of no program of ours. */
import { expect } from 'chai'
import { Deployment } from '../../support/deployment.ts'

describe('SIGUSR1', function () {
  this.timeout(300_000)

  it('opens no debugger in any program that runs for long, and ends none', async () => {
    await using deployment = await Deployment.start()
    await deployment.signUp('alice', 'bob')
    const { process: bob } = await deployment.receive('bob')
    const alice = deployment.sotto(['send', 'bob', '--profile', 'alice'], { input: 'open' })
    alice.input.write('before\n')
    await bob.untilStdout('before\n')
    const programs = [bob, alice, deployment.service('auth'), deployment.service('directory')]
    for (const program of programs) program.signal('SIGUSR1')
    alice.input.end('after\n')
    await bob.untilStdout('before\nafter\n')
    expect(await alice.ended, alice.errors.text).to.equal(0)
    // All that they have said is there once they have ended.
    bob.signal('SIGINT')
    await bob.ended
    for (const name of ['directory', 'auth'] as const) await deployment.endService(name)
    for (const { errors } of programs) expect(errors.text).not.to.match(/debugger/i)
  })
})
