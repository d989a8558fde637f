/**
 * A question that a person answers with yes or no.
 *
 * @module
 */
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { OutputStream } from './output-stream.ts'

/** Ask a person for a yes. An input that ends without an answer says no. */
export async function isYes(question: string, input: Readable, output: OutputStream): Promise<boolean> {
  return (await askChoice(question, { yes: /^y(es)?$/i }, input, output)) === 'yes'
}

/**
 * Ask a person for one of several answers.
 *
 * The terminal edits the line and obeys Ctrl-C by itself.
 *
 * @param answers - What a line says that gives each.
 * @returns undefined for any other line, and where the input ends without one; then the question's line is ended here.
 */
export async function askChoice<Answer extends string>(
  question: string,
  answers: Readonly<Record<Answer, RegExp>>,
  input: Readable,
  output: OutputStream,
): Promise<Answer | undefined> {
  output.write(question)
  const lines = createInterface({ input, terminal: false })
  try {
    for await (const line of lines) {
      return (Object.keys(answers) as Answer[]).find((answer) => answers[answer].test(line.trim()))
    }
    output.write('\n')
    return undefined
  } finally {
    lines.close()
  }
}
