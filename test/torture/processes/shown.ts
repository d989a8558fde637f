/**
 * What a program shows on its standard output, read back: which messages, in which order.
 *
 * @module
 */
import { StringDecoder } from 'node:string_decoder'

/** A message on an output. */
export interface ShownMessage {
  readonly from: string
  /** As the speaker counts, from 1. */
  readonly number: number
  /** Of the event, where the program tells it. */
  readonly id: string | undefined
}

/** Cuts what comes into lines; what a killed program had not ended is none. */
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

/** A line of `sotto chat` where there is no terminal: `2026-11-22 14:02 bob: bob 17 …`. */
export function readChatLine(line: string): ShownMessage | undefined {
  const [, from = '', number] = /^\S+ \S+ ([a-z]+): \1 (\d+) /.exec(line) ?? []
  return number === undefined ? undefined : { from, number: Number(number), id: undefined }
}

/** A line of `sotto receive --json`. */
export function readJsonLine(line: string): ShownMessage | undefined {
  const { type, from, id, text } = JSON.parse(line) as Record<string, string>
  if (type !== 'message' || from === undefined || text === undefined) return undefined
  return { from, number: Number(text.split(' ')[1]), id }
}
