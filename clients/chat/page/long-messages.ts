/**
 * Messages of which the screen shows the first rows alone, and what of them is read on: part by part, so that none of a
 * million lines floods the terminal.
 *
 * @module
 */
import type { Entry } from '../screen/entry.ts'

/** How many are kept to be read on: the last ones. */
const MAX_KEPT = 100

/** A shorter text, in UTF-16 units, with fewer lines, has room on the narrowest screen. */
const MAX_SHORT_UNITS = 200
const MAX_SHORT_LINES = 12

/** A part, in UTF-16 units and lines: some screens of it. */
const PART_UNITS = 6_000
const PART_LINES = 90

/** A message as the screen shows it. */
export type LongMessage = Pick<Entry, 'who' | 'own' | 'time' | 'arrivedAt' | 'text'>

export interface Part {
  readonly number: number
  readonly message: LongMessage
  readonly text: string
  /** How much of the message comes behind it, in UTF-16 units. */
  readonly left: number
}

export class LongMessages {
  readonly #kept = new Map<number, LongMessage>()
  #last = 0
  /** The message that is being read, and up to where it was shown. */
  #reading: { readonly number: number; readonly offset: number } | undefined

  /** The number to call a message by; undefined for one that is always shown whole. */
  keep(message: LongMessage): number | undefined {
    const { text } = message
    if (text.length <= MAX_SHORT_UNITS && text.split(/[\r\n]/, MAX_SHORT_LINES + 1).length <= MAX_SHORT_LINES)
      return undefined
    this.#last += 1
    const { who, own, time, arrivedAt } = message
    this.#kept.set(this.#last, { who, own, time, arrivedAt, text })
    this.#kept.delete(this.#last - MAX_KEPT)
    return this.#last
  }

  /**
   * The first part of a message.
   *
   * @param number - Which; unless set, the next part of the one that is being read, or else the first of the last one.
   */
  read(number?: number): Part | undefined {
    const { number: which, offset } =
      number === undefined ? (this.#reading ?? this.#start(this.#last)) : this.#start(number)
    const message = this.#kept.get(which)
    if (message === undefined) return undefined
    const end = endOfPart(message.text, offset)
    const left = message.text.length - end
    this.#reading = left > 0 ? { number: which, offset: end } : undefined
    return { number: which, message, text: message.text.slice(offset, end), left }
  }

  #start(number: number): { number: number; offset: number } {
    return { number, offset: 0 }
  }
}

/** Where a part ends: behind a line or a word, if one ends in its second half, and never within a character. */
function endOfPart(text: string, offset: number): number {
  let end = Math.min(offset + PART_UNITS, text.length)
  let lines = 0
  for (let at = text.indexOf('\n', offset); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) {
    lines += 1
    if (lines === PART_LINES) return at + 1
  }
  if (end === text.length) return end
  const half = offset + PART_UNITS / 2
  const lastBreak = Math.max(text.lastIndexOf('\n', end - 1), text.lastIndexOf(' ', end - 1))
  if (lastBreak >= half) return lastBreak + 1
  const isInCharacter = (text.codePointAt(end - 1) ?? 0) > 0xff_ff
  if (isInCharacter) end -= 1
  return end
}
