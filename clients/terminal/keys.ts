/**
 * The meanings of keys, wherever keys are read.
 *
 * @module
 */
import type { Key } from 'node:readline'

const ETX = '\u0003'

/**
 * Whether a key is Ctrl-C. After a key that begins like an escape sequence, such as Alt-[, it is taken for the sequence's
 * end, and has no name.
 */
export function isInterrupt({ ctrl = false, name, sequence = '' }: Key): boolean {
  return (ctrl && name === 'c') || sequence.endsWith(ETX)
}
