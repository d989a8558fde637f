/**
 * Documents whose commands are run as they stand.
 *
 * A fence marked `sh` holds commands. A fence right after it, with any other mark, is what they print; there, `…` alone
 * on a line stands for any number of lines, and `…` within a line for any characters. White space counts only as a
 * separator, so that a document may indent as it likes.
 *
 * @module
 */

/** A step of a document: one fence of commands, and what they print. */
export interface Step {
  /** The heading that it stands under. */
  readonly section: string
  /** The line on which the commands begin, from 1. */
  readonly line: number
  readonly commands: string
  /** The expected output; undefined where the document has none. */
  readonly expected: string | undefined
}

/** The steps of a Markdown document, in order. */
export function stepsOf(markdown: string): Step[] {
  const steps: Step[] = []
  const lines = markdown.split('\n')
  let section = ''
  /** The last step, while only blank lines have followed: the next fence may be its output. */
  let last: Step | undefined
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    const [, mark] = /^```(\w+)$/.exec(line) ?? []
    if (mark === undefined) {
      if (line !== '') last = undefined
      section = /^#+ (.*)/.exec(line)?.[1] ?? section
      continue
    }
    const end = lines.indexOf('```', at + 1)
    if (end === -1) throw new Error(`the fence of line ${at + 1} has no end`)
    const body = lines.slice(at + 1, end).join('\n')
    if (mark === 'sh') {
      last = { section, line: at + 2, commands: body, expected: undefined }
      steps.push(last)
    } else if (last) {
      steps.splice(-1, 1, { ...last, expected: body })
      last = undefined
    }
    at = end
  }
  return steps
}

/** Whether an output matches the expected one of the document. */
export function isAsExpected(printed: string, expected: string): boolean {
  const pattern = linesOf(expected)
    .map((line) => (line === '…' ? '(?:[^\\n]*\\n)*?' : `${line.split('…').map(RegExp.escape).join('[^\\n]*')}\\n`))
    .join('')
  return new RegExp(`^${pattern}$`).test(
    linesOf(printed)
      .map((line) => `${line}\n`)
      .join(''),
  )
}

/** The lines of a text that are not blank, with single spaces. */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .filter((line) => line !== '')
}
