/**
 * Readers of the standard output of a program: which messages it shows, in which order.
 *
 * @module
 */
import { StringDecoder } from 'node:string_decoder'

/** A message as a program shows it. */
export interface ShownMessage {
  readonly from: string
  /** The sender's number of the message, from 1. */
  readonly number: number
  /** The id of the event, where the program shows it. */
  readonly id: string | undefined
}

/** Cuts an output into lines; a line that a killed program has not ended is dropped. */
export class LineReader {
  readonly #onLine: (line: string) => void
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  take(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#onLine(line)
  }
}

/** Read a line of `sotto chat` without a terminal: `2026-11-22 14:02 bob: bob 17 …`. */
export function readChatLine(line: string): ShownMessage | undefined {
  const [, from = '', number] = /^\S+ \S+ ([a-z]+): \1 (\d+) /.exec(line) ?? []
  return number === undefined ? undefined : { from, number: Number(number), id: undefined }
}

/** Read a line of `sotto receive --json`. */
export function readJsonLine(line: string): ShownMessage | undefined {
  const { type, from, id, text } = JSON.parse(line) as Record<string, string>
  if (type !== 'message' || from === undefined || text === undefined) return undefined
  return { from, number: Number(text.split(' ')[1]), id }
}
