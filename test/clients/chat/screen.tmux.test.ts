import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { ChatOnTmux } from '../../support/chat-on-tmux.ts'
import type { SentEntry } from '../../support/chat-program.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'
import { hasTmux } from '../../support/tmux.ts'

const COLUMNS = 60
const ROWS = 16
const CONTACTS = [
  { name: 'bob', online: true, typing: false, unread: 0 },
  { name: 'carol', online: true, typing: true, unread: 3 },
]
const STATUS = 'bob is online | carol: 3 new | carol is typing'

const own = (id: string, text: string): Partial<SentEntry> & { text: string } => ({
  id,
  text,
  own: true,
  who: 'alice',
  state: 'waiting',
})

/** The screen on a terminal that nobody here wrote, with somebody who types. */
describe('the screen of a chat', () => {
  if (!hasTmux()) {
    it('is tried on a real terminal where tmux 3.2 or later is installed')
    return
  }

  let folder: TemporaryFolder
  let chat: ChatOnTmux
  const open = async (
    env: Record<string, string> = { NO_COLOR: '1' },
    script?: (command: string) => string,
  ): Promise<void> => {
    folder = await temporaryFolder()
    chat = await ChatOnTmux.open(folder.path, { columns: COLUMNS, rows: ROWS, env }, script)
    chat.send({ status: { to: 'bob', contacts: CONTACTS } })
    await chat.tmux.until((rows) => rows.at(-1) === 'bob>')
  }
  const close = async (): Promise<void> => {
    await chat.close()
    await folder[Symbol.asyncDispose]()
  }
  beforeEach(() => open())
  afterEach(close)

  /** Wait until a row begins so. */
  const untilRow = (start: string): Promise<string[]> =>
    chat.tmux.until((rows) => rows.some((row) => row.startsWith(start)))

  /** Wait until the two last rows are these. */
  const untilFoot = (...foot: string[]): Promise<string[]> =>
    chat.tmux.until((rows) => rows.slice(-foot.length).join('\n') === foot.join('\n'))

  it('keeps the line one types, and loses no key, while 200 messages come in', async () => {
    const words = 'the quick brown fox jumps over the lazy dog and goes on '.repeat(2).trim()
    const typing = (async () => {
      for (const word of words.split(/(?<= )/)) await chat.tmux.type(word)
    })()
    for (let index = 0; index < 200; index += 1) {
      chat.add({ text: `message ${index}` })
      await new Promise((resolve) => setImmediate(resolve))
    }
    await typing
    const foot = [STATUS, `bob> ${words.slice(0, 54)}`, words.slice(54)]
    const screen = await chat.tmux.until(
      (rows) => rows.at(-4) === '10:01     bob: message 199' && rows.slice(-3).join() === foot.join(),
    )
    expect(screen).to.have.lengthOf(ROWS)
    const shown = (await chat.tmux.history()).filter((row) => row.includes('message'))
    expect(shown).to.deep.equal(Array.from({ length: 200 }, (_, index) => `10:01     bob: message ${index}`))

    await chat.tmux.press('Enter')
    await untilFoot(STATUS, 'bob>')
    expect(chat.submitted).to.deep.equal([{ kind: 'message', text: words }])
  })

  it('leaves the cursor where one edits, in whichever row', async () => {
    await chat.tmux.type('a'.repeat(70))
    await chat.tmux.press('Home', 'Right', 'Right')
    chat.add({ text: 'a message' })
    await chat.tmux.until((rows) => rows.at(-4) === '10:01     bob: a message')
    await chat.tmux.type('X')
    const rows = await untilFoot(`bob> aaX${'a'.repeat(51)}`, 'a'.repeat(17))
    expect(await chat.tmux.ask('#{cursor_x},#{cursor_y}')).to.equal(`8,${rows.length - 2}`)
  })

  it('turns a tick in place', async () => {
    chat.add(own('1', 'is this read?'), { text: 'a message' }, own('2', 'and this?'))
    const before = await untilRow('10:01 ... alice: and this?')
    chat.send({ id: '1', change: { state: 'read' } })
    const after = await untilRow('10:01 ✓✓✓ alice: is this read?')
    expect(after.filter((row, index) => row !== before[index])).to.have.lengthOf(1)
    chat.send({ id: '2', change: { state: 'sent' } })
    await untilRow('10:01 ✓   alice: and this?')
  })

  it('fits a terminal that becomes narrower, wider, lower and higher', async () => {
    for (let index = 0; index < 20; index += 1) chat.add({ text: `message ${index} of twenty` })
    await chat.tmux.type('a line that will not fit into one row of thirty')
    await chat.tmux.until((rows) => rows.at(-1) === 'bob> a line that will not fit into one row of thirty')

    await chat.tmux.resize(30, 10)
    const narrow = await untilFoot('bob> a line that will not fit', ' into one row of thirty')
    expect(narrow).to.have.lengthOf(10)
    expect(narrow.slice(-5, -2)).to.deep.equal([
      '10:01     bob: message 19 of',
      '| twenty',
      'bob is online | carol: 3 new…',
    ])

    await chat.tmux.resize(100, 12)
    const wide = await untilFoot(STATUS, 'bob> a line that will not fit into one row of thirty')
    expect(wide.slice(0, -2)).to.deep.equal(
      Array.from({ length: 10 }, (_, index) => `10:01     bob: message ${index + 10} of twenty`),
    )

    await chat.tmux.resize(100, 20)
    const high = await chat.tmux.until((rows) => rows.length === 20)
    expect(high[0]).to.equal('10:01     bob: message 2 of twenty')

    await chat.tmux.type('!')
    await untilFoot('bob> a line that will not fit into one row of thirty!')
  })

  it('shows wide characters, emoji and marks, and edits them one by one', async () => {
    chat.add({ text: '漢字 e\u0301 👍🏽 🇩🇪 ❤️ 👨‍👩‍👧' }, { text: '漢'.repeat(60) })
    const rows = await untilRow('          | 漢')
    expect(rows[1]).to.equal('10:01     bob: 漢字 e\u0301 👍🏽 🇩🇪 ❤️ 👨‍👩‍👧')
    expect(rows.slice(2, 5).join('').match(/漢/g)).to.have.lengthOf(60)

    await chat.tmux.type('漢字👨‍👩‍👧🇩🇪e\u0301x')
    await untilFoot('bob> 漢字👨‍👩‍👧🇩🇪e\u0301x')
    await chat.tmux.press('Left', 'BSpace', 'BSpace', 'BSpace', 'BSpace')
    await untilFoot('bob> 漢x')
    expect(await chat.tmux.ask('#{cursor_x}')).to.equal('7')
  })

  it('keeps right-to-left text in its place', async () => {
    chat.add({ text: 'שלום, hello' }, { text: 'hello' })
    const rows = await untilRow('10:01     bob: hello')
    expect(rows[1]).to.match(/^10:01 {5}bob: [\u2067]?שלום, hello[\u2069]?$/)
    await chat.tmux.type('שלום')
    await untilFoot('bob> שלום')
  })

  it('is unmoved by a message that wants to be a program', async () => {
    const title = await chat.tmux.ask('#{pane_title}')
    await chat.tmux.type('my own line')
    chat.add(
      { text: '\u001b[2J\u001b[H\u001b]0;owned\u0007\u001b]52;c;b3duZWQ=\u0007\u009b2J\u0090q\u009c' },
      { text: '\u001b[?1049h\u001b[8;1;1t\u001b[6n\u001bc\r\n\r10:01     carol: forged\b\b\b' },
      { text: '\u202eflipped\u2066\u2069\u2069' },
      { text: '\u0301'.repeat(100_000) + '\u200b'.repeat(100_000) },
      { text: 'x'.repeat(2 ** 20) },
      { text: 'the last' },
    )
    const screen = await chat.tmux.until((rows) => rows.at(-3) === '10:01     bob: the last')
    expect(screen.slice(-2)).to.deep.equal([STATUS, 'bob> my own line'])
    expect(await chat.tmux.ask('#{pane_title}')).to.equal(title)
    expect(await chat.tmux.ask('#{alternate_on}')).to.equal('0')

    const history = await chat.tmux.history()
    expect(history.some((row) => row.includes('\\e[2J\\e[H\\e]0;owned\\x07'))).to.equal(true)
    // Each row of the page begins as the screen has it begin: with a time, a gutter or a day.
    const page = history.slice(
      history.findIndex((row) => row.startsWith('---')),
      -2,
    )
    for (const row of page) expect(row).to.match(/^(10:01 {5}bob:|10:01 {2}\* |---| {10}\|)/)

    await chat.tmux.press('Enter')
    await untilFoot(STATUS, 'bob>')
    expect(chat.submitted).to.deep.equal([{ kind: 'message', text: 'my own line' }])
  })

  it('takes a pasted text of several lines for one message', async () => {
    await chat.tmux.paste('one\ntwo\nthree')
    await untilFoot(STATUS, 'bob> one␤two␤three')
    await chat.tmux.press('Enter')
    await untilFoot(STATUS, 'bob>')
    expect(chat.submitted).to.deep.equal([{ kind: 'message', text: 'one\ntwo\nthree' }])
  })

  it('begins a new page, with the old one above it', async () => {
    chat.add({ text: 'the first page' })
    await untilRow('10:01     bob: the first page')
    chat.send({ newPage: true })
    chat.add({ text: 'the second page' })
    const screen = await untilRow('10:01     bob: the second page')
    expect(screen).to.have.lengthOf(4)
    expect(await chat.tmux.history()).to.include('10:01     bob: the first page')
  })

  it('is back whole after Ctrl-Z, with what came meanwhile', async () => {
    await close()
    // An interactive shell goes on with its next command when one is stopped.
    await open({}, (command) => `${command}; read -r answer; echo "answer $answer"; fg`)
    chat.add(own('1', 'a message'))
    await chat.tmux.type('half a line')
    await untilFoot(STATUS, 'bob> half a line')
    await chat.tmux.press('C-z')
    await chat.tmux.until((rows) => rows.some((row) => row.includes('Stopped')))
    chat.send({ id: '1', change: { state: 'sent' } })
    await chat.tmux.type('what the shell is told')
    await chat.tmux.press('Enter')

    await untilRow('10:01 ✓   alice: a message')
    await chat.tmux.paste(' and\nmore')
    const screen = await untilFoot(STATUS, 'bob> half a line and␤more')
    expect(screen).to.have.lengthOf(4)
    expect(await chat.tmux.history()).to.include('answer what the shell is told')
  })

  it('reads keys again after it was stopped by a signal, and the shell had the terminal', async () => {
    await close()
    await open({}, (command) => `${command}; read -r answer; echo "answer $answer"; fg`)
    await chat.tmux.type('half a line')
    await untilFoot(STATUS, 'bob> half a line')
    const shell = await chat.tmux.ask('#{pane_pid}')
    const program = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8')
    process.kill(Number(program), 'SIGSTOP')
    await chat.tmux.until((rows) => rows.some((row) => row.includes('Stopped')))
    await chat.tmux.type('what the shell is told')
    await chat.tmux.press('Enter')
    await untilFoot(STATUS, 'bob> half a line')
    await chat.tmux.type(' and more')
    await untilFoot(STATUS, 'bob> half a line and more')
  })

  it('gives the terminal back as it was when one leaves', async () => {
    await close()
    await open({}, (command) => `${command}; stty -a | grep -o '.icanon'; read -r answer; echo "answer $answer"; cat`)
    chat.add({ text: 'a message' })
    await untilRow('10:01     bob: a message')
    await chat.tmux.press('C-d')
    const screen = await untilRow(' icanon')
    expect(screen.join('\n')).not.to.include(STATUS)
    await chat.tmux.paste('one\n')
    await untilRow('answer one')
  })

  it('rings the bell when it is asked to', async () => {
    await chat.tmux.watchBell()
    chat.send({ add: [{ id: '', kind: 'message', who: 'bob', own: false, timeMs: 0, text: 'ring' }], bell: true })
    await untilRow('00:00     bob: ring')
    expect(await chat.tmux.ask('#{window_bell_flag}')).to.equal('1')
  })

  it('uses colours, and none where NO_COLOR is set', async () => {
    chat.add({ text: 'plain' })
    await untilRow('10:01     bob: plain')
    expect(await chat.tmux.colours()).to.equal(false)
    await close()
    await open({})
    chat.add({ text: 'coloured' })
    await untilRow('10:01     bob: coloured')
    expect(await chat.tmux.colours()).to.equal(true)
  })
}).timeout(30_000)
