/**
 * A picture of a result: a bar for each row, to its median, with a line over its range.
 *
 * @module
 */
import type { Result, Row } from './bench.ts'
import { formatFigure } from './format.ts'

const [WIDTH, LABEL_WIDTH, FIGURE_WIDTH, ROW_HEIGHT, BAR_HEIGHT, GAP] = [860, 330, 130, 24, 12, 14]
const BAR_WIDTH = WIDTH - LABEL_WIDTH - FIGURE_WIDTH

/** From this on between the least and the most, a small one would not be seen, and the scale counts tens. */
const LOGARITHMIC_FROM = 40

/** A picture as SVG, which reads in the light and in the dark. */
export function chartOf({ name, rows }: Result): string {
  let y = GAP
  const parts: string[] = []
  for (const [unit, group] of Map.groupBy(rows, (row) => row.unit)) {
    const scale = scaleOf(group)
    parts.push(
      text(0, y + 8, `${unit}${scale.isLogarithmic ? ', each step of the scale ten times the last' : ''}`, 'u'),
    )
    y += ROW_HEIGHT
    for (const row of group) {
      parts.push(...barOf(row, y, scale.at))
      y += ROW_HEIGHT
    }
    y += GAP
  }
  const style =
    'text{font:12px sans-serif;fill:#57606a}.u{font-size:11px;font-style:italic}.s{fill:#1f6feb}.r{fill:#8c959f}line{stroke:#d29922;stroke-width:2}'
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="${escaped(name)}">`,
    `<style>${style}</style>`,
    ...parts,
    '</svg>\n',
  ].join('\n')
}

interface Scale {
  readonly isLogarithmic: boolean
  /** The length of a value, in pixels. */
  readonly at: (value: number) => number
}

function scaleOf(rows: readonly Row[]): Scale {
  const values = rows.flatMap(({ range }) => range).filter((value) => value > 0)
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const isLogarithmic = most / least > LOGARITHMIC_FROM
  if (!isLogarithmic) return { isLogarithmic, at: (value) => (BAR_WIDTH * value) / most }
  const [from, to] = [Math.floor(Math.log10(least)), Math.log10(most)]
  const at = (value: number) => (value > 0 ? Math.max(1, (BAR_WIDTH * (Math.log10(value) - from)) / (to - from)) : 0)
  return { isLogarithmic, at }
}

function barOf({ case: name, median, range, unit, ratios }: Row, y: number, at: Scale['at']): string[] {
  const kind = ratios.length > 0 || name.startsWith('Sotto') ? 's' : 'r'
  const [low, high] = [LABEL_WIDTH + at(range[0]), LABEL_WIDTH + at(range[1])].map((x) => x.toFixed(1))
  const middle = y + BAR_HEIGHT / 2
  return [
    text(0, y + 10, name),
    `<rect class="${kind}" x="${LABEL_WIDTH}" y="${y}" width="${at(median).toFixed(1)}" height="${BAR_HEIGHT}"/>`,
    `<line x1="${low}" x2="${high}" y1="${middle}" y2="${middle}"/>`,
    text(LABEL_WIDTH + BAR_WIDTH + 8, y + 10, `${formatFigure(median)} ${unit}`),
  ]
}

function text(x: number, y: number, content: string, kind?: string): string {
  return `<text x="${x}" y="${y}"${kind === undefined ? '' : ` class="${kind}"`}>${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
