/**
 * The help in a narrow terminal: commander's own part fits already, and the examples and explanations below it are
 * broken between words here.
 *
 * @module
 */

/** The command of an example, with the gap before what it does; or the indentation alone. */
const INDENTATION = /^ +(?:\S+(?: \S+)* {2,})?/

/**
 * Break the lines that are longer than a terminal is wide.
 *
 * @param columns - How wide it is.
 */
export function wrapHelp(text: string, columns: number): string {
  const rows: string[] = []
  /** The rest of a paragraph's line that did not fit, to go before its next line. */
  let left = ''
  const lines = text.split('\n')
  for (const [index, line] of lines.entries()) {
    const isParagraph = /^\S/.test(line)
    const broken = wrapLine(left === '' ? line : `${left} ${line}`, columns)
    const goesOn = isParagraph && broken.length > 1 && /^\S/.test(lines[index + 1] ?? '')
    left = goesOn ? (broken.pop() ?? '') : ''
    rows.push(...broken)
  }
  return rows.join('\n')
}

function wrapLine(line: string, columns: number): string[] {
  const rows: string[] = []
  const indentation = INDENTATION.exec(line)?.[0].length ?? 0
  const isRoomBeside = indentation <= columns / 2
  const hanging = ' '.repeat(isRoomBeside ? indentation : 6)
  let start = isRoomBeside ? indentation : line.search(/\S|$/)
  let rest = line
  while (rest.length > columns) {
    const end = rest.lastIndexOf(' ', columns)
    if (end <= start) break
    rows.push(rest.slice(0, end).trimEnd())
    rest = hanging + rest.slice(end).trimStart()
    start = hanging.length
  }
  return [...rows, rest]
}
