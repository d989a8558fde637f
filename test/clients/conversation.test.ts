import { PassThrough, Readable, Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { CapturedStream } from '../support/captured-stream.ts'
import { Installation } from '../support/installation.ts'
import { rejection } from '../support/rejection.ts'

/** A pipe that stays open until a test ends it. */
function openPipe(...lines: string[]): PassThrough {
  const pipe = new PassThrough()
  for (const line of lines) pipe.write(`${line}\n`)
  return pipe
}

describe('a conversation between two clients', () => {
  let installation: Installation
  before(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  after(() => installation[Symbol.asyncDispose]())

  it('carries one message', async () => {
    await using bob = await installation.receive('bob')
    await using alice = installation.send('alice', 'bob', 'hello')
    await alice.done
    await bob.output.until((text) => text === 'hello\n')
  })

  it('carries bytes as they are, from pipe to pipe', async () => {
    const input = 'plain\n\n\u001b[2Jescape\r\n\ufeffmarked\0\n🙂 and עברית\n'
    await using bob = await installation.receive('bob')
    await using alice = installation.send('alice', 'bob', Readable.from([Buffer.from(input)]))
    await alice.done
    await bob.output.until((text) => text.length >= input.length)
    expect(bob.output.text).to.equal(input)
  })

  it('carries 10,000 lines', async () => {
    const input = Array.from({ length: 10_000 }, (_, n) => `line ${n} ${'x'.repeat(n % 100)}\n`).join('')
    await using bob = await installation.receive('bob')
    await using alice = installation.send('alice', 'bob', Readable.from([Buffer.from(input)]))
    await alice.done
    await bob.output.until((text) => text.length >= input.length)
    expect(bob.output.text === input).to.equal(true)
  })

  it('carries texts of 0 bytes and of 1 MiB', async () => {
    const large = 'x'.repeat(MAX_TEXT_BYTES)
    await using bob = await installation.receive('bob')
    for (const text of [Readable.from([Buffer.from('\n')]), large]) await installation.send('alice', 'bob', text).done
    await bob.output.until((text) => text === `\n${large}\n`)
  })

  it('refuses a byte more before anything is sent', async () => {
    await using bob = await installation.receive('bob')
    await using alice = installation.send('alice', 'bob', 'x'.repeat(MAX_TEXT_BYTES + 1))
    expect((await rejection(alice.done)).code).to.equal('ERR_MESSAGE_TOO_LARGE')
    expect(bob.output.text).to.equal('')
  })

  it('sends what comes before a line that is not UTF-8, and names that line', async () => {
    await using bob = await installation.receive('bob')
    const input = Readable.from([Buffer.from('one\ntwo\n'), Buffer.from('thr\xffe\nfour\n', 'latin1')])
    await using alice = installation.send('alice', 'bob', input)
    const error = await rejection(alice.done)
    expect([error.code, error.message]).to.deep.equal(['ERR_INVALID_UTF8', 'line 3 is not valid UTF-8'])
    await bob.output.until((text) => text === 'one\ntwo\n')
  })

  it('shows each line at once, while the pipe stays open', async () => {
    await using bob = await installation.receive('bob')
    const pipe = openPipe('one')
    await using alice = installation.send('alice', 'bob', pipe)
    await bob.output.until((text) => text === 'one\n')
    pipe.write('two\n')
    await bob.output.until((text) => text === 'one\ntwo\n')
    pipe.end()
    await alice.done
  })

  it('holds up no sender where standard output is slow, and writes all of it before the end', async () => {
    const slow = new SlowStream()
    await using bob = await installation.receive('bob', { output: slow })
    await installation.send('alice', 'bob', 'hello').done
    await slow.asked
    const stopped = bob.stop()
    slow.take()
    await stopped
    await using again = await installation.receive('bob')
    await installation.send('alice', 'bob', 'the next').done
    await again.output.until((text) => text === 'the next\n')
  })

  it('ends a receiver whose standard output is closed, and shows the message in the next', async () => {
    const closed = new PassThrough().destroy()
    await using bob = await installation.receive('bob', { output: closed })
    await installation.send('alice', 'bob', 'hello').done
    expect((await rejection(bob.done)).code).to.equal('ERR_OUTPUT')
    await using again = await installation.receive('bob')
    await again.output.until((text) => text === 'hello\n')
  })

  it('is one JSON object a line on request', async () => {
    await using bob = await installation.receive('bob', { json: true })
    await using alice = installation.send('alice', 'bob', 'two\nlines 🙂', { json: true, trace: true })
    await alice.done
    await bob.output.until((text) => text.endsWith('\n'))
    const message = JSON.parse(bob.output.text)
    expect(message).to.include({ type: 'message', from: 'alice', text: 'two\nlines 🙂' })
    expect(message.id).to.match(/^[0-9a-f]{32}$/)
    const traced = alice.errors.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(traced.map(({ type, message }) => (type === 'trace' ? message : type))).to.include.members([
      'RequestChatRequest',
      'RequestChatResponse',
      'Hello',
      'Welcome',
      'Record 0: Resume',
      'Record 1: a text',
      'Record 1: an acknowledgement',
    ])
  })

  it('takes several senders at once, of one person and of others', async () => {
    await using carol = await installation
      .signUp('carol')
      .then(() => installation.send('carol', 'bob', openPipe('from carol')))
    await rejection(carol.done)
    await using bob = await installation.receive('bob')
    const pipes = [openPipe('a'), openPipe('b'), openPipe('c')] as const
    const runs = pipes.map((pipe, n) => installation.send(n === 2 ? 'carol' : 'alice', 'bob', pipe))
    await bob.output.until((text) => text.length === 6)
    for (const pipe of pipes) pipe.end('again\n')
    await Promise.all(runs.map(({ done }) => done))
    await bob.output.until((text) => text.length === 24)
    expect(bob.output.text.split('\n').sort().join(' ').trim()).to.equal('a again again again b c')
  })

  describe('answers', () => {
    const terminal = () => Object.assign(new PassThrough(), { isTTY: true })

    it('whoever wrote last, from a terminal', async () => {
      const keyboard = terminal()
      const screen = new CapturedStream({ isTTY: true })
      await using bob = await installation.receive('bob', { input: keyboard, output: screen })
      const pipe = openPipe('hello')
      await using alice = installation.send('alice', 'bob', pipe)
      await screen.until((text) => text.includes(' hello\n'))
      // The write is reported in a turn of its own, and only what is shown can be answered.
      await setImmediate()
      keyboard.write('hello yourself\r')
      await alice.output.until((text) => text === 'hello yourself\n')
      pipe.end()
      await alice.done
      await bob.stop()
    })

    it('somebody by name who has not written, with a conversation of its own', async () => {
      const keyboard = terminal()
      await using alice = await installation.receive('alice')
      await using bob = await installation.receive('bob', {
        input: keyboard,
        output: new CapturedStream({ isTTY: true }),
      })
      keyboard.write('@alice are you there?\r')
      keyboard.write('@@home\r')
      await alice.output.until((text) => text === 'are you there?\n@home\n')
      await bob.stop()
    })

    it('nobody, and says so, where nobody has written or the one who had has left', async () => {
      const keyboard = terminal()
      const screen = new CapturedStream({ isTTY: true })
      await using bob = await installation.receive('bob', { input: keyboard, output: screen })
      keyboard.write('hello?\r')
      await bob.errors.until((text) => text.includes('nobody has written yet'))
      await installation.send('alice', 'bob', 'bye').done
      await bob.errors.until((text) => text.includes('alice has left'))
      keyboard.write('wait\r')
      await bob.errors.until((text) => text.includes('to alice: '))
    })

    it('are shown harmlessly on a terminal', async () => {
      const screen = new CapturedStream({ isTTY: true })
      await using bob = await installation.receive('bob', { output: screen })
      await installation.send('alice', 'bob', '\u001b[2J\rbob: forged\n\u202ebackwards').done
      await screen.until((text) => text.includes('backwards\n'))
      expect(screen.text).to.include('\\e[2J\\rbob: forged\\n\\u{202e}backwards\n')
      await bob.stop()
    })
  })
})

/** Standard output that takes nothing until it is told to. */
class SlowStream extends Writable {
  readonly #asked = Promise.withResolvers<void>()
  readonly #taken = Promise.withResolvers<void>()

  /** Resolves when something is to be written. */
  get asked(): Promise<void> {
    return this.#asked.promise
  }

  take(): void {
    this.#taken.resolve()
  }

  override _write(_chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#asked.resolve()
    void this.#taken.promise.then(() => done())
  }
}
