/** The commands `sotto contacts`, `verify`, `trust`, `block` and `unblock`: what they show, and what they stop. */
import { expect } from 'chai'
import { Deployment, type Receiver } from '../../support/deployment.ts'

const DONE = 0
const USAGE = 2
const KEY_CHANGED = 7

/** The time for a block to end a conversation that another program holds, in milliseconds. */
const BLOCK_MS = 2_000

/** The command that is printed to be typed, less its first word: up to where the sentence goes on. */
function printed(errors: string, command: string): string {
  const [, line] = new RegExp(`sotto (${command}\\b[^;,\\n]*?)(?= goes on|[;,\\n])`).exec(errors) ?? []
  if (line === undefined) throw new Error(`no sotto ${command} is named: ${errors}`)
  return line
}

describe('trust', function () {
  this.timeout(300_000)
  let deployment: Deployment
  let bob: Receiver

  before(async () => {
    deployment = await Deployment.start()
    await deployment.signUp('alice', 'bob')
    bob = await deployment.receive('bob')
    expect((await sotto('send bob hello --profile alice')).code).to.equal(DONE)
  })
  after(() => deployment[Symbol.asyncDispose]())

  const sotto = (line: string) => deployment.run(line.split(' '))

  async function contactOf(profile: string) {
    const { output } = await sotto(`contacts --json --profile ${profile}`)
    expect(output.trimEnd().split('\n')).to.have.length(1)
    return JSON.parse(output)
  }

  it('shows both people one safety number: 60 digits, 12 words and a code', async () => {
    const [alices, bobs] = await Promise.all([sotto('verify bob --profile alice'), sotto('verify alice --profile bob')])
    expect([alices.code, bobs.code]).to.deep.equal([DONE, DONE])
    expect(alices.output).to.equal(bobs.output)
    const [code = '', digits = '', words = ''] = alices.output.split('\n\n')
    expect(digits.replaceAll(/\s/g, '')).to.match(/^[0-9]{60}$/)
    expect(words.trim().split(/\s+/)).to.have.length(12)
    expect(code).to.match(/[█▀▄]/)
    expect(alices.errors).to.include('bob is not verified')
    const json = await Promise.all(
      ['bob --profile alice', 'alice --profile bob'].map((who) => sotto(`verify ${who} --json`)),
    )
    const numbers = json.map(({ output }) => ({ ...JSON.parse(output), name: undefined }))
    expect(numbers[0]).to.deep.equal(numbers[1])
    expect(await contactOf('alice')).to.include({
      name: 'bob',
      state: 'pinned',
      blocked: false,
      waiting: 0,
      undeliverable: 0,
      posted: 0,
    })
  })

  it('notes that two people have compared, and refuses an unknown contact', async () => {
    expect((await sotto('verify bob --yes --profile alice')).code).to.equal(DONE)
    expect((await contactOf('alice')).state).to.equal('verified')
    expect((await sotto('verify nobody --profile alice')).code).to.equal(USAGE)
    expect((await sotto('trust bob --profile alice')).errors).to.include('has not changed')
  })

  it('says of the pin what it is after the answer, and stops all where two numbers did not agree', async () => {
    const verify = async (answer: string) =>
      JSON.parse((await sotto(`verify bob ${answer} --json --profile alice`)).output)
    expect((await sotto('verify bob --profile alice')).errors).to.include('bob is verified since')
    expect((await verify('--no')).state).to.equal('mismatch')
    expect((await contactOf('alice')).state).to.equal('mismatch')
    const { code, errors } = await sotto('send bob who? --profile alice')
    expect([code, errors.includes('ERR_KEY_MISMATCH')], errors).to.deep.equal([KEY_CHANGED, true])
    expect((await sotto(printed(errors, 'verify'))).code).to.equal(DONE)
    expect((await sotto('verify bob --yes --key seen --profile alice')).code).to.equal(USAGE)
    expect((await verify('--yes')).state).to.equal('verified')
  })

  it('ends the conversation that another program has with a blocked contact, who does not learn why', async () => {
    const alice = deployment.sotto(['send', 'bob', '--profile', 'alice', '--retry', '10'], { input: 'open' })
    alice.input.write('still friends\n')
    await bob.process.untilStdout('hello\nstill friends\n')
    const began = performance.now()
    expect((await sotto('block alice --profile bob')).code).to.equal(DONE)
    await alice.untilStderr('the connection to bob broke')
    expect(performance.now() - began).to.be.below(BLOCK_MS)
    alice.input.end('let me in\n')
    const rows = (await sotto('contacts --profile bob')).output
    expect(rows).to.match(/^alice +pinned +\S+ +blocked\n$/)
    const own = await sotto('send alice hello --profile bob')
    expect(own.code, own.errors).to.equal(USAGE)
    expect(alice.errors.text).not.to.match(/block/i)
    expect(bob.process.output.text).to.equal('hello\nstill friends\n')
    expect((await sotto(printed(own.errors, 'unblock'))).code).to.equal(DONE)
    expect(await alice.ended, alice.errors.text).to.equal(DONE)
    await bob.process.untilStdout('hello\nstill friends\nlet me in\n')
  })

  it('keeps what waits for a replaced key, and reports it in every list', async () => {
    bob.process.signal('SIGINT')
    await bob.process.ended
    expect((await sotto('send bob --queue keys --profile alice')).code).to.equal(DONE)
    await deployment.signIn('bob', { profile: 'bob-anew', replaceIdentityKey: true })
    const { process: anew } = await deployment.receive('bob-anew')
    expect((await sotto('send bob who? --profile alice')).code).to.equal(KEY_CHANGED)
    expect(await contactOf('alice')).to.include({ state: 'changed', waiting: 1 })
    const { code, errors } = await sotto('trust bob --profile alice')
    expect([code, errors.includes('one message waits for another key of bob')], errors).to.deep.equal([DONE, true])
    const { output } = await sotto(printed(errors, 'undeliverable'))
    expect(output).to.include('keys')
    expect(await contactOf('alice')).to.include({ state: 'pinned', waiting: 1, undeliverable: 1 })
    expect((await sotto('contacts --profile alice')).output).to.include('1 waiting (1 for a former key)')
    expect((await sotto('history bob --profile alice')).output).to.include('(waiting for a former key): keys')
    expect((await sotto('send bob again --profile alice')).code).to.equal(DONE)
    await anew.untilStdout('again\n')
    anew.signal('SIGINT')
    await anew.ended
    expect((await sotto('undeliverable drop all --profile alice')).code).to.equal(DONE)
    expect(await contactOf('alice')).to.include({ waiting: 0, undeliverable: 0 })
  })

  it('sends it again to the key that they have now when it is told to, and drops it likewise', async () => {
    for (const text of ['first', 'second']) await sotto(`send bob --queue ${text} --profile alice`)
    await deployment.signIn('bob', { profile: 'bob-later', replaceIdentityKey: true })
    const { process: later } = await deployment.receive('bob-later')
    const refused = await sotto('send bob who? --profile alice')
    expect(refused.code).to.equal(KEY_CHANGED)
    expect((await sotto('undeliverable --profile alice')).output).to.equal('')
    expect((await sotto(printed(refused.errors, 'trust'))).code).to.equal(DONE)
    const { output } = await sotto('undeliverable --profile alice --json')
    const [first, second] = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect([first, second].map(({ text, state }) => [text, state])).to.deep.equal([
      ['first', 'waiting'],
      ['second', 'waiting'],
    ])
    const rows = (await sotto('undeliverable --profile alice')).output
    expect(rows).to.match(
      /^[0-9a-f]{8} {2}to bob {2}[-0-9]{10} [:0-9]{5} {2}first\n[0-9a-f]{8} {2}to bob .* {2}second\n$/,
    )
    expect((await sotto(`undeliverable again ${second.id.slice(0, 8)} --profile alice`)).code).to.equal(DONE)
    expect((await sotto(`undeliverable again ${second.id.slice(0, 8)} --profile alice`)).code).to.equal(USAGE)
    expect(JSON.parse((await sotto(`undeliverable drop all --json --profile alice`)).output)).to.deep.equal({
      type: 'state',
      contact: 'bob',
      id: first.id,
      state: 'dropped',
    })
    expect(await contactOf('alice')).to.include({ waiting: 1, undeliverable: 0 })
    expect((await sotto('send bob last --profile alice')).code).to.equal(DONE)
    await later.untilStdout('second\nlast\n')
    expect((await sotto('history bob --profile alice')).output).to.include('(dropped): first')
  })
})
