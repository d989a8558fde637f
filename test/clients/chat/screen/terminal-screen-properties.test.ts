import { expect } from 'chai'
import fc from 'fast-check'
import { type Entry, MESSAGE_STATES, type MessageState } from '../../../../clients/chat/screen/entry.ts'
import { LineEditor } from '../../../../clients/chat/screen/line-editor.ts'
import { renderDay, renderEntry } from '../../../../clients/chat/screen/render-entry.ts'
import { renderInput } from '../../../../clients/chat/screen/render-input.ts'
import { createCalendar } from '../../../../clients/terminal/calendar.ts'
import { Desk, message, NOON } from '../../../support/desk.ts'
import { assertAsyncProperty } from '../../../support/property.ts'
import { VirtualKeyboard } from '../../../support/virtual-terminal.ts'

const calendar = createCalendar('UTC')
const viewOf = (columns: number) => ({ columns: columns - 1, rows: 22, colour: false, calendar })

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
  fc.constantFrom('\u001b[D', '\u001b[C', '\u001b[H', '\u001b[F', '\u007f', '\u007f'.repeat(30), '\u0015'),
  fc.constantFrom('a word', 'x'.repeat(99), 'many words '.repeat(9)),
  fc.constantFrom('👨‍👩‍👧‍👦', '漢字', 'e\u0301', '🇩🇪'),
)
const sizes = fc.tuple(fc.integer({ min: 24, max: 60 }), fc.integer({ min: 4, max: 14 }))
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
  { weight: 1, arbitrary: fc.constant({ keys: '\u000c' }) },
)

/** Let things happen, and hold what is drawn against what should be after each. */
async function run(steps: readonly Step[], [columns, rows]: [number, number], redraws: boolean): Promise<void> {
  const own = new Desk(columns, rows)
  await own.settle()
  const scrolledOutBefore = own.terminal.scrolledOut.length
  const { screen, terminal } = own
  const entries: Entry[] = []
  // The line is known from the same keys on a keyboard of its own.
  const keyboard = new VirtualKeyboard()
  const editor = new LineEditor(keyboard, (line) => [[], line])
  let prompt = '> '
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
      } else if ('keys' in step) {
        keyboard.write(step.keys)
        await own.type(step.keys)
      } else if ('to' in step) {
        prompt = `${step.to ?? ''}> `
        screen.setStatus({ to: step.to, contacts: [] })
      } else terminal.resize(...step.resize)
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
      // A whole drawing may show again what had scrolled out. Nothing else may.
      const scrolledOut = terminal.scrolledOut.length - scrolledOutBefore
      if (!redraws) expect(scrolledOut + foot).to.equal(expected.length)
      const input = renderInput({ prompt, line: editor.line, cursor: editor.cursor }, width - 1, height - 2)
      const typed = input.rows.map((row) => row.trimEnd())
      // The terminal tells of no empty rows at its end.
      expect(shown.slice(foot + 1)).to.deep.equal(typed.slice(0, typed.findLastIndex((row) => row !== '') + 1))
      expect(terminal.cursor.row).to.equal(foot + 1 + input.cursorRow)
    }
    expect(terminal.lostColumns).to.equal(0)
  } finally {
    own.close()
    editor.close()
  }
}

describe('the screen on a terminal', () => {
  it('shows the last rows of all entries and the line below, whatever happens', async () => {
    const steps = fc.array(step, { maxLength: 40, size: 'max' })
    await assertAsyncProperty(fc.asyncProperty(steps, sizes, (some, size) => run(some, size, false)))
  }).timeout(60_000)

  it('shows them in whatever size the terminal has become', async () => {
    const steps = fc.array(resizing, { maxLength: 40, size: 'max' })
    await assertAsyncProperty(fc.asyncProperty(steps, sizes, (some, size) => run(some, size, true)))
  }).timeout(60_000)
})
