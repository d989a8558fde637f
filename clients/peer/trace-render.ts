/**
 * Draws the trace for people: 100 columns, with colour where the stream has it, as a tree of fields.
 *
 *      ③  RequestChatRequest                                                      alice ──▶ directory
 *         sotto.directory.v1.DirectoryService.RequestChat · TLS 1.3 · 23 bytes
 *         ├─ authorization             fingerprint 20a0ac74  the directory bearer, as metadata   32 B
 *         ├─ username                  bob
 *         └─ nonce                     3484ac13a3772028…  fresh: the reply must carry it back    16 B
 *         Who can read it: alice and the directory, which asks auth to seal a secret for the two.
 *
 * @module
 */
import { styleText } from 'node:util'
import { escapeForTerminal } from '../terminal.ts'
import type { Trace, TraceEvent, TraceField, TraceTone } from './trace.ts'

/** The width of everything drawn, in columns. */
export const TRACE_COLUMNS = 100

/** Where the fields begin, and where their values do. */
const INDENT = '     '
const VALUE_COLUMN = 34

const NUMBERS = { 1: '①', 2: '②', 3: '③', 4: '④', 5: '⑤' } as const

type Format = Parameters<typeof styleText>[0]

/** Colours a text, or leaves it as it is. */
type Paint = (format: Format, text: string) => string

const TONES: Readonly<Record<TraceTone, Format>> = { plain: [], secret: 'yellow', sealed: 'magenta' }

/**
 * Draw one event.
 *
 * @param stream - Where it will be written: asked whether it shows colours, as NO_COLOR and FORCE_COLOR have it. Without
 *   one there are none.
 * @returns Lines of at most {@link TRACE_COLUMNS} columns, each with its line feed, and an empty one behind.
 */
export function renderTrace(event: TraceEvent, stream?: NodeJS.WritableStream): string {
  const paint: Paint = (format, text) => (stream === undefined ? text : styleText(format, text, { stream }))
  const lines = [
    header(event, paint),
    `${INDENT}${paint('gray', shorten(`${event.method} · ${event.protection} · ${amount(event.bytes)}`, 0))}`,
    ...tree(event.fields, '', paint),
    ...wrap(`Who can read it: ${event.readableBy}`).map((line) => `${INDENT}${paint('green', line)}`),
  ]
  return `${lines.join('\n')}\n\n`
}

function header({ step, message, from, to }: TraceEvent, paint: Paint): string {
  const left = ` ${NUMBERS[step]}  ${message}`
  const right = `${from} ──▶ ${to}`
  const gap = ' '.repeat(Math.max(1, TRACE_COLUMNS - left.length - right.length))
  return `${paint(['bold', 'cyan'], left)}${gap}${paint('bold', right)}`
}

function tree(fields: readonly TraceField[], stem: string, paint: Paint): string[] {
  return fields.flatMap((field, n) => {
    const isLast = n === fields.length - 1
    const inside = field.inside === undefined ? [] : tree(field.inside, `${stem}${isLast ? '   ' : '│  '}`, paint)
    return [fieldLine(field, `${stem}${isLast ? '└─ ' : '├─ '}`, paint), ...inside]
  })
}

function fieldLine({ name, value, tone, bytes }: TraceField, branch: string, paint: Paint): string {
  const size = bytes === undefined ? '' : `${bytes.toLocaleString('en')} B`
  const head = `${INDENT}${branch}${name}`.padEnd(VALUE_COLUMN - 1)
  const shown = shorten(escapeForTerminal(value), head.length + 1 - INDENT.length + (size === '' ? 0 : size.length + 2))
  const gap = size === '' ? '' : ' '.repeat(TRACE_COLUMNS - head.length - 1 - shown.length - size.length)
  const painted = `${INDENT}${paint('gray', branch)}${head.slice(INDENT.length + branch.length)}`
  return `${painted} ${paint(TONES[tone], shown)}${gap}${paint('gray', size)}`
}

/** A text cut to what is left of a line behind the indent and `taken` more columns. */
function shorten(text: string, taken: number): string {
  const room = TRACE_COLUMNS - INDENT.length - taken
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`
}

/** A text broken into lines between words. */
function wrap(text: string): string[] {
  const room = TRACE_COLUMNS - INDENT.length
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line.length + 1 + word.length > room) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}

function amount(bytes: number): string {
  return `${bytes.toLocaleString('en')} bytes`
}

/**
 * A trace that is written as it happens.
 *
 * @param options.json - Write each event as a line of JSON, `{"type":"trace", …}`, instead of drawing it.
 */
export function traceTo(stream: NodeJS.WritableStream, { json }: { readonly json: boolean }): NonNullable<Trace> {
  return (event) => {
    stream.write(json ? `${JSON.stringify({ type: 'trace', ...event })}\n` : renderTrace(event, stream))
  }
}
