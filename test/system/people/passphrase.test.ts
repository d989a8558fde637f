/** A profile under a passphrase, with the real programs. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Deployment, type Outcome } from '../../support/deployment.ts'

const PASSPHRASE = 'correct horse battery staple'

describe('sotto passphrase', function () {
  this.timeout(300_000)
  let deployment: Deployment

  before(async () => {
    deployment = await Deployment.start()
    await deployment.signUp('alice', 'bob')
    for (const [name, content] of [
      ['right', `${PASSPHRASE}\n`],
      ['wrong', 'wrong horse battery staple\n'],
      ['new', 'another one altogether\n'],
    ] as const) {
      await writeFile(fileOf(name), content, { mode: 0o600 })
    }
  })
  after(() => deployment[Symbol.asyncDispose]())

  type FileName = 'right' | 'wrong' | 'new'
  const fileOf = (name: FileName) => join(deployment.home.path, name)
  /** The options of a program whose passphrase is in a file. */
  const by = (name: FileName) => ({ env: { ...deployment.env, SOTTO_PASSPHRASE_FILE: fileOf(name) } })
  const keyFile = () => readFile(join(deployment.home.path, 'profiles', 'alice', 'profile.key'))

  function expectRefusal({ code, output, errors }: Outcome, command: string): void {
    expect(errors, command).to.include('ERR_PASSPHRASE')
    expect([code, output], command).to.deep.equal([4, ''])
  }

  it('sets one from a pipe, which sotto whoami then reports', async () => {
    const before = await deployment.run(['whoami', '--profile', 'alice', '--json'])
    expect(JSON.parse(before.output)).to.include({ name: 'alice', protection: 'file' })

    const set = await deployment.run(['passphrase', '--profile', 'alice'], { input: `${PASSPHRASE}\n` })
    expect(set.code, set.errors).to.equal(0)

    const after = await deployment.run(['whoami', '--profile', 'alice', '--json'], by('right'))
    expect(after.code, after.errors).to.equal(0)
    expect(JSON.parse(after.output)).to.include({ name: 'alice', protection: 'passphrase' })
  })

  it('keeps out whoever gives none, with a hint how to give it', async () => {
    const before = await keyFile()
    for (const command of [
      ['contacts'],
      ['history'],
      ['forget', 'bob', '--yes'],
      ['send', 'bob', 'hello'],
      ['receive'],
      ['chat'],
      ['login', 'alice'],
      ['logout'],
      ['passphrase', '--remove'],
    ]) {
      // A pipe that holds messages is not asked for a passphrase.
      const input = command[0] === 'passphrase' ? 'something else\n' : `${PASSPHRASE}\n`
      const outcome = await deployment.run([...command, '--profile', 'alice'], { input })
      expectRefusal(outcome, command.join(' '))
      if (command[0] !== 'passphrase') expect(outcome.errors).to.include('SOTTO_PASSPHRASE_FILE')
    }
    expect(await keyFile()).to.deep.equal(before)
  })

  it('keeps out whoever gives a wrong one, without asking again', async () => {
    expectRefusal(await deployment.run(['whoami', '--profile', 'alice'], by('wrong')), 'whoami')
    const change = ['passphrase', '--profile', 'alice', '--new-passphrase-file', fileOf('new')]
    expectRefusal(await deployment.run([...change, '--passphrase-file', fileOf('wrong')]), 'passphrase')
    const right = await deployment.run(['whoami', '--profile', 'alice'], by('right'))
    expect(right.code, right.errors).to.equal(0)
  })

  it('leaves standard input to the messages, where a file gives it', async () => {
    const bob = await deployment.receive('bob')
    const sent = await deployment.run(['send', 'bob', '--profile', 'alice'], { ...by('right'), input: 'one\ntwo\n' })
    expect(sent.code, sent.errors).to.equal(0)
    await bob.process.untilStdout('one\ntwo\n')
    bob.process.signal('SIGTERM')
    await bob.process.ended
  })

  it('changes and removes it while a chat runs, which goes on', async () => {
    const bob = await deployment.receive('bob')
    const chat = deployment.sotto(['chat', 'bob', '--profile', 'alice'], { ...by('right'), input: 'open' })
    chat.input.write('before\n')
    await bob.process.untilStdout('before\n')

    const files = ['--passphrase-file', fileOf('right'), '--new-passphrase-file', fileOf('new')]
    const changed = await deployment.run(['passphrase', '--profile', 'alice', ...files])
    expect(changed.code, changed.errors).to.equal(0)
    expectRefusal(await deployment.run(['whoami', '--profile', 'alice'], by('right')), 'the former one')
    // A block is written into the profile, which the chat reads again.
    const blocked = await deployment.run(['block', 'mallory', '--profile', 'alice'], by('new'))
    expect(blocked.code, blocked.errors).to.equal(0)
    chat.input.write('in the middle\n')
    await bob.process.untilStdout('before\nin the middle\n')

    const removed = await deployment.run(['passphrase', '--remove', '--profile', 'alice', '--json'], by('new'))
    expect(JSON.parse(removed.output)).to.deep.equal({
      profile: 'alice',
      protection: 'file',
    })
    expect(await keyFile()).to.have.length(32)
    chat.input.end('after\n')
    await bob.process.untilStdout('before\nin the middle\nafter\n')
  })

  it('makes a profile whose key was never in the clear, for the first login', async () => {
    const made = await deployment.run(['passphrase', '--profile', 'new', '--new-passphrase-file', fileOf('new')])
    expect(made.code, made.errors).to.equal(0)
    const server = ['--server', deployment.authAddress, '--ca', deployment.caFile, '--replace-identity']
    const login = await deployment.run(['login', 'bob', '--profile', 'new', ...server], {
      ...by('new'),
      input: "bob's password\n",
    })
    expect(login.code, login.errors).to.equal(0)
  })
})
