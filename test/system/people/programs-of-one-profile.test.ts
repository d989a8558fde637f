/** Several programs of one person at once: which of them owns the conversations, and what becomes of that when one ends. */
import { expect } from 'chai'
import { Deployment } from '../../support/deployment.ts'
import type { TestProcess } from '../../support/processes.ts'

describe('programs of one profile', function () {
  this.timeout(300_000)
  let deployment: Deployment
  let bob: TestProcess

  before(async () => {
    deployment = await Deployment.start()
    await deployment.signUp('alice', 'bob', 'carol')
    bob = (await deployment.receive('bob')).process
  })
  after(() => deployment[Symbol.asyncDispose]())

  /** What bob has shown since this was called last. */
  let shown = 0
  async function showsNext(text: string): Promise<void> {
    const from = shown
    shown += text.length
    await bob.output.until((all) => all.length >= shown)
    expect(bob.output.text.slice(from)).to.equal(text)
  }

  const send = (): TestProcess => deployment.sotto(['send', 'bob', '--profile', 'alice'], { input: 'open' })

  it('go on through a send that waits when the one is killed that had the conversation', async () => {
    const [owner, other] = [send(), send()]
    owner.input.write('from the owner\n')
    await showsNext('from the owner\n')
    other.input.write('from the other\n')
    await showsNext('from the other\n')
    owner.signal('SIGKILL')
    other.input.end('goes on\n')
    expect(await other.ended, other.errors.text).to.equal(0)
    await showsNext('goes on\n')
  })

  it('talk through a receive that starts later, and through a send again when that has ended', async () => {
    const sending = send()
    sending.input.write('before\n')
    await showsNext('before\n')
    const { process: alice } = await deployment.receive('alice')
    sending.input.write('beside it\n')
    await showsNext('beside it\n')
    expect((await deployment.run(['send', 'alice', 'hello', '--profile', 'carol'])).code).to.equal(0)
    await alice.untilStdout('hello\n')
    alice.signal('SIGINT')
    await alice.ended
    sending.input.end('after it\n')
    expect(await sending.ended, sending.errors.text).to.equal(0)
    await showsNext('after it\n')
  })

  it('end a conversation when another terminal blocks the other side', async () => {
    const { process: carol } = await deployment.receive('carol')
    const alice = deployment.sotto(['send', 'carol', '--profile', 'alice'], { input: 'open' })
    alice.input.write('not blocked yet\n')
    await carol.untilStdout('not blocked yet\n')
    expect((await deployment.run(['block', 'alice', '--profile', 'carol'])).code).to.equal(0)
    await alice.untilStderr('the connection to carol broke')
    alice.signal('SIGINT')
    await alice.ended
  })
})
