/**
 * Results as text: a table for the terminal, and one for a document.
 *
 * @module
 */
import type { Bar, Result, Row, Unit } from './bench.ts'

/** What is counted, and is no more exact than it is. */
const COUNTED: readonly Unit[] = ['people', 'handshakes', 'conversations']

/** A figure with three digits that count. */
export function formatFigure(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en')
  if (size >= 10) return value.toFixed(1)
  if (size >= 0.1 || size === 0) return value.toFixed(2)
  return value.toPrecision(2)
}

function formatBar({ atLeast, atMost }: Bar): string {
  return [...(atLeast === undefined ? [] : [`≥ ${atLeast}`]), ...(atMost === undefined ? [] : [`≤ ${atMost}`])].join(
    ', ',
  )
}

function withBar(text: string, bar: Bar): string {
  const shown = formatBar(bar)
  return shown === '' ? text : `${text} (bar ${shown})`
}

/** The cells of a row: what, median, range, ratios. */
function cellsOf({ case: name, unit, median, range, bar = {}, ratios, samples }: Row): string[] {
  const shown = (value: number) =>
    COUNTED.includes(unit) ? Math.round(value).toLocaleString('en') : formatFigure(value)
  const figure = withBar(`${shown(median)} ${unit}`, bar)
  const spread = samples.length > 1 ? `${shown(range[0])} to ${shown(range[1])}` : ''
  const compared = ratios.map(({ to, ratio, ...rest }) => withBar(`${formatFigure(ratio)} × ${to}`, rest))
  return [name, figure, spread, compared.join('; ')]
}

/** A result for the terminal. */
export function terminalTable(result: Result): string {
  const { name, work, rows, leftOut, failure } = result
  const cells = rows.map(cellsOf)
  const widths = [0, 1, 2].map((column) => Math.max(0, ...cells.map((row) => row[column]?.length ?? 0)))
  const lines = cells.map(([what = '', figure = '', spread = '', ratios = '']) => {
    const [first = 0, second = 0, third = 0] = widths
    return `  ${what.padEnd(first)}  ${figure.padStart(second)}  ${spread.padStart(third)}  ${ratios}`.trimEnd()
  })
  const notes = leftOut.map((sentence) => `  left out: ${sentence}`)
  const broken = failure === undefined ? [] : [`  failed: ${failure.replaceAll('\n', '\n  ')}`]
  return [`${name}: ${work}`, ...lines, ...notes, ...broken, ''].join('\n')
}

/** A result for a document, with the picture that lies at a path relative to it. */
export function markdownTable(result: Result, machine: string, picture: string): string {
  const { name, work, rows, leftOut, rounds, load, at } = result
  const lines = rows.map((row) => `| ${cellsOf(row).join(' | ')} |`)
  const [before, after] = load.map((each) => each.toFixed(1))
  const notes = leftOut.map((sentence) => `Left out: ${sentence}.`)
  return [
    `${work}.`,
    '',
    '| | median | range | ratio |',
    '| --- | ---: | ---: | --- |',
    ...lines,
    '',
    `![${name}](${picture})`,
    '',
    [`${at.slice(0, 10)}, ${machine}; rounds: ${rounds}; load: ${before} before, ${after} after.`, ...notes].join(' '),
  ].join('\n')
}
