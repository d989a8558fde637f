import { stripVTControlCharacters } from 'node:util'
import { expect } from 'chai'
import fc from 'fast-check'
import { qrCodeRows } from '#lib/trust/qr-code.ts'
import { type Entry, MESSAGE_STATES } from '../../../../clients/chat/screen/entry.ts'
import {
  MAX_ENTRY_ROWS,
  MAX_MESSAGE_ROWS,
  renderDay,
  renderEntry,
  type View,
} from '../../../../clients/chat/screen/render-entry.ts'
import { createCalendar } from '../../../../clients/terminal/calendar.ts'
import { columnsOf } from '../../../../clients/terminal/cluster.ts'
import { hostileText } from '../../../support/hostile-text.ts'
import { assertProperty } from '../../../support/property.ts'

const view = (columns = 79, rows = 22): View => ({ columns, rows, colour: false, calendar: createCalendar('UTC') })

const entry = (fields: Partial<Entry>): Entry => ({
  id: '1',
  kind: 'message',
  who: 'bob',
  own: false,
  time: new Date(Date.UTC(2026, 10, 22, 14, 2)),
  text: 'hello',
  ...fields,
})

describe('renderEntry', () => {
  it('shows time, name and text of a message', () => {
    expect(renderEntry(entry({}), view())).to.deep.equal(['14:02     bob: hello'])
  })

  it('shows how far a message of one’s own has come, each state in its own way', () => {
    const rows = MESSAGE_STATES.map((state) => renderEntry(entry({ own: true, who: 'alice', state }), view())[0])
    expect(rows).to.deep.equal([
      '14:02 ... alice: hello',
      '14:02 ✓   alice: hello',
      '14:02 @   alice: hello',
      '14:02 ✓✓  alice: hello',
      '14:02 ✓✓✓ alice: hello',
    ])
  })

  it('shows no state of what others wrote', () => {
    expect(renderEntry(entry({ state: 'read' }), view())).to.deep.equal(renderEntry(entry({}), view()))
  })

  it('shows a file and a notice as what they are', () => {
    expect(renderEntry(entry({ kind: 'file', text: 'report.pdf' }), view())).to.deep.equal([
      '14:02     bob, file: report.pdf',
    ])
    expect(renderEntry(entry({ kind: 'notice', text: 'bob is back' }), view())).to.deep.equal(['14:02  *  bob is back'])
  })

  it('shows when a message arrived, where it was written at another time, and a divider from edge to edge', () => {
    const arrived = (...time: [number, number, number]) => renderEntry(entry({ arrivedAt: at(...time) }), view())
    const at = (day: number, hour: number, minute: number) => new Date(Date.UTC(2026, 10, day, hour, minute))
    const letter = renderEntry(entry({ arrivedAt: at(22, 14, 4), isLetter: true }), view())
    expect(letter).to.deep.equal(['14:02     bob (by letter) (arrived 14:04): hello'])
    expect(arrived(22, 14, 3)).to.deep.equal(['14:02     bob: hello'])
    expect(arrived(22, 14, 4)).to.deep.equal(['14:02     bob (arrived 14:04): hello'])
    expect(arrived(23, 9, 1)).to.deep.equal(['14:02     bob (arrived 2026-11-23 09:01): hello'])
    const file = renderEntry(entry({ kind: 'file', arrivedAt: at(23, 9, 1) }), view(30))
    expect(file).to.deep.equal(['14:02     bob (arrive…, file: ', '| hello'])
    expect(renderEntry(entry({ kind: 'divider', text: 'while\nyou' }), view())).to.deep.equal(['--- while\\nyou ---'])
  })

  it('shows a QR code from the left edge on, or asks for a larger window', () => {
    const text = `SOTTO1:${'0123456789ABCDEF'.repeat(16)}`
    for (const colour of [true, false]) {
      const rows = renderEntry(entry({ kind: 'qr', text }), { ...view(57, 29), colour })
      expect(rows).to.deep.equal(qrCodeRows(text, { inColour: colour }))
    }
    const missing = (small: View) => renderEntry(entry({ kind: 'qr', text }), small).join('')
    expect(missing(view(56, 29))).to.include('larger by 1 column to see')
    expect(missing(view(57, 22))).to.include('larger by 7 rows to see')
    expect(missing(view(55, 28))).to.match(/larger by 2 columns and 1 row\b/)
  })

  it('keeps the rows of a drawing, cut where they are too wide', () => {
    const text = ' ⑤  Hello    alice ──▶ bob\n     ├─ nonce 0123456789abcdef0123456789abcdef\u001b[2J'
    expect(renderEntry(entry({ kind: 'trace', text }), view(30))).to.deep.equal([
      ' ⑤  Hello    alice ──▶ bob',
      '     ├─ nonce 0123456789abcde…',
    ])
  })

  it('has a drawing made for its columns', () => {
    const draw = (columns: number) => `${'─'.repeat(columns)}\n`
    expect(renderEntry(entry({ kind: 'trace', draw }), view(30))).to.deep.equal(['─'.repeat(30)])
  })

  it('goes on behind a gutter where a text does not fit', () => {
    expect(renderEntry(entry({ text: 'one two three four five six seven' }), view(44))).to.deep.equal([
      '14:02     bob: one two three four five six',
      '          | seven',
    ])
  })

  it('goes on behind a gutter where a text has lines', () => {
    expect(renderEntry(entry({ text: 'one\r\ntwo\n\n\tfour' }), view())).to.deep.equal([
      '14:02     bob: one',
      '          | two',
      '          | ',
      '          |     four',
    ])
  })

  it('begins below a name that leaves no room', () => {
    const who = 'a'.repeat(32)
    expect(renderEntry(entry({ who }), view(50))).to.deep.equal([`14:02     ${who}: `, '          | hello'])
  })

  it('spares the indent on a narrow terminal', () => {
    expect(renderEntry(entry({ text: 'one two three four' }), view(30))).to.deep.equal([
      '14:02     bob: one two three',
      '| four',
    ])
  })

  it('isolates right-to-left text from time and name, row by row', () => {
    const rows = renderEntry(entry({ text: 'שלום '.repeat(10).trim() }), view(44))
    expect(rows[0]).to.match(/^14:02 {5}bob: \u2067[^\u2066-\u2069]+\u2069$/)
    expect(rows[1]).to.match(/^ {10}\| \u2067[^\u2066-\u2069]+\u2069$/)
  })

  it('shows a time that is none as unknown', () => {
    expect(renderEntry(entry({ time: new Date(Number.NaN) }), view())[0]).to.equal('--:--     bob: hello')
  })

  it('says in colour what it says without', () => {
    for (const kind of ['message', 'file', 'notice'] as const) {
      const shown = entry({ kind, own: true, state: 'read', text: 'one\ntwo' })
      const coloured = renderEntry(shown, { ...view(), colour: true })
      expect(coloured.join('\n')).to.include('\u001b[')
      expect(coloured.map(stripVTControlCharacters)).to.deep.equal(renderEntry(shown, view()))
    }
  })

  const cuts: readonly [what: string, text: string][] = [
    ['1 MiB in one line', 'a'.repeat(2 ** 20)],
    ['1 MiB of line ends', '\n'.repeat(2 ** 20)],
    ['1 MiB of accents', `e${'\u0301'.repeat(2 ** 20)}`],
    ['1 MiB of joiners', '\u200d'.repeat(2 ** 20)],
    ['1 MiB of spaces without width', '\u200b'.repeat(2 ** 20)],
    ['1 MiB of overrides', '\u202e'.repeat(2 ** 20)],
    ['1 MiB of isolates', '\u2067'.repeat(2 ** 20)],
    ['1 MiB of families', '👨‍👩‍👧‍👦'.repeat(2 ** 16)],
  ]
  for (const [what, text] of cuts) {
    it(`cuts ${what}, and says so`, () => {
      const rows = renderEntry(entry({ text }), view())
      expect(rows).to.have.length.at.most(MAX_MESSAGE_ROWS + 1)
      const size = `${text.length.toLocaleString('en')} characters`
      expect(rows.at(-1)).to.equal(`          | … cut: ${size}; the history shows it all`)
      expect(rows.join('')).to.have.length.below(100_000)
    })
  }

  it('says how to read on, and shows all where it is to be whole', () => {
    const text = Array.from({ length: 300 }, (_, index) => `line ${index}`).join('\n')
    expect(renderEntry(entry({ text, number: 3 }), view()).at(-1)).to.match(/characters; \/show 3 shows it all$/)
    expect(renderEntry(entry({ text, isWhole: true }), view())).to.have.length(300)
  })

  for (const [kind, most] of [
    ['message', MAX_MESSAGE_ROWS],
    ['notice', MAX_ENTRY_ROWS],
  ] as const) {
    it(`keeps ${most} lines of a ${kind} whole, and cuts one more`, () => {
      const lines = (count: number): string => Array.from({ length: count }, (_, index) => `line ${index}`).join('\n')
      const rows = (count: number): string[] => renderEntry(entry({ kind, text: lines(count) }), view())
      expect(rows(most).at(-1)).to.match(new RegExp(`line ${most - 1}$`))
      expect(rows(most + 1).at(-1)).to.match(/ cut: /)
    })
  }

  it('lets nothing through that controls a terminal, whatever name and text', () => {
    const kinds = fc.constantFrom('message', 'file', 'notice' as const)
    assertProperty(
      fc.property(hostileText, hostileText, kinds, fc.boolean(), (who, text, kind, own) => {
        for (const row of renderEntry(entry({ who, text, kind, own }), view())) {
          expect(row).not.to.match(/[\p{Cc}\u2028-\u202e\ufff9-\ufffb]|\p{Surrogate}/u)
        }
      }),
      0.5,
    )
  })

  it('never lets a text begin at the left edge, and closes what it isolates in every row', () => {
    assertProperty(
      fc.property(hostileText, fc.integer({ min: 40, max: 120 }), (text, columns) => {
        const [first, ...others] = renderEntry(entry({ text }), view(columns))
        expect(first).to.match(/^14:02 {5}bob: /)
        for (const row of others) expect(row).to.match(/^ {10}\| /)
        for (const row of [first, ...others]) {
          expect(row?.match(/[\u2066-\u2069]/g)?.join('') ?? '').to.match(/^([\u2066\u2067]\u2069)?$/)
        }
      }),
      0.5,
    )
  })

  it('fills no row beyond the view', () => {
    assertProperty(
      fc.property(hostileText, fc.integer({ min: 24, max: 120 }), (text, columns) => {
        for (const row of renderEntry(entry({ text }), view(columns))) expect(columnsOf(row)).to.be.at.most(columns)
      }),
      0.5,
    )
  })
})

describe('renderDay', () => {
  it('names the day in full, in the zone of the reader', () => {
    expect(renderDay(new Date(Date.UTC(2026, 10, 22, 23, 30)), view())).to.match(/^--- Sunday,? 22 November 2026 ---$/)
    const tokyo = { ...view(), calendar: createCalendar('Asia/Tokyo') }
    expect(renderDay(new Date(Date.UTC(2026, 10, 22, 23, 30)), tokyo)).to.match(/^--- Monday,? 23 November 2026 ---$/)
  })
})
