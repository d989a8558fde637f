/**
 * A question that a person answers with yes or no.
 *
 * @module
 */
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { OutputStream } from './output-stream.ts'

/**
 * Ask a person for a yes.
 *
 * The terminal edits the line and obeys Ctrl-C by itself. An input that ends without an answer says no.
 */
export async function isYes(question: string, input: Readable, output: OutputStream): Promise<boolean> {
  output.write(question)
  const lines = createInterface({ input, terminal: false })
  try {
    for await (const line of lines) return /^\s*y(es)?\s*$/i.test(line)
    return false
  } finally {
    lines.close()
  }
}
