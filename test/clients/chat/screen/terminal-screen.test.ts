import { expect } from 'chai'
import { qrCodeRows } from '#lib/trust/qr-code.ts'
import { createScreen } from '../../../../clients/chat/screen/create-screen.ts'
import { renderDay } from '../../../../clients/chat/screen/render-entry.ts'
import { createCalendar } from '../../../../clients/terminal/calendar.ts'
import { Desk, message, NOON } from '../../../support/desk.ts'
import { joining, separating, VirtualKeyboard, VirtualTerminal } from '../../../support/virtual-terminal.ts'

const calendar = createCalendar('UTC')
const viewOf = (columns: number) => ({ columns: columns - 1, rows: 22, colour: false, calendar })
const DAY = renderDay(NOON, viewOf(80))
const ALONE = '/to NAME says whom to talk with'

describe('createScreen on a terminal', () => {
  let desk: Desk
  const open = async (...size: ConstructorParameters<typeof Desk>): Promise<void> => {
    desk?.close()
    desk = new Desk(...size)
    await desk.settle()
  }
  beforeEach(() => open())
  afterEach(() => desk.close())

  it('begins with an empty page, and keeps what the terminal showed', async () => {
    const terminal = new VirtualTerminal(40, 5)
    terminal.write('$ sotto chat\r\n')
    const screen = createScreen({ input: new VirtualKeyboard(), output: terminal })
    await desk.settle()
    expect(terminal.screen).to.deep.equal([ALONE, '>'])
    expect(terminal.scrolledOut).to.include('$ sotto chat')
    screen.close()
  })

  it('draws entries above status and line', async () => {
    desk.screen.setStatus({ to: 'bob', contacts: [] })
    desk.screen.add(message('1'))
    await desk.type('hello')
    expect(desk.terminal.screen).to.deep.equal([DAY, '12:00 ... alice: message 1', 'bob is offline', 'bob> hello'])
    expect(desk.terminal.cursor).to.deep.equal({ row: 3, column: 10 })
  })

  it('draws whatever happens at once in one write, and nothing where nothing happens', async () => {
    const before = desk.terminal.writes
    for (let index = 0; index < 200; index += 1) desk.screen.add(message(String(index)))
    desk.screen.setStatus({ to: 'bob', contacts: [] })
    desk.screen.change('199', { state: 'read' })
    await desk.settle()
    expect(desk.terminal.writes).to.equal(before + 1)
    desk.screen.change('nobody knows', { state: 'read' })
    await desk.settle()
    expect(desk.terminal.writes).to.equal(before + 1)
  })

  it('shows the cursor and wraps lines whenever it does not draw', async () => {
    await desk.type('hello')
    expect(desk.terminal.isOn('25')).to.equal(true)
    expect(desk.terminal.isOn('7')).to.equal(true)
  })

  it('loses no entry, whether they come at once or one by one', async () => {
    for (let index = 0; index < 100; index += 1) desk.screen.add(message(String(index)))
    await desk.settle()
    for (let index = 100; index < 200; index += 1) {
      desk.screen.add(message(String(index)))
      await desk.type('x')
    }
    const shown = [...desk.terminal.scrolledOut, ...desk.terminal.screen].filter((row) => row.includes('message'))
    expect(shown).to.deep.equal(Array.from({ length: 200 }, (_, index) => `12:00 ... alice: message ${index}`))
    await desk.type('\r')
    expect(desk.events).to.deep.equal([{ kind: 'message', to: undefined, text: 'x'.repeat(100) }])
  })

  it('turns a tick in place, and leaves one that has scrolled away', async () => {
    for (let index = 0; index < 9; index += 1) desk.screen.add(message(String(index)))
    await desk.settle()
    expect(desk.terminal.screen[0]).to.equal('12:00 ... alice: message 1')
    desk.screen.change('0', { state: 'delivered' })
    desk.screen.change('1', { state: 'delivered' })
    desk.screen.change('8', { state: 'read' })
    await desk.settle()
    expect(desk.terminal.screen[0]).to.equal('12:00 ✓✓  alice: message 1')
    expect(desk.terminal.screen[7]).to.equal('12:00 ✓✓✓ alice: message 8')
    expect(desk.terminal.scrolledOut.at(-1)).to.equal('12:00 ... alice: message 0')
  })

  it('draws every row of a line that wraps, and none that it no longer has', async () => {
    await open(21, 8)
    desk.screen.add(message('1', { text: 'm' }))
    await desk.type('a'.repeat(40))
    expect(desk.terminal.screen.slice(-3)).to.deep.equal([`> ${'a'.repeat(18)}`, 'a'.repeat(20), 'aa'])
    await desk.type('\u007f'.repeat(35))
    expect(desk.terminal.screen.slice(-2)).to.deep.equal(['/to NAME says whom …', '> aaaaa'])
  })

  it('keeps a line that is longer than the terminal within it', async () => {
    await open(21, 6)
    desk.screen.add(message('1', { text: 'm' }))
    await desk.type('a'.repeat(1_000))
    expect(desk.terminal.screen).to.have.lengthOf(6)
    expect(desk.terminal.screen[0]).to.equal('| m')
    await desk.type('\u0015ok')
    expect(desk.terminal.screen).to.deep.equal(['| m', '/to NAME says whom …', '> ok'])
  })

  it('draws everything anew on a terminal of another size', async () => {
    for (let index = 0; index < 20; index += 1) desk.screen.add(message(String(index)))
    await desk.type('a line')
    desk.terminal.resize(24, 6)
    await desk.settle()
    expect(desk.terminal.screen).to.deep.equal([
      '12:00 ... alice:',
      '| message 18',
      '12:00 ... alice:',
      '| message 19',
      '/to NAME says whom to …',
      '> a line',
    ])
    desk.terminal.resize(60, 8)
    await desk.settle()
    const messages = [14, 15, 16, 17, 18, 19].map((index) => `12:00 ... alice: message ${index}`)
    expect(desk.terminal.screen).to.deep.equal([...messages, ALONE, '> a line'])
  })

  it('draws a QR code as soon as the window is large enough for it', async () => {
    await open(80, 24)
    const text = `SOTTO1:${'0123456789ABCDEF'.repeat(16)}`
    const code = qrCodeRows(text, { inColour: false }).map((row) => row.trimEnd())
    desk.screen.add(message('1', { kind: 'qr', text }))
    await desk.settle()
    expect(desk.terminal.screen.join(' ')).to.include('make the window larger')
    desk.terminal.resize(80, code.length + 2)
    await desk.settle()
    expect(desk.terminal.screen).to.deep.equal([...code, ALONE, '>'])
  })

  it('has entries that come together with a new size once', async () => {
    desk.screen.add(message('1'))
    await desk.settle()
    desk.terminal.resize(30, 6)
    desk.screen.add(message('2'))
    await desk.settle()
    expect(desk.terminal.screen).to.deep.equal([
      renderDay(NOON, viewOf(30)),
      '12:00 ... alice: message 1',
      '12:00 ... alice: message 2',
      '/to NAME says whom to talk w…',
      '>',
    ])
  })

  it('works on a terminal of one row', async () => {
    await open(40, 1)
    desk.screen.add(message('1'))
    await desk.type('hello')
    expect(desk.terminal.screen).to.deep.equal(['> hello'])
    expect(desk.terminal.scrolledOut.at(-1)).to.equal('12:00 ... alice: message 1')
  })

  it('begins another page and leaves the first to be scrolled back to', async () => {
    desk.screen.add(message('1'))
    desk.screen.newPage()
    desk.screen.add(message('2'))
    desk.screen.change('1', { state: 'read' })
    await desk.settle()
    expect(desk.terminal.screen).to.deep.equal([DAY, '12:00 ... alice: message 2', ALONE, '>'])
    expect(desk.terminal.scrolledOut).to.include('12:00 ... alice: message 1')
    expect(desk.terminal.scrolledOut).not.to.include(ALONE)
  })

  it('rings when it is asked to, once for all that comes at once', async () => {
    desk.screen.add(message('1'), { bell: true })
    desk.screen.add(message('2'), { bell: true })
    desk.screen.add(message('3'))
    await desk.settle()
    expect(desk.terminal.bells).to.equal(1)
    desk.screen.add(message('4'))
    await desk.settle()
    expect(desk.terminal.bells).to.equal(1)
  })

  it('answers what is no command itself', async () => {
    await desk.type('/nonsense\r')
    expect(desk.terminal.screen[1]).to.match(/^12:00 {2}\* {2}there is no command/)
    expect(desk.events).to.deep.equal([])
  })

  it('tells of every change of the line, and of nothing else', async () => {
    const lines: unknown[] = []
    desk.screen.on('typing', (written) => lines.push(written?.kind === 'message' ? written.text : undefined))
    await desk.type('hi')
    await desk.type('\u001b[D')
    expect(lines).to.deep.equal(['h', 'hi'])
    await desk.type('\r')
    expect(lines).to.deep.equal(['h', 'hi', undefined])
  })

  it('says what is pasted as it stands, and shows tabs and line ends as marks', async () => {
    const text = '/etc/hosts is wrong:\n\t127.0.0.1 localhst\n'
    await desk.type(`\u001b[200~${text}\u001b[201~`)
    expect(desk.terminal.screen.slice(1).join('')).to.equal('> /etc/hosts is wrong:␤␉127.0.0.1 localhst␤')
    await desk.type('\r')
    expect(desk.events).to.deep.equal([{ kind: 'message', to: undefined, text }])
  })

  it('neither obeys nor says a command that is pasted, and keeps it', async () => {
    await desk.type('\u001b[200~/verified bob\u001b[201~\r')
    expect(desk.events).to.deep.equal([])
    expect(desk.terminal.screen.at(-1)).to.equal('> /verified bob')
    await desk.type('\u001b[H/\r')
    expect(desk.events).to.deep.equal([{ kind: 'message', to: undefined, text: '/verified bob' }])
  })

  it('completes the names of its status', async () => {
    desk.screen.setStatus({ to: undefined, contacts: [{ name: 'bob', online: true, typing: false, unread: 0 }] })
    await desk.type('/to b\t\r')
    expect(desk.events).to.deep.equal([{ kind: 'command', name: 'to', argument: 'bob' }])
  })

  it('asks to leave once, by whatever key', async () => {
    await desk.type('\u0003\u0003\u0004')
    expect(desk.events).to.deep.equal(['leave'])
  })

  it('takes its foot away when it is closed, and nothing else', async () => {
    desk.screen.add(message('1'))
    await desk.type('half a line')
    desk.screen.add(message('2'))
    desk.close()
    expect(desk.terminal.screen).to.deep.equal([DAY, '12:00 ... alice: message 1', '12:00 ... alice: message 2'])
    expect(desk.terminal.cursor).to.deep.equal({ row: 3, column: 0 })
    expect(desk.terminal.isOn('2004')).to.equal(false)
    expect(desk.keyboard.isRaw).to.equal(false)
    expect(desk.events).to.deep.equal([])
    desk.screen.add(message('3'))
    await desk.settle()
    expect(desk.terminal.screen).to.have.lengthOf(3)
  })

  it('draws the sum of what happened while a terminal was slow', async () => {
    let written = (): void => {}
    const { terminal } = desk
    terminal._write = (_text, _encoding, done) => {
      written = done
    }
    // More rows than a stream holds, so that the next ones wait.
    for (let index = 0; index < 200; index += 1) desk.screen.add(message(`a${index}`, { text: 'a '.repeat(5_000) }))
    await desk.settle()
    expect(terminal.writableNeedDrain).to.equal(true)
    const listeners = terminal.listenerCount('drain')
    for (let index = 0; index < 100; index += 1) {
      desk.screen.add(message(String(index)))
      await desk.settle()
    }
    // With many, Node.js would warn of them, across the screen.
    expect(terminal.listenerCount('drain')).to.be.at.most(listeners + 1)
    let text = ''
    terminal._write = (chunk, _encoding, done) => {
      text += chunk
      done()
    }
    written()
    await desk.settle()
    expect(text.match(/message \d+/g)).to.have.lengthOf(100)
  })

  for (const [what, widthOf] of Object.entries({ joining, separating })) {
    it(`has the cursor in its place on a terminal that shows emoji ${what}`, async () => {
      await open(40, 10, widthOf)
      await desk.type('👨‍👩‍👧‍👦👍🏽漢e\u0301❤️x👨‍👩‍👧‍👦y')
      await desk.type('\u001b[D')
      expect(desk.terminal.underCursor).to.equal('y')
      await desk.type('\u001b[D\u001b[D')
      expect(desk.terminal.underCursor).to.equal('x')
      desk.screen.add(message('1', { text: '👨‍👩‍👧‍👦'.repeat(30) }))
      await desk.settle()
      expect(desk.terminal.underCursor).to.equal('x')
      await desk.type('\u001b[H')
      expect(desk.terminal.underCursor).to.match(/^👨/u)
      expect(desk.terminal.lostColumns).to.equal(0)
    })
  }

  it('draws every row in one, even where a terminal takes far more columns than was thought', async () => {
    await open(40, 10, (character) => (character === ' ' ? 1 : 2))
    desk.screen.add(message('1', { text: 'a text of many words '.repeat(4) }))
    await desk.type('a line of its own that is long')
    expect(desk.terminal.lostColumns).to.be.above(0)
    expect(desk.terminal.screen).to.have.lengthOf(6)
    expect(desk.terminal.screen[4]).to.match(/^\/to NAME says/)
    expect(desk.terminal.screen[5]).to.match(/^> a line/)
  })
})
