/**
 * One entry as rows of a terminal: a pure function of the entry and the view.
 *
 *     14:02     bob: what somebody else wrote, and where it
 *               | does not fit, goes on behind a gutter
 *     14:03 ✓✓  alice: what one wrote oneself
 *     14:03     bob, file: report.pdf
 *     14:04  *  what the program has to say
 *     --- while you were away ---
 *     11:30     bob (by letter) (arrived 14:05): what was written at another time than it arrived at, and came by letter
 *
 * Time, ticks and name begin at the left edge, which nothing that a peer sends can reach: every further row of a text
 * stands behind the gutter, and a control character in it shows as an escape.
 *
 * @module
 */
import { stripVTControlCharacters } from 'node:util'
import { qrCodeRows } from '#lib/trust/qr-code.ts'
import { arrivalNote, type Calendar } from '../../terminal/calendar.ts'
import { columnsOf, truncated } from '../../terminal/cluster.ts'
import { escapeForTerminal } from '../../terminal/escape.ts'
import { isolated, withoutIsolates } from './direction.ts'
import type { Entry, MessageState } from './entry.ts'
import { paintIn } from './theme.ts'
import { type Wrapping, wrapped } from './wrap.ts'

/** The context that rendering depends on besides what is rendered. */
export interface View {
  /** Columns that rows may use: one fewer than the terminal has, so that no row ever touches its edge. */
  readonly columns: number
  /** Rows that an entry may have for all of them to be in sight at once. */
  readonly rows: number
  readonly colour: boolean
  readonly calendar: Calendar
}

/** Rows that one entry may take, unless it is to be shown whole. A longer text is cut, with a word about it. */
export const MAX_ENTRY_ROWS = 100

/** Rows that one of somebody's may take: a few of them have room on any screen. `/show` shows all of it. */
export const MAX_MESSAGE_ROWS = 12

/** UTF-16 units of a text that are looked at: more would not fit into {@link MAX_ENTRY_ROWS} of 160 columns. */
export const MAX_SHOWN_UNITS = 16_384

/** Columns of a name; contracts allow 32. */
const MAX_NAME_COLUMNS = 32

/** Columns before a name: the time, a space, three for the ticks, a space. */
const HEAD_COLUMNS = 10

/** Fewer columns than this for a text beside its name, and it begins on the next row. */
const MIN_TEXT_COLUMNS = 12

/** Below this width rows cannot spare {@link HEAD_COLUMNS} for an indent. */
const NARROW_COLUMNS = 40

const GUTTER = '| '

/** Three columns each; none of ambiguous width (UAX #11), so that names stay in line. */
const TICKS: Readonly<Record<MessageState, string>> = {
  waiting: '...',
  sent: '✓  ',
  posted: '@  ',
  delivered: '✓✓ ',
  read: '✓✓✓',
}

/** The meaning of the ticks, for a help. */
export const TICKS_MEAN = '... waits here, ✓ sent, @ posted, ✓✓ delivered, ✓✓✓ read'

/** The rows of an entry: at least one, at most {@link MAX_ENTRY_ROWS} and one more. */
export function renderEntry(entry: Entry, view: View): string[] {
  if (entry.kind === 'qr') return renderQrCode(entry, view)
  if (entry.kind === 'divider') return [renderDivider(entry.text, view)]
  return entry.kind === 'trace' ? renderDrawing(entry, view) : renderText(entry, view)
}

/** A drawing keeps its rows, and loses what is too wide. */
function renderDrawing({ text, draw = () => text }: Entry, { columns, colour }: View): string[] {
  const paint = paintIn(colour)
  const rows = draw(columns).trimEnd().split('\n')
  return rows.map((row) => paint('faint', truncated(escapeForTerminal(row), columns)))
}

function renderText(entry: Entry, view: View): string[] {
  const paint = paintIn(view.colour)
  const head = headOf(entry, view)
  const indent = view.columns < NARROW_COLUMNS ? '' : ' '.repeat(HEAD_COLUMNS)
  const rest = Math.max(view.columns - indent.length - GUTTER.length, 2)
  const beside = view.columns - head.columns
  const first = beside < MIN_TEXT_COLUMNS ? 0 : beside
  const mostRows = entry.kind === 'notice' ? MAX_ENTRY_ROWS : MAX_MESSAGE_ROWS
  const maxRows = entry.isWhole === true ? Number.POSITIVE_INFINITY : mostRows
  const { rows, isCut } = textRows(entry, { first, rest, maxRows })
  const [beginning = '', ...others] = rows
  return [
    head.text + beginning,
    ...others.map((row) => indent + paint('faint', GUTTER) + row),
    ...(isCut ? [indent + paint('faint', GUTTER + truncated(cutNotice(entry), rest))] : []),
  ]
}

function cutNotice({ kind, text, units = text.length, number }: Entry): string {
  const where = number === undefined ? 'the history' : `/show ${number}`
  const shownBy = kind === 'notice' ? '' : `; ${where} shows it all`
  return `… cut: ${units.toLocaleString('en')} characters${shownBy}`
}

/** The prefix before the text, and its columns. */
function headOf(entry: Entry, { columns, colour, calendar }: View): { text: string; columns: number } {
  const { kind, who, own, time, arrivedAt = time, state, isLetter = false } = entry
  const paint = paintIn(colour)
  const clock = `${paint('faint', calendar.timeOf(time))} `
  if (kind === 'notice') return { text: `${clock}${paint('notice', ' * ')} `, columns: HEAD_COLUMNS }
  const ticks = own && state !== undefined ? TICKS[state] : '   '
  const name = truncated(escapeForTerminal(who), MAX_NAME_COLUMNS)
  const colon = kind === 'file' ? ', file: ' : ': '
  const nameColumns = HEAD_COLUMNS + columnsOf(name) + colon.length
  const note = `${isLetter ? ' (by letter)' : ''}${arrivalNote(calendar, time, arrivedAt)}`
  const arrival = truncated(note, Math.max(columns - nameColumns, 0))
  return {
    text: `${clock}${paint('own', ticks)} ${paint(own ? 'own' : 'other', name)}${paint('faint', arrival)}${colon}`,
    columns: nameColumns + columnsOf(arrival),
  }
}

/** A text in rows, each harmless by itself. */
function textRows(
  { text, units = text.length }: Entry,
  { first, rest, maxRows }: Wrapping,
): { rows: string[]; isCut: boolean } {
  const shown = text.slice(0, MAX_SHOWN_UNITS)
  const rows: string[] = []
  for (const line of shown.split(/\r\n|[\n\r]/)) {
    const harmless = escapeForTerminal(withoutIsolates(line).replaceAll('\t', '    '))
    // One row more than there is room for tells that something is missing.
    const left = maxRows + 1 - rows.length
    if (left <= 0) break
    rows.push(...isolated(wrapped(harmless, { first: rows.length === 0 ? first : rest, rest, maxRows: left })))
  }
  const isCut = shown.length < units || rows.length > maxRows
  return { rows: rows.slice(0, maxRows), isCut }
}

/** A QR code from the left edge on, whole or not at all: a part of one cannot be scanned. */
function renderQrCode(entry: Entry, view: View): string[] {
  const rows = qrCodeRows(entry.text, { inColour: view.colour })
  const columns = columnsOf(stripVTControlCharacters(rows[0] ?? ''))
  const missing = [
    ...(columns > view.columns ? [counted(columns - view.columns, 'column')] : []),
    ...(rows.length > view.rows ? [counted(rows.length - view.rows, 'row')] : []),
  ]
  if (missing.length === 0) return rows
  const text = `make the window larger by ${missing.join(' and ')} to see a QR code here`
  return renderText({ ...entry, kind: 'notice', text }, view)
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** The row between entries of two days. */
export function renderDay(time: Date, view: View): string {
  return renderDivider(view.calendar.dayOf(time), view)
}

function renderDivider(text: string, { columns, colour }: View): string {
  return paintIn(colour)('faint', truncated(`--- ${escapeForTerminal(text)} ---`, columns))
}
