/**
 * The input of a `sotto send`: lines, each a message as it stands, or JSON lines, each with the text of one.
 *
 * @module
 */
import type { Readable } from 'node:stream'
import { SottoError } from '#lib/errors.ts'
import { jsonText, MAX_JSON_LINE_BYTES, parseJsonLine, refOf, textField } from '../terminal/json-lines.ts'
import { LineSplitter } from '../terminal/lines.ts'
import type { Prompt } from '../terminal/prompt.ts'
import { inPieces } from './pieces.ts'
import type { Text } from './send-tracker.ts'

/** The lines that are typed or piped in, in batches. */
export async function* linesOf(input: Readable, prompt: Prompt | undefined): AsyncGenerator<Iterable<Text>> {
  if (prompt !== undefined) {
    for await (const line of prompt.lines()) yield [Buffer.from(line, 'utf8')]
    return
  }
  yield* batchesOf(input, new LineSplitter())
}

/**
 * Read the texts from JSON lines: `{"text":"…"}`, with a `"ref"` of any form that comes back in the report. Empty lines
 * are left out.
 *
 * @throws SottoError `ERR_USAGE` in the turn of a line that is something else, and what {@link LineSplitter} throws.
 */
export async function* jsonLinesOf(input: Readable): AsyncGenerator<Iterable<Text>> {
  let number = 0
  const texts = function* (lines: Iterable<Uint8Array>): Generator<Text> {
    for (const line of lines) {
      number += 1
      const json = jsonText(line)
      if (json.trim() !== '') yield textOf(json, number)
    }
  }
  for await (const lines of batchesOf(input, new LineSplitter(MAX_JSON_LINE_BYTES))) yield texts(lines)
}

async function* batchesOf(input: Readable, splitter: LineSplitter): AsyncGenerator<Iterable<Uint8Array>> {
  for await (const chunk of inPieces(input)) yield splitter.push(chunk)
  const last = splitter.end()
  if (last !== undefined) yield [last]
}

function textOf(json: string, number: number): Text {
  try {
    const object = parseJsonLine(json, ['text', 'ref'])
    return { body: Buffer.from(textField(object, 'text'), 'utf8'), ref: refOf(json, object) }
  } catch (cause) {
    const { message, hint } = cause as SottoError
    throw new SottoError('ERR_USAGE', `line ${number}: ${message}; neither it nor what follows is sent`, {
      cause,
      ...(hint !== undefined && { hint }),
    })
  }
}
