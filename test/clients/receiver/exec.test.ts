import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Installation } from '../../support/installation.ts'

/** `sotto receive --exec`, from one person to another. */
describe('receive with a command', function () {
  this.timeout(15_000)
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  it('answers each message with what the command prints', async () => {
    await using bob = await installation.receive('bob', { exec: { command: 'tr a-z A-Z', reply: true } })
    await using alice = await installation.receive('alice')
    await installation.send('alice', 'bob', 'one').done
    await installation.send('alice', 'bob', 'two').done
    await alice.output.until((text) => text === 'ONE\nTWO\n')
    expect(bob.output.text).to.equal('')
  })

  it('gives a message again for which the command failed, before those behind it, and others meanwhile', async () => {
    await installation.signUp('carol')
    const log = join(installation.home.path, 'log')
    // The first message of alice fails until that of carol is there.
    const command = `line=$(cat); echo "$SOTTO_FROM $SOTTO_ID $line" >> ${log}
      test "$line" != poison || grep -q meanwhile ${log}`
    await using bob = await installation.receive('bob', { exec: { command, reply: false, firstRetryMs: 200 } })
    await Promise.all([
      installation.send('alice', 'bob', 'poison').done,
      bob.errors.until((text) => text.includes('the command ended with 1')),
    ])
    await installation.send('alice', 'bob', 'after').done
    await installation.send('carol', 'bob', 'meanwhile').done
    const lines = async () => (await readFile(log, 'utf8')).trimEnd().split('\n')
    while (!(await lines()).some((line) => line.endsWith('after'))) await new Promise(setImmediate)
    const texts = (await lines()).map((line) => line.replace(/ [0-9a-f]{32} /, ': '))
    const ofAlice = texts.filter((text) => text.startsWith('alice'))
    const tries = ofAlice.filter((text) => text === 'alice: poison')
    expect(tries).to.have.length.of.at.least(2)
    expect(ofAlice).to.deep.equal([...tries, 'alice: after'])
    expect(texts).to.include('carol: meanwhile')
    const ids = new Set((await lines()).filter((line) => line.endsWith('poison')))
    expect(ids.size).to.equal(1)
  })

  it('counts a message as seen only when the command has it', async () => {
    const failing = { command: 'exit 1', reply: false, firstRetryMs: 60_000 }
    {
      await using bob = await installation.receive('bob', { exec: failing })
      await installation.send('alice', 'bob', 'hold on to this').done
      await bob.errors.until((text) => text.includes('the command ended with 1'))
    }
    await using bob = await installation.receive('bob')
    await bob.output.until((text) => text === 'hold on to this\n')
  })
})
