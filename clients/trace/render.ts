/**
 * Draws the trace for people: as wide as the terminal, with colour where the stream has it, as a tree of fields.
 *
 *      ③  RequestChatRequest                                                      alice ──▶ directory
 *         sotto.directory.v1.DirectoryService.RequestChat · TLS 1.3 · 23 bytes
 *         ├─ authorization             fingerprint 20a0ac74  the directory bearer, as metadata   32 B
 *         ├─ username                  bob
 *         └─ nonce                     3484ac13a3772028…  fresh: the grant must carry it back    16 B
 *         Who can read it: alice and the directory, which asks auth to seal a secret for the two.
 *
 * @module
 */
import { styleText } from 'node:util'
import { escapeForTerminal } from '../terminal/escape.ts'
import { shownJson } from '../terminal/json-lines.ts'
import { traceJson } from './json.ts'
import type { Trace, TraceEvent, TraceField, TraceTone, TraceValue } from './trace.ts'

/** The width of everything drawn, in columns, where there is room for it or no terminal that could have less. */
export const TRACE_COLUMNS = 100

/** The least columns that are drawn for; a narrower terminal cuts the lines. */
const MIN_COLUMNS = 60

/** The indents at which fields and their values begin. */
const INDENT = '     '
const VALUE_COLUMN = 34

/** The most rows that a value takes. */
const MAX_VALUE_ROWS = 4

const NUMBERS = { 1: '①', 2: '②', 3: '③', 4: '④', 5: '⑤' } as const

type Format = Parameters<typeof styleText>[0]

/** Colours a text, or leaves it as it is. */
type Paint = (format: Format, text: string) => string

const TONES: Readonly<Record<TraceTone, Format>> = { plain: [], secret: 'yellow', sealed: 'magenta' }

/** The context that drawing depends on. */
interface Canvas {
  readonly columns: number
  readonly paint: Paint
}

export interface RenderTraceOptions {
  /**
   * The stream that it is written to, which is asked whether it shows colours, as NO_COLOR and FORCE_COLOR have it.
   * Without one there are none.
   */
  readonly stream?: NodeJS.WritableStream
  /** How many columns there are; no more than {@link TRACE_COLUMNS} are used, and no fewer than {@link MIN_COLUMNS}. */
  readonly columns?: number
}

/**
 * Draw one event.
 *
 * @returns Lines, each with its line feed, and an empty one behind.
 */
export function renderTrace(event: TraceEvent, { stream, columns = TRACE_COLUMNS }: RenderTraceOptions = {}): string {
  const paint: Paint = (format, text) => (stream === undefined ? text : styleText(format, text, { stream }))
  const canvas = { columns: Math.max(MIN_COLUMNS, Math.min(columns, TRACE_COLUMNS)), paint }
  const room = canvas.columns - INDENT.length
  const lines = [
    ...header(event, canvas),
    ...wrap(`${event.method} · ${event.protection} · ${amount(event.bytes)}`, room).map(
      (line) => `${INDENT}${paint('gray', line)}`,
    ),
    ...tree(event.fields, '', canvas),
    ...wrap(`Who can read it: ${event.readableBy}`, room).map((line) => `${INDENT}${paint('green', line)}`),
  ]
  return `${lines.join('\n')}\n\n`
}

/**
 * The name of the message, and at the right who sends it to whom: below it, if two names are too long to stand beside
 * it.
 */
function header({ step, message, from, to }: TraceEvent, { columns, paint }: Canvas): string[] {
  const left = ` ${NUMBERS[step]}  ${message}`
  const right = shorten(`${from} ──▶ ${to}`, columns - INDENT.length)
  const gap = columns - left.length - right.length
  const [title, parties] = [paint(['bold', 'cyan'], left), paint('bold', right)]
  return gap >= 1
    ? [`${title}${' '.repeat(gap)}${parties}`]
    : [title, `${' '.repeat(columns - right.length)}${parties}`]
}

function tree(fields: readonly TraceField[], stem: string, canvas: Canvas): string[] {
  return fields.flatMap((field, n) => {
    const isLast = n === fields.length - 1
    const below = `${stem}${isLast ? '   ' : '│  '}`
    const inside = field.inside === undefined ? [] : tree(field.inside, below, canvas)
    const branches = { first: `${stem}${isLast ? '└─ ' : '├─ '}`, rest: inside.length > 0 ? `${below}│` : below }
    return [...fieldLines(field, branches, canvas), ...inside]
  })
}

/** The first line has the name before the value, and the size at the right. */
function fieldLines(
  field: TraceField,
  branches: { readonly first: string; readonly rest: string },
  { columns, paint }: Canvas,
): string[] {
  const { name, tone, bytes } = field
  const size = bytes === undefined ? '' : `${bytes.toLocaleString('en')} B`
  const head = `${branches.first}${name}`.padEnd(VALUE_COLUMN - 1 - INDENT.length)
  const room = columns - INDENT.length - head.length - 1 - (size === '' ? 0 : size.length + 2)
  const [first = '', ...rest] = wrap(escapeForTerminal(drawn(field)), room, MAX_VALUE_ROWS)
  const gap = size === '' ? '' : ' '.repeat(columns - INDENT.length - head.length - 1 - first.length - size.length)
  const named = `${paint('gray', branches.first)}${head.slice(branches.first.length)}`
  return [
    `${INDENT}${named} ${paint(TONES[tone], first)}${gap}${paint('gray', size)}`,
    ...rest.map((line) => `${INDENT}${paint('gray', branches.rest.padEnd(head.length))} ${paint(TONES[tone], line)}`),
  ]
}

/** The drawing of a field: as much of its value as tells it from another, and the note about it. */
function drawn({ value, fingerprint, note, tone }: TraceField): string {
  const parts = [
    fingerprint && `fingerprint ${fingerprint}`,
    // Nobody compares ciphertexts by eye.
    value !== undefined && tone !== 'sealed' ? drawnValue(value) : undefined,
    note,
  ]
  return parts.filter((part) => part !== undefined).join('  ')
}

/** How much of bytes is drawn: enough to see at a glance that two are the same. */
const DRAWN_BYTES = 8

function drawnValue(value: TraceValue): string {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no time' : value.toISOString()
  if (!(value instanceof Uint8Array)) return String(value)
  const digits = Buffer.from(value.subarray(0, DRAWN_BYTES)).toString('hex')
  return value.length <= DRAWN_BYTES ? digits : `${digits}…`
}

function shorten(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`
}

/** A text broken into lines between words. A word that is longer than a line is cut, and so is what no line is left for. */
function wrap(text: string, room: number, maxLines = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    const isFirst = lines.length === 1 && line === ''
    if (isFirst) lines[0] = word
    else if (line.length + 1 + word.length <= room) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  const kept = lines.slice(0, maxLines)
  if (kept.length < lines.length) kept[maxLines - 1] += '…'.padStart(room)
  return kept.map((line) => shorten(line.trimEnd(), room))
}

function amount(bytes: number): string {
  return `${bytes.toLocaleString('en')} bytes`
}

/**
 * A trace that is written as it happens: as wide as the terminal, or {@link TRACE_COLUMNS} wide where there is none.
 *
 * @param options.json - Write each event as a line of JSON, `{"type":"trace", …}` (json.ts), instead of drawing it.
 */
export function traceTo(
  stream: NodeJS.WritableStream & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined },
  { json }: { readonly json: boolean },
): NonNullable<Trace> {
  return (event) => {
    const columns = (stream.isTTY && stream.columns) || TRACE_COLUMNS
    stream.write(json ? `${shownJson(traceJson(event))}\n` : renderTrace(event, { stream, columns }))
  }
}
