import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect } from 'chai'
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { TRACE_COLUMNS } from '../../../clients/trace/render.ts'
import { environmentOf } from '../../support/environment.ts'
import { TestProcess, type TestProcessOptions } from '../../support/processes.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const EXIT_USAGE = 2
const EXIT_INTERRUPTED = 130

describe('npm run demo', function () {
  this.timeout(300_000)
  let folder: TemporaryFolder

  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  function start(options: TestProcessOptions, ...flags: readonly string[]): TestProcess {
    // With the settings of an installation, as of whoever runs one.
    const installed = {
      SOTTO_AUTH_DATA: join(folder.path, 'installed'),
      SOTTO_AUTH_SIGN_UP: 'closed',
      SOTTO_DOOR_PORT: '1',
    }
    const env = environmentOf(folder.path, { TMPDIR: folder.path, ...installed })
    return new TestProcess('npm', ['run', '-s', 'demo', '--', ...flags], { env, detached: true, ...options })
  }

  /** Whether the demo has left neither a process nor its temporary folder, and kept nothing in an installation's. */
  async function isGone(demo: TestProcess): Promise<boolean> {
    const left = (await readdir(folder.path)).filter((name) => name.startsWith('sotto-') || name === 'installed')
    return !demo.isGroupRunning && left.length === 0
  }

  it('serves a page for each of the two, and one for both, with --web', async () => {
    await using demo = start({}, '--web')
    await Promise.race([demo.output.until((text) => text.split('\n').length === 4), demo.ended])
    const links = [...demo.output.text.matchAll(/^(both|alice|bob) +(http:\S+)$/gm)]
    expect(links.map(([, name]) => name)).to.deep.equal(['both', 'alice', 'bob'])
    for (const [, , link = ''] of links) expect((await fetch(link)).status).to.equal(200)
    demo.signalGroup('SIGINT')
    expect(await demo.ended).to.equal(EXIT_INTERRUPTED)
    expect(await isGone(demo)).to.equal(true)
  })

  it('takes --web alone', async () => {
    await using demo = start({}, '--web', '--tamper', 'flip')
    expect(await demo.ended).to.equal(EXIT_USAGE)
    expect(demo.errors.text).to.include('leave out --html, --json, --reveal and --tamper')
  })

  it('delivers what is piped in to bob, byte for byte, and prints each of the five messages', async () => {
    const many = Array.from({ length: 10_000 }, (_, n) => `line ${n} ${'x'.repeat(n % 50)}\n`).join('')
    const input = `first\n\n\n\u001b[2J\r\n\0 and tab\t\n🙂 ä עברית\n${'y'.repeat(MAX_TEXT_BYTES)}\n${many}last\n`
    await using demo = start({ input })
    expect([await demo.ended, demo.output.text === input]).to.deep.equal([0, true])

    const told = demo.errors.text
    const messages = [...told.matchAll(/^ ([①②③④⑤]) {2}(\S+).*? {2,}(.*)$/gm)].map(([, ...parts]) => parts.join(' '))
    expect(messages.slice(0, 8)).to.deep.equal([
      '① LoginRequest alice ──▶ auth',
      '② LoginResponse auth ──▶ alice',
      '① LoginRequest bob ──▶ auth',
      '② LoginResponse auth ──▶ bob',
      '③ RequestChatRequest alice ──▶ directory',
      '④ RequestChatResponse directory ──▶ alice',
      '⑤ Hello alice ──▶ bob',
      '⑤ Welcome bob ──▶ alice',
    ])
    const records = messages.slice(8).filter((message) => !/^⑤ Record (alice ──▶ bob|bob ──▶ alice)$/.test(message))
    expect(records).to.deep.equal([])
    expect(stripVTControlCharacters(told)).to.equal(told)
    expect(told.split('\n').filter((line) => line.length > TRACE_COLUMNS)).to.deep.equal([])
    expect(await isGone(demo)).to.equal(true)
  })

  it('carries a letter between two who are never online together, with --away, and prints what the mailbox sees', async () => {
    await using demo = start({ input: 'See you at eight?\nOr nine.\n' }, '--away')
    expect([await demo.ended, demo.output.text]).to.deep.equal([0, 'See you at eight?\nOr nine.\n'])
    const told = demo.errors.text
    const messages = [...told.matchAll(/^ ([③④⑤]) {2}(\S+).*? {2,}(.*)$/gm)].map(([, ...parts]) => parts.join(' '))
    expect(messages).to.deep.equal([
      '⑤ PutPrekeysRequest bob ──▶ mailbox',
      '③ RequestChatRequest alice ──▶ directory',
      '③ RequestLettersRequest alice ──▶ directory',
      '④ RequestLettersResponse directory ──▶ alice',
      '⑤ TakePrekeysRequest alice ──▶ mailbox',
      '⑤ TakePrekeysResponse mailbox ──▶ alice',
      '⑤ PostLettersRequest alice ──▶ mailbox',
      '⑤ CollectResponse mailbox ──▶ bob',
      '③ RequestLettersRequest bob ──▶ directory',
      '④ RequestLettersResponse directory ──▶ bob',
      '⑤ TakePrekeysRequest bob ──▶ mailbox',
      '⑤ TakePrekeysResponse mailbox ──▶ bob',
      '⑤ PostLettersRequest bob ──▶ mailbox',
    ])
    expect(told).not.to.include('nine')
    expect(await isGone(demo)).to.equal(true)
  })

  it('writes a letter as a page to look into, with --away --html', async () => {
    const file = join(folder.path, 'letter.html')
    await using demo = start({ input: 'hello\n' }, '--away', '--no-trace', '--html', file)
    expect(await demo.ended).to.equal(0)
    expect(await readFile(file, 'utf8')).to.include('"message":"PostLettersRequest"')
    await using refused = start({ input: '' }, '--away', '--html', file, '--tamper', 'flip')
    expect(await refused.ended).to.equal(EXIT_USAGE)
  })

  it('writes only JSON lines with --json, sends the lines before one that is not UTF-8, and names that one', async () => {
    await using demo = start({ input: Buffer.from('one\ntwo\nthr\xff\xfee\nfour\n', 'latin1') }, '--json')
    expect(await demo.ended).to.equal(EXIT_USAGE)
    const messages = linesOf(demo.output.text).map((line) => JSON.parse(line))
    expect(messages.map(({ type, from, text }) => [type, from, text])).to.deep.equal([
      ['message', 'alice', 'one'],
      ['message', 'alice', 'two'],
    ])
    const told = linesOf(demo.errors.text)
    const [fault = '', hint = '', ...others] = told.filter((line) => line.startsWith('sotto: '))
    expect(fault).to.include('line 3').and.to.include('ERR_INVALID_UTF8')
    expect([hint.length > 'sotto: '.length, others]).to.deep.equal([true, []])
    const events = told.filter((line) => !line.startsWith('sotto: ')).map((line) => JSON.parse(line))
    expect(new Set(events.map(({ type, step }) => step ?? type))).to.deep.equal(new Set(['notice', 1, 2, 3, 4, 5]))
  })

  it('ends everything on Ctrl-C in the middle of a conversation, and leaves nothing', async () => {
    await using demo = start({ input: 'open' }, '--no-trace')
    demo.input.write('are you there?\n')
    await demo.untilStdout('are you there?\n')
    demo.signalGroup('SIGINT')
    expect(await demo.ended).to.equal(EXIT_INTERRUPTED)
    expect(demo.errors.text).not.to.match(/^\s+at /m)
    expect(await isGone(demo)).to.equal(true)
  })

  it('ends everything on Ctrl-C during the start, and leaves nothing', async () => {
    await using demo = start({ input: 'open' })
    await demo.untilStderr('starting auth')
    demo.signalGroup('SIGINT')
    expect(await demo.ended).to.equal(EXIT_INTERRUPTED)
    expect(demo.errors.text).not.to.match(/^\s+at /m)
    expect(await isGone(demo)).to.equal(true)
  })
})

function linesOf(text: string): string[] {
  return text.split('\n').slice(0, -1)
}
