/** Several auths, directories and relays on one PostgreSQL, one after the other of which is killed under people's hands. */
import { expect } from 'chai'
import { namespaceRefusal } from '../../support/network.ts'
import { whyNoPostgres } from '../../support/postgres.ts'
import type { TestProcess } from '../../support/processes.ts'
import { Replicas } from '../../support/replicas.ts'

const reason = whyNoPostgres() ?? namespaceRefusal()

/** How long somebody who is online may not be found after a directory died, in milliseconds. */
const FOUND_WITHIN_MS = 5_000

describe(`replicas on one PostgreSQL${reason ? `: ${reason}` : ''}`, function () {
  this.timeout(300_000)
  let replicas: Replicas
  let bob: TestProcess
  let alice: TestProcess
  /** Whom nobody reaches but through a relay, and who writes to them. */
  let dave: TestProcess
  let erin: TestProcess
  const lines: string[] = []

  before(async function () {
    if (reason) this.skip()
    replicas = await Replicas.start()
    for (const name of ['alice', 'bob', 'carol', 'dave', 'erin']) await replicas.signUp(name)
    bob = replicas.sotto(['receive', '--profile', 'bob', '--listen', '127.0.0.1'])
    await bob.untilStderr('online as')
    alice = replicas.sotto(['send', 'bob', '--profile', 'alice'], { input: 'open' })
    dave = replicas.sotto(['receive', '--profile', 'dave', '--relay-only'])
    await dave.untilStderr('online as')
    erin = replicas.sotto(['send', 'dave', '--profile', 'erin'], { input: 'open' })
  })
  after(() => replicas?.[Symbol.asyncDispose]())

  /** alice goes on with a conversation that is open, and bob has each line; and erin with dave, who come back to each other. */
  async function goOn(text: string): Promise<void> {
    for (const writer of [alice, erin]) writer.input.write(`${text}\n`)
    lines.push(text)
    for (const reader of [bob, dave]) await reader.output.until((shown) => shown.includes(text))
  }

  /** carol begins a new conversation with bob, which may take her some tries, but no longer than he may be lost. */
  async function beginAnew(text: string): Promise<void> {
    const began = performance.now()
    for (;;) {
      const { code, errors } = await replicas.run(['send', 'bob', text, '--profile', 'carol', '--timeout', '10'])
      if (code === 0) break
      expect(performance.now() - began, errors).to.be.below(FOUND_WITHIN_MS)
    }
    await bob.output.until((shown) => shown.includes(text))
  }

  it('carry on, whichever is killed, and no conversation notices', async () => {
    await goOn('before')
    for (const name of replicas.names) {
      await replicas.kill(name)
      await goOn(`while ${name} is dead`)
      await beginAnew(`anew while ${name} is dead`)
      await replicas.revive(name)
    }
    expect(alice.errors.text).not.to.match(/broke|again/)
  })

  it('come back with their PostgreSQL, and bob is still online', async () => {
    await replicas.postgres.stop('SIGQUIT')
    await goOn('without a database')
    await replicas.postgres.startAgain()
    await beginAnew('with a database')
    for (const writer of [alice, erin]) {
      writer.input.end()
      expect(await writer.ended, writer.errors.text).to.equal(0)
    }
    for (const reader of [bob, dave]) {
      const received = reader.output.text.split('\n').filter((line) => lines.includes(line))
      expect(received).to.deep.equal(lines)
    }
  })
})
