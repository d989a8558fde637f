import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Event } from '#gen/sotto/peer/v1/record.ts'
import { encodeTextEvent } from '#lib/delivery/event.ts'
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { SottoError } from '#lib/errors.ts'
import { type ExecOptions, ExecReader } from '../../../clients/receiver/exec-reader.ts'
import { STOP_TIMEOUT_MS } from '../../../clients/receiver/shell-command.ts'
import type { Message } from '../../../clients/store/reading/messages.ts'
import { rejection } from '../../support/rejection.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const ID = '000102030405060708090a0b0c0d0e0f'
const WRITTEN_AT = new Date(Date.UTC(2026, 10, 22, 12))
const STORED_AT = new Date('2026-11-24T09:01:00Z')

describe('ExecReader', () => {
  let folder: TemporaryFolder
  let said: string[]
  let notices: string[]
  let stop: AbortController
  beforeEach(async () => {
    folder = await temporaryFolder()
    said = []
    notices = []
    stop = new AbortController()
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  const path = (name: string) => join(folder.path, name)

  const readerFor = (command: string, options: Partial<ExecOptions> = {}) =>
    new ExecReader({
      command,
      reply: false,
      ...options,
      env: { PATH: process.env['PATH'], FOLDER: folder.path },
      send: async (name, text) => said.push(`${name}: ${Buffer.from(text).toString('utf8')}`),
      notice: (text) => notices.push(text),
      signal: stop.signal,
    })

  /** A message from alice. */
  const message = (text: string): Message => {
    const eventId = Buffer.from(ID, 'hex')
    const encoded = encodeTextEvent({ eventId, writtenAt: WRITTEN_AT, body: Buffer.from(text) })
    return { event: Event.decode(encoded), storedAt: STORED_AT } as Message
  }

  it('gives the text on standard input, and what is known of it in the environment alone', async () => {
    const reader = readerFor('cat > "$FOLDER/text"; env > "$FOLDER/env"; echo "$0 $*" > "$FOLDER/arguments"')
    const text = 'two\nlines of "secret" $(text)'
    expect(await reader.take('alice', message(text))).to.equal(undefined)
    expect(await readFile(path('text'), 'utf8')).to.equal(text)
    const env = await readFile(path('env'), 'utf8')
    expect(env.split('\n')).to.include.members(['SOTTO_FROM=alice', `SOTTO_ID=${ID}`])
    expect(env).to.include('SOTTO_STORED_AT=2026-11-24T09:01:00.000Z')
    expect(env).to.include('SOTTO_WRITTEN_AT=2026-11-22T12:00:00.000Z').and.not.include('secret')
    expect(await readFile(path('arguments'), 'utf8')).to.not.include('secret')
    expect([said, notices]).to.deep.equal([[], []])
  })

  it('minds no command that does not read, however long the text is', async () => {
    expect(await readerFor('exec <&-').take('alice', message('x'.repeat(MAX_TEXT_BYTES)))).to.equal(undefined)
  })

  it('has a message come again that the command fails for, later each time, and says so', async () => {
    const reader = readerFor('test -e "$FOLDER/there" || exit 3', { firstRetryMs: 1_000 })
    const waits = [await reader.take('alice', message('hi')), await reader.take('alice', message('hi'))]
    expect(waits[0]).to.be.within(500, 1_000)
    expect(waits[1]).to.be.within(1_000, 2_000)
    expect(notices[0]).to.equal(`the command ended with 3 for ${ID} from alice; again in 1 s`)
    await readerFor('touch "$FOLDER/there"').take('alice', message(''))
    expect(await reader.take('alice', message('hi'))).to.equal(undefined)
  })

  it('takes a command for failed that a signal has ended', async () => {
    await readerFor('kill -KILL $$').take('alice', message('hi'))
    expect(notices[0]).to.include('was ended by SIGKILL')
  })

  it('says what is printed, less the line end, and nothing of an empty answer', async () => {
    await readerFor('tr a-z A-Z; echo', { reply: true }).take('alice', message('two\nlines'))
    await readerFor('cat', { reply: true }).take('bob', message(''))
    expect(said).to.deep.equal(['alice: TWO\nLINES'])
  })

  it('takes a command for failed that prints what no message can hold', async () => {
    await readerFor("head -c 1048577 /dev/zero | tr '\\0' x", { reply: true }).take('alice', message('hi'))
    await readerFor("printf '\\377'", { reply: true }).take('alice', message('hi'))
    expect(notices.map((notice) => notice.split(' for ')[0])).to.deep.equal([
      'the command printed more than a message holds',
      'the command printed what is not UTF-8',
    ])
    expect(said).to.deep.equal([])
  })

  it('tells of an answer that cannot be sent, and does not ask for another', async () => {
    const refuse = async () => {
      throw new SottoError('ERR_BLOCKED', 'alice is blocked')
    }
    const options = { command: 'echo no', reply: true, env: { PATH: process.env['PATH'] }, signal: stop.signal }
    const reader = new ExecReader({ ...options, send: refuse, notice: (text) => notices.push(text) })
    expect(await reader.take('alice', message('hi'))).to.equal(undefined)
    expect(notices).to.deep.equal(['to alice: alice is blocked'])
  })

  it('ends a command with all that it has started', async () => {
    // Its standard output stays open for as long as anything of it runs.
    const reader = readerFor('sleep 60 & touch "$FOLDER/runs"; wait', { reply: true })
    const ended = reader.take('alice', message('hi'))
    while (!existsSync(path('runs'))) await new Promise((resolve) => setImmediate(resolve))
    const began = performance.now()
    stop.abort(new SottoError('ERR_INTERRUPTED', 'interrupted'))
    expect((await rejection(ended)).code).to.equal('ERR_INTERRUPTED')
    expect(performance.now() - began).to.be.lessThan(STOP_TIMEOUT_MS)
  })

  it('waits no longer than it must for what has left the command and holds on to its output', async function () {
    // Others have no command for it.
    if (process.platform !== 'linux') return this.skip()
    this.timeout(2 * STOP_TIMEOUT_MS)
    const reader = readerFor(
      'setsid sleep 12 & sleep 0.3; echo $! > "$FOLDER/pid"; mv "$FOLDER/pid" "$FOLDER/runs"; wait',
      { reply: true },
    )
    const ended = reader.take('alice', message('hi'))
    while (!existsSync(path('runs'))) await new Promise((resolve) => setImmediate(resolve))
    stop.abort(new SottoError('ERR_INTERRUPTED', 'interrupted'))
    try {
      expect((await rejection(ended)).code).to.equal('ERR_INTERRUPTED')
    } finally {
      process.kill(Number(await readFile(path('runs'), 'utf8')))
    }
  })
})
