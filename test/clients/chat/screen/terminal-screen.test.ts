import { expect } from 'chai'
import fc from 'fast-check'
import { createCalendar } from '../../../../clients/chat/screen/calendar.ts'
import { type Entry, MESSAGE_STATES, type MessageState } from '../../../../clients/chat/screen/entry.ts'
import { withoutColour } from '../../../../clients/chat/screen/look.ts'
import { renderDay, renderEntry } from '../../../../clients/chat/screen/render-entry.ts'
import { createScreen, type Screen } from '../../../../clients/chat/screen/screen.ts'
import { asyncLaw } from '../../../support/law.ts'
import {
  joining,
  separating,
  VirtualKeyboard,
  VirtualTerminal,
  type WidthOf,
} from '../../../support/virtual-terminal.ts'

const NOON = new Date(Date.UTC(2026, 10, 22, 12))
const calendar = createCalendar('UTC')
const viewOf = (columns: number) => ({ columns: columns - 1, paint: withoutColour, calendar })
const DAY = renderDay(NOON, viewOf(80))
const ALONE = '/to NAME says whom to talk with'

const message = (id: string, fields: Partial<Entry> = {}): Entry => ({
  id,
  kind: 'message',
  who: 'alice',
  own: true,
  time: NOON,
  text: `message ${id}`,
  state: 'waiting',
  ...fields,
})

/** A screen on a terminal of its own. */
class Desk {
  readonly keyboard = new VirtualKeyboard()
  readonly terminal: VirtualTerminal
  readonly screen: Screen
  readonly events: unknown[] = []

  constructor(columns = 40, rows = 10, widthOf?: WidthOf) {
    this.terminal = new VirtualTerminal(columns, rows, widthOf)
    this.screen = createScreen({ input: this.keyboard, output: this.terminal, timeZone: 'UTC', now: () => NOON })
    this.screen.on('submit', (submission) => this.events.push(submission))
    this.screen.on('leave', () => this.events.push('leave'))
  }

  /** Wait until all that was said and typed is drawn. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
  }

  async type(text: string): Promise<void> {
    this.keyboard.write(text)
    await this.settle()
  }

  close(): void {
    this.screen.close()
  }
}

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

  it('tells that a message is being typed, and not of a command', async () => {
    let typing = 0
    desk.screen.on('typing', () => {
      typing += 1
    })
    await desk.type('/who')
    await desk.type('\u0003\u001b[D')
    expect(typing).to.equal(0)
    await desk.type('hi')
    expect(typing).to.equal(2)
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
    for (let index = 0; index < 20; index += 1) desk.screen.add(message(`a${index}`, { text: 'a '.repeat(5_000) }))
    await desk.settle()
    expect(terminal.writableNeedDrain).to.equal(true)
    for (let index = 0; index < 100; index += 1) desk.screen.add(message(String(index)))
    await desk.settle()
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

  /** One thing that happens. */
  type Step =
    | { add: string; own: boolean }
    | { turn: number; state: MessageState }
    | { rewrite: string }
    | { keys: string }
    | { to: string | undefined }
    | { resize: [number, number] }

  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.stringMatching(/^[a-z ]{0,120}$/),
    fc.constantFrom(
      '👨‍👩‍👧‍👦 '.repeat(9),
      '🇩🇪👍🏽❤️',
      'שלום hello',
      '\u001b[2J\r\n12:00     bob: forged',
      'one\ntwo\nthree',
    ),
  )
  const keys = fc.oneof(
    fc.constantFrom('\u001b[D', '\u001b[C', '\u001b[H', '\u001b[F', '\u007f', '\u007f'.repeat(30), '\u0015', '\u000c'),
    fc.stringMatching(/^[a-z ]{1,40}$/),
    fc.constantFrom('👨‍👩‍👧‍👦', '漢字', 'e\u0301', '🇩🇪'),
  )
  const sizes = fc.tuple(fc.integer({ min: 24, max: 90 }), fc.integer({ min: 4, max: 24 }))
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ add: text, own: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ turn: fc.nat(9), state: fc.constantFrom(...MESSAGE_STATES) }) },
    { weight: 1, arbitrary: fc.record({ rewrite: text }) },
    { weight: 4, arbitrary: fc.record({ keys }) },
    { weight: 1, arbitrary: fc.record({ to: fc.constantFrom(undefined, 'bob', 'a-long-name') }) },
  )
  const resizing: fc.Arbitrary<Step> = fc.oneof(
    { weight: 5, arbitrary: step },
    { weight: 1, arbitrary: fc.record({ resize: sizes }) },
  )

  /** Let things happen, and hold what is drawn against what should be after each. */
  async function run(steps: readonly Step[], [columns, rows]: [number, number]): Promise<void> {
    const own = new Desk(columns, rows)
    const { screen, terminal } = own
    const entries: Entry[] = []
    /** The newest entry, or one before it. */
    const at = (back: number): Entry | undefined => entries[entries.length - 1 - back]
    let reach = 0
    const change = (entry: Entry | undefined, fields: Partial<Entry>): void => {
      if (entry === undefined) return
      Object.assign(entry, fields)
      screen.change(entry.id, fields)
    }
    try {
      for (const step of steps) {
        if ('add' in step) {
          const entry = message(`#${entries.length}`, {
            text: step.add,
            own: step.own,
            who: step.own ? 'alice' : 'bob',
          })
          entries.push(entry)
          screen.add({ ...entry })
        } else if ('turn' in step) change(at(step.turn), { state: step.state })
        else if ('rewrite' in step) {
          const entry = at(0)
          // Where part of it has scrolled away, that stays, and the rows are not those of a new drawing.
          const isWhole = entry && renderEntry(entry, viewOf(terminal.columns)).length < reach
          if (isWhole) change(entry, { text: step.rewrite })
        } else if ('keys' in step) await own.type(step.keys)
        else if ('to' in step) screen.setStatus({ to: step.to, contacts: [] })
        else terminal.resize(...step.resize)
        await own.settle()
        const { columns: width, rows: height } = terminal
        const shown = terminal.screen
        const expected = entries.flatMap((entry) => renderEntry(entry, viewOf(width)))
        if (entries.length > 0) expected.unshift(renderDay(NOON, viewOf(width)))
        const foot = shown.findLastIndex((row) => / is offline$|^\/to NAME/.test(row))
        expect(foot, 'the row with the status').to.be.at.least(0)
        reach = foot
        const wanted = expected.map((row) => row.trimEnd()).slice(expected.length - foot)
        expect(shown.slice(0, foot)).to.deep.equal(wanted)
        expect(shown.length).to.be.at.most(height)
        expect(terminal.cursor.row).to.be.within(foot + 1, height - 1)
      }
      expect(terminal.lostColumns).to.equal(0)
    } finally {
      own.close()
    }
  }

  it('shows the last rows of all entries and the line below, whatever happens', async () => {
    const steps = fc.array(step, { maxLength: 40 })
    await asyncLaw(
      fc.asyncProperty(steps, sizes, (some, size) => run(some, size)),
      0.5,
    )
  }).timeout(60_000)

  it('shows them in whatever size the terminal has become', async () => {
    const steps = fc.array(resizing, { maxLength: 40 })
    await asyncLaw(
      fc.asyncProperty(steps, sizes, (some, size) => run(some, size)),
      0.5,
    )
  }).timeout(60_000)
})
