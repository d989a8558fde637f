import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { chat } from '../../../../clients/chat/chat.ts'
import { pinIn, verify } from '../../../../clients/profile/pins.ts'
import { Profile } from '../../../../clients/profile/profile.ts'
import { setReceipts } from '../../../../clients/profile/settings.ts'
import { openStore } from '../../../../clients/store/open-store.ts'
import { CapturedStream } from '../../../support/captured-stream.ts'
import { Installation } from '../../../support/installation.ts'
import { permitWriting } from '../../../support/permits.ts'
import { BOB_KEY, outgoingText } from '../../../support/stores.ts'

type Line = Readonly<Record<string, unknown>>

/** A script with a chat of its own. */
class Script implements AsyncDisposable {
  readonly done: Promise<void>
  readonly #input = new PassThrough()
  readonly #output = new CapturedStream()
  readonly #stop = new AbortController()

  constructor(installation: Installation, name: string) {
    this.done = chat({
      home: installation.home.path,
      profile: name,
      to: undefined,
      input: this.#input,
      output: this.#output,
      listen: { address: '127.0.0.1', port: 0 },
      advertise: [],
      bell: false,
      downloads: installation.home.path,
      trace: false,
      json: true,
      clock: systemClock,
      signal: this.#stop.signal,
    })
    this.done.catch(() => undefined)
  }

  static async start(installation: Installation, name: string): Promise<Script> {
    const script = new Script(installation, name)
    await script.until({ type: 'online' })
    return script
  }

  get lines(): Line[] {
    const whole = this.#output.text.split('\n').slice(0, -1)
    return whole.map((line) => JSON.parse(line))
  }

  write(...lines: readonly (object | string)[]): void {
    for (const line of lines) this.#input.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
  }

  end(): void {
    this.#input.end()
  }

  /** The first line with these fields, as soon as there is one. */
  async until(fields: Line): Promise<Line> {
    const find = () => this.lines.find((line) => Object.entries(fields).every(([name, value]) => line[name] === value))
    await Promise.race([this.#output.until(() => find() !== undefined), this.done])
    return find() ?? { type: 'it has ended before', lines: this.lines }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new SottoError('ERR_INTERRUPTED', 'interrupted'))
    await this.done.catch(() => undefined)
  }
}

describe('chat --json', function () {
  this.timeout(15_000)
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  const start = (name: string) => Script.start(installation, name)

  it('takes nothing for a name that is nobody’s, or one’s own', async () => {
    await using alice = await start('alice')
    alice.write(
      { to: 'nosuch', text: 'hello', ref: 1 },
      { command: 'to nosuch', ref: 2 },
      { to: 'alice', text: 'me', ref: 3 },
    )
    alice.write({ to: 'nosuch', typing: true, ref: 6 }, { to: 'alice', typing: false, ref: 7 })
    alice.write({ command: 'file /etc/hosts', ref: 4 }, { command: 'who', ref: 5 })
    await alice.until({ type: 'done', ref: 5 })
    const told = alice.lines.slice(1).map(({ type, code, contact, ref }) => [type, code, contact, ref])
    expect(told).to.deep.equal([
      ['error', 'ERR_NO_SUCH_USER', 'nosuch', 1],
      ['error', 'ERR_NO_SUCH_USER', 'nosuch', 2],
      ['error', 'ERR_CHAT_WITH_SELF', 'alice', 3],
      ['error', 'ERR_NO_SUCH_USER', 'nosuch', 6],
      ['error', 'ERR_CHAT_WITH_SELF', 'alice', 7],
      ['error', 'ERR_USAGE', undefined, 4],
      ['done', undefined, undefined, 5],
    ])
  })

  it('says, hears, and tells what becomes of each message, to its being read', async () => {
    await setReceipts(await Profile.open(installation.home.path, 'bob'), true)
    await using alice = await start('alice')
    await using bob = await start('bob')
    alice.write({ to: 'bob', text: 'two\nlines 🙂', ref: { n: 1 } })
    const said = await alice.until({ type: 'message', contact: 'bob' })
    expect(said).to.deep.include({ from: 'alice', text: 'two\nlines 🙂', ref: { n: 1 } })
    expect(said['id']).to.match(/^[0-9a-f]{32}$/)
    const { id } = said
    const heard = await bob.until({ type: 'message', id })
    expect(heard).to.include({ contact: 'alice', from: 'alice', state: 'received', text: 'two\nlines 🙂' })
    expect(heard['writtenAt']).to.equal(said['writtenAt'])
    expect(await alice.until({ type: 'state', id, state: 'read' })).to.deep.include({ contact: 'bob', ref: { n: 1 } })
    bob.write({ to: 'alice', text: 'hello' })
    await alice.until({ type: 'message', from: 'bob', text: 'hello' })
  })

  it('tells who comes and goes, and who is writing', async () => {
    await using alice = await start('alice')
    {
      await using bob = await start('bob')
      bob.write({ to: 'alice', text: 'hello' })
      await alice.until({ type: 'presence', contact: 'bob', online: true })
      await alice.until({ type: 'message', text: 'hello' })
      bob.write({ to: 'alice', typing: true })
      await alice.until({ type: 'typing', contact: 'bob', active: true })
      bob.write({ to: 'alice', typing: false })
      await alice.until({ type: 'typing', contact: 'bob', active: false })
    }
    await alice.until({ type: 'presence', contact: 'bob', online: false })
  })

  it('says that there is nobody of a name, where messages would wait in vain', async () => {
    await using alice = await start('alice')
    alice.write({ to: 'bbo', text: 'hello' })
    expect(await alice.until({ type: 'error', contact: 'bbo' })).to.include({ code: 'ERR_NO_SUCH_USER' })
  })

  it('tells of keys as another terminal has left them', async () => {
    await using alice = await start('alice')
    await using bob = await start('bob')
    alice.write({ to: 'bob', text: 'hello' })
    await bob.until({ type: 'message', text: 'hello' })
    const profile = await Profile.open(installation.home.path, 'alice')
    await verify(profile, 'bob', pinIn(profile.state, 'bob').identityKey, systemClock.now())
    alice.write({ command: 'who' })
    expect(await alice.until({ type: 'contact', contact: 'bob' })).to.include({ key: 'verified' })
  })

  it('notes that a safety number was compared, once it has shown it', async () => {
    await using alice = await start('alice')
    await using bob = await start('bob')
    alice.write({ to: 'bob', text: 'hello' })
    await bob.until({ type: 'message', text: 'hello' })
    alice.write({ command: 'verified bob', ref: 'too early' })
    expect(await alice.until({ type: 'error', ref: 'too early' })).to.include({ code: 'ERR_USAGE' })
    alice.write({ command: 'verify bob' })
    expect(await alice.until({ type: 'key', contact: 'bob' })).to.include({ state: 'pinned' })
    alice.write({ command: 'verified bob', ref: 'compared' })
    await alice.until({ type: 'done', ref: 'compared' })
    expect(alice.lines.at(-2)).to.include({ type: 'key', contact: 'bob', state: 'verified' })
    const { state } = await Profile.open(installation.home.path, 'alice')
    expect(state.pins.get('bob')?.verifiedAtMs).to.be.a('number')
  })

  it('says nothing to whom a comparison has found to be another, until the user trusts the key', async () => {
    await using alice = await start('alice')
    await using bob = await start('bob')
    alice.write({ to: 'bob', text: 'hello' })
    await bob.until({ type: 'message', text: 'hello' })
    alice.write({ command: 'mismatch bob', ref: 'no' }, { to: 'bob', text: 'who are you?', ref: 'said' })
    await alice.until({ type: 'done', ref: 'no' })
    expect(alice.lines.at(-2)).to.include({ type: 'key', contact: 'bob', state: 'mismatch' })
    expect(await alice.until({ type: 'error', ref: 'said' })).to.include({ code: 'ERR_KEY_MISMATCH' })
    alice.write({ command: 'trust bob', ref: 'trusted' }, { to: 'bob', text: 'it is you' })
    await alice.until({ type: 'done', ref: 'trusted' })
    await bob.until({ type: 'message', text: 'it is you' })
  })

  it('lists what waits for a key that was replaced, and sends it again or drops it', async () => {
    const { storage } = await Profile.open(installation.home.path, 'alice')
    const store = openStore(storage.folder, { profileKey: storage.key })
    const texts = ['first', 'second'].map((text) => outgoingText(text))
    store.messageLog('bob', BOB_KEY).append(permitWriting('bob'), texts)
    store.close()
    await using bob = await start('bob')
    await using alice = await start('alice')
    bob.write({ to: 'alice', text: 'hello' })
    await alice.until({ type: 'message', text: 'hello' })
    alice.write({ command: 'undeliverable' })
    const { id } = await alice.until({ text: 'first', undeliverable: true })
    alice.write({ command: `again ${id}` })
    await alice.until({ type: 'done', command: 'again' })
    expect(await bob.until({ text: 'first' })).to.include({ type: 'message', id })
    await alice.until({ type: 'state', id, state: 'delivered' })
    alice.write({ command: 'drop all' }, { command: `again ${id}` })
    await alice.until({ type: 'done', command: 'drop' })
    expect(await alice.until({ type: 'error' })).to.include({ code: 'ERR_USAGE' })
    alice.write({ to: 'bob', text: 'last' })
    await bob.until({ type: 'message', text: 'last' })
    const received = bob.lines.filter(({ type, from }) => type === 'message' && from === 'alice')
    expect(received.map(({ text }) => text)).to.deep.equal(['first', 'last'])
  })

  it('forgets a conversation, and tells what is said in it from then on', async () => {
    await using alice = await start('alice')
    alice.write({ to: 'bob', text: 'one', ref: 1 }, { command: 'forget bob', ref: 'f' }, { command: 'forget bob' })
    await alice.until({ type: 'done', ref: 'f' })
    expect(alice.lines.map(({ text }) => text)).to.include(
      'nothing is kept of a conversation with bob, and one message that waited is not sent any more',
    )
    expect(await alice.until({ type: 'error' })).to.include({ code: 'ERR_USAGE' })
    alice.write({ to: 'bob', text: 'two', ref: 2 })
    expect(await alice.until({ type: 'message', ref: 2 })).to.include({ text: 'two', state: 'waiting' })
    alice.write({ command: 'who' })
    expect(await alice.until({ type: 'contact' })).to.include({ contact: 'bob', waiting: 1 })
  })

  it('does commands, and says when each is done', async () => {
    await using alice = await start('alice')
    alice.write({ to: 'bob', text: 'one' }, { to: 'bob', text: 'two' }, { command: 'history 1', ref: 'h' })
    const done = await alice.until({ type: 'done', ref: 'h' })
    expect(done).to.include({ command: 'history', argument: '1' })
    const { lines } = alice
    expect(lines.at(-2)).to.include({ type: 'message', text: 'two' })
    alice.write({ command: 'who', ref: 'w' }, { command: 'block bob' }, { to: 'bob', text: 'not to be', ref: 3 })
    await alice.until({ type: 'done', ref: 'w' })
    await alice.until({ type: 'contact', contact: 'bob', online: false, waiting: 2 })
    await alice.until({ type: 'error', code: 'ERR_BLOCKED', ref: 3 })
  })

  for (const [line, ref] of [
    ['no JSON', undefined],
    ['"text"', undefined],
    ['{"to":"bob","ref":1}', 1],
    ['{"to":"Bob!","text":"x","ref":1}', 1],
    ['{"text":"x","ref":1}', 1],
    ['{"to":"bob","text":"x","typo":0}', undefined],
    ['{"to":"bob","typing":"yes","ref":1}', 1],
    ['{"to":"Bob!","typing":true,"ref":1}', 1],
    ['{"to":"bob","text":"x","typing":true,"ref":1}', 1],
    ['{"to":"bob","command":"who","ref":1}', 1],
    ['{"command":"who","text":"x","ref":1}', 1],
    ['{"command":"nonsense","ref":1}', 1],
    ['{"command":"history many","ref":1}', 1],
  ] as const) {
    it(`answers ${line} with an error, and goes on`, async () => {
      await using alice = await start('alice')
      alice.write(line, { to: 'bob', text: 'after' })
      const error = await alice.until({ type: 'error' })
      expect(error).to.include({ code: 'ERR_USAGE' })
      expect(error['ref']).to.equal(ref)
      await alice.until({ type: 'message', text: 'after' })
    })
  }

  it('tells what waited before it began, what comes of it, and what other commands say', async () => {
    let id: unknown
    {
      await using alice = await start('alice')
      alice.write({ to: 'bob', text: 'waits' })
      id = (await alice.until({ type: 'message', text: 'waits' }))['id']
    }
    await using bob = await start('bob')
    await using alice = await start('alice')
    await alice.until({ type: 'state', id, state: 'delivered' })
    expect(alice.lines.filter(({ type }) => type === 'message')).to.deep.equal([])
    await installation.send('alice', 'bob', 'from elsewhere').done
    const said = await alice.until({ type: 'message', text: 'from elsewhere' })
    await bob.until({ type: 'message', id: said['id'] })
  })

  it('gives what nobody has seen yet, and once', async () => {
    {
      await using bob = await installation.receive('bob', { exec: { command: 'exit 1', reply: false } })
      await installation.send('alice', 'bob', 'nobody has seen this').done
      await bob.errors.until((text) => text.includes('ended with 1'))
    }
    {
      await using bob = await start('bob')
      await bob.until({ type: 'message', text: 'nobody has seen this' })
    }
    await using bob = await start('bob')
    await installation.send('alice', 'bob', 'this is new').done
    await bob.until({ type: 'message', text: 'this is new' })
    expect(bob.lines.filter(({ type }) => type === 'message')).to.have.length(1)
  })

  it('does nothing that stands behind a quit', async () => {
    await using alice = await start('alice')
    alice.write({ to: 'bob', text: 'before' }, { command: 'quit', ref: 1 }, { to: 'bob', text: 'behind' })
    await alice.done
    expect(alice.lines.filter(({ type }) => type === 'message').map(({ text }) => text)).to.deep.equal(['before'])
    expect(alice.lines).to.deep.include({ type: 'done', command: 'quit', ref: 1 })
  })

  it('says of a file by its ref what has become of it, once that is known', async () => {
    await using alice = await start('alice')
    alice.write({ command: 'to bob' }, { command: 'file /nowhere/at all', ref: 'lost' }, { command: 'who', ref: 2 })
    await alice.until({ type: 'done', ref: 2 })
    expect((await alice.until({ type: 'error' }))['ref']).to.equal('lost')
    expect(alice.lines.some(({ type, command }) => type === 'done' && command === 'file')).to.equal(false)
  })

  it('ends with its input, and what it was given is kept', async () => {
    const alice = await start('alice')
    alice.write({ to: 'bob', text: 'last words' })
    alice.end()
    await alice.done
    expect(alice.lines.at(-1)).to.include({ type: 'message', text: 'last words', state: 'waiting' })
  })
})
