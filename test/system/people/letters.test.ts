/** Letters between programs as they are run: nobody is ever online with the other, unless it is said. */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Deployment, outcomeOf } from '../../support/deployment.ts'
import type { TestProcess } from '../../support/processes.ts'

type Line = Readonly<Record<string, unknown>>

const linesIn = (text: string): Line[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

describe('two people who are never online together', function () {
  this.timeout(300_000)
  let deployment: Deployment
  beforeEach(async () => {
    deployment = await Deployment.start({ SOTTO_RELAY: 'on' })
    await deployment.signUp('alice', 'bob')
  })
  afterEach(() => deployment[Symbol.asyncDispose]())

  /** Be online until something is printed, and go. @returns what standard output got. */
  async function visit(name: string, until: (program: TestProcess) => Promise<unknown>, ...flags: string[]) {
    const { process } = await deployment.receive(name, ['--json', '--trace', ...flags])
    const ended = process.ended.then((code) => Promise.reject(new Error(`it ended: ${code}\n${process.errors.text}`)))
    await Promise.race([until(process), ended])
    process.signal('SIGTERM')
    await process.ended
    return linesIn(process.output.text)
  }

  const whenTraced = (message: string) => (program: TestProcess) => program.untilStderr(`"message":"${message}"`)
  const whenShown = (count: number) => (program: TestProcess) =>
    program.output.until((text) => linesIn(text).length >= count)

  /** Come once, so that there is a mailbox, and go. */
  async function leavePrekeys(...names: string[]): Promise<void> {
    for (const name of names) await visit(name, whenTraced('PutPrekeysRequest'))
  }

  async function run(...args: string[]): Promise<Line[]> {
    const { code, output, errors } = await outcomeOf(deployment.sotto([...args, '--json']))
    expect(code, errors).to.equal(0)
    return linesIn(output)
  }

  const send = (from: string, to: string, ...texts: string[]) =>
    outcomeOf(
      deployment.sotto(['send', to, '--profile', from, '--json'], {
        input: texts.map((text) => `${JSON.stringify({ text })}\n`).join(''),
      }),
    )

  async function post(from: string, to: string, ...texts: string[]): Promise<void> {
    const { code, output, errors } = await send(from, to, ...texts)
    expect(code, errors).to.equal(0)
    expect(linesIn(output).map(({ state }) => state)).to.deep.equal(texts.map(() => 'posted'))
  }

  const textsOf = (lines: readonly Line[]) => lines.map(({ text }) => text)
  const historyOf = async (name: string, contact: string) =>
    (await run('history', contact, '--profile', name)).map(({ text, state }) => [text, state])

  /** A profile as it is now, to be put back. */
  async function backup(name: string): Promise<() => Promise<void>> {
    const { folder } = (await deployment.profile(name)).storage
    const copy = join(deployment.home.path, `backup of ${name}`)
    await cp(folder, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') })
    return async () => {
      await rm(folder, { recursive: true })
      await cp(copy, folder, { recursive: true })
    }
  }

  it('write, and answer', async () => {
    await leavePrekeys('alice', 'bob')
    const texts = ['one', 'two', 'three', 'four', 'five']
    await post('alice', 'bob', ...texts)
    const shown = await visit('bob', whenShown(5))
    expect(shown.map(({ from, letter, text }) => [from, letter, text])).to.deep.equal(
      texts.map((text) => ['alice', true, text]),
    )
    await post('bob', 'alice', 'the answer')
    expect(textsOf(await visit('alice', whenShown(1)))).to.deep.equal(['the answer'])
    expect(await historyOf('alice', 'bob')).to.deep.equal([
      ...texts.map((text) => [text, 'delivered']),
      ['the answer', 'received'],
    ])
    // It was the first contact, on either side.
    for (const [name, contact] of [
      ['alice', 'bob'],
      ['bob', 'alice'],
    ] as const) {
      const [known] = await run('contacts', '--profile', name)
      expect(known).to.include({ name: contact, state: 'pinned', provisional: true })
    }
  })

  it('learn what became of theirs from a reader that was killed before it said so', async () => {
    await leavePrekeys('alice', 'bob')
    await post('alice', 'bob', 'hello')
    const [undelivered] = await run('contacts', '--profile', 'alice')
    expect(undelivered).to.include({ name: 'bob', waiting: 0, undeliverable: 0, posted: 1 })
    expect((await deployment.run(['contacts', '--profile', 'alice'])).output).to.match(/ by letter, 1 posted\n$/)
    const { process } = await deployment.receive('bob', ['--json'])
    await whenShown(1)(process)
    process.signal('SIGKILL')
    await process.ended
    // Online is who has looked into their mailbox.
    const whenOnline = async () => {}
    await visit('alice', whenOnline)
    expect(await historyOf('alice', 'bob')).to.deep.equal([['hello', 'posted']])
    expect(await visit('bob', whenOnline)).to.deep.equal([])
    await visit('alice', whenOnline)
    expect(await historyOf('alice', 'bob')).to.deep.equal([['hello', 'delivered']])
  })

  it('begin when one has just joined, and the other has just signed in', async () => {
    const link = (await deployment.run(['admin', 'invite', 'carol'])).output
    const joined = await deployment.run(['join', '--profile', 'carol'], { input: `${link}carol's password\n` })
    expect(joined.code, joined.errors).to.equal(0)
    const input = "alice's password\n"
    const signedIn = await deployment.run(['login', 'alice', '--profile', 'alice'], { input })
    expect(signedIn.code, signedIn.errors).to.equal(0)
    await post('alice', 'carol', 'welcome')
    expect(textsOf(await visit('carol', whenShown(1)))).to.deep.equal(['welcome'])
    await post('carol', 'alice', 'thank you')
    expect(textsOf(await visit('alice', whenShown(1)))).to.deep.equal(['thank you'])
  })

  it('lose nothing where the reader restores a backup', async () => {
    await leavePrekeys('bob')
    await post('alice', 'bob', 'one')
    const restore = await backup('bob')
    expect(textsOf(await visit('bob', whenShown(1)))).to.deep.equal(['one'])
    await restore()
    await post('alice', 'bob', 'two')
    // What came before it is missing, and nobody is there to say it again.
    expect(await visit('bob', whenTraced('CollectResponse'))).to.deep.equal([])
    await deployment.receive('alice')
    expect(textsOf(await visit('bob', whenShown(2)))).to.deep.equal(['one', 'two'])
  })

  it('lose nothing where the writer restores a backup', async () => {
    await leavePrekeys('bob')
    await post('alice', 'bob', 'one')
    const restore = await backup('alice')
    await post('alice', 'bob', 'two')
    await restore()
    await post('alice', 'bob', 'three')
    expect(textsOf(await visit('bob', whenShown(2)))).to.deep.equal(['one', 'two'])
    await deployment.receive('alice')
    expect(textsOf(await visit('bob', whenShown(1)))).to.deep.equal(['three'])
    expect(textsOf(await run('history', 'alice', '--profile', 'bob'))).to.deep.equal(['one', 'two', 'three'])
  })

  it('take in what lies there before they sign out', async () => {
    await leavePrekeys('bob')
    await post('alice', 'bob', 'before you go')
    const { code, errors } = await deployment.run(['logout', '--profile', 'bob'])
    expect([code, errors]).to.deep.equal([
      0,
      'sotto: one message came by letter, and can be read with: sotto history\nsotto: signed out\n',
    ])
    expect(await historyOf('bob', 'alice')).to.deep.equal([['before you go', 'received']])
  })

  it('learn that what they wrote was taken in by somebody who has signed out', async () => {
    await leavePrekeys('alice', 'bob')
    await post('alice', 'bob', 'before you go')
    expect((await deployment.run(['logout', '--profile', 'bob'])).code).to.equal(0)
    await visit('alice', whenTraced('CollectResponse'))
    expect(await historyOf('alice', 'bob')).to.deep.equal([['before you go', 'delivered']])
  })

  it('offer files, which flow once both are online', async () => {
    await leavePrekeys('bob')
    const [file, inbox] = [join(deployment.home.path, 'notes.txt'), join(deployment.home.path, 'inbox')]
    await writeFile(file, 'all that was noted')
    await mkdir(inbox)
    await run('send', 'bob', '--profile', 'alice', '--file', file, '--wait', 'posted')
    await deployment.receive('alice')
    const isReceived = (program: TestProcess) => program.output.until((text) => text.includes('"state":"received"'))
    await visit('bob', isReceived, '--accept-files', inbox)
    expect(await readFile(join(inbox, 'notes.txt'), 'utf8')).to.equal('all that was noted')
  })

  it('read once what comes by letter after a conversation has brought it', async () => {
    await leavePrekeys('bob')
    await post('alice', 'bob', 'hello')
    const { process: alice } = await deployment.receive('alice')
    // Whoever is reached directly alone has no mailbox.
    const shown = await visit('bob', whenShown(1), '--direct-only')
    expect(shown.map(({ text, letter }) => [text, letter])).to.deep.equal([['hello', undefined]])
    alice.signal('SIGTERM')
    await alice.ended
    expect(await visit('bob', whenTraced('CollectResponse'), '--relay-only')).to.deep.equal([])
    expect(await historyOf('bob', 'alice')).to.deep.equal([['hello', 'received']])
  })
})
