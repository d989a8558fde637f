/**
 * Characters of a pasted text that an editor of one line would take for something else: line ends, tabs and other control
 * characters; and the character that a paste begins with, so that it is known for one.
 *
 * On the line each stands as a lone surrogate, one UTF-16 unit for one. No input in UTF-8 can hold such a unit, so nothing
 * that anybody types or pastes is taken for it.
 *
 * @module
 */

/** The surrogate that stands for a character up to U+00FF is this and its code. */
const FIRST = 0xdc00

/** Behind those of U+0000 to U+00FF. */
const SEPARATORS: Readonly<Record<string, string>> = { '\u2028': '\udd00', '\u2029': '\udd01' }

const MISTAKABLE = /[\p{Cc}\u2028\u2029]/gu

/**
 * A text as it may stand on the line.
 *
 * @param isBeginning - Whether the line begins with it: then its first character is kept, too, if it could mean something
 *   there.
 */
export function asKept(text: string, isBeginning: boolean): string {
  const kept = text.replace(MISTAKABLE, keep)
  return isBeginning ? kept.replace(/^\p{ASCII}/u, keep) : kept
}

/** The text that stands so on the line. */
export function asWritten(kept: string): string {
  return kept.replace(/\p{Surrogate}/gu, (unit) => {
    const code = unit.charCodeAt(0) - FIRST
    return code < 0x100 ? String.fromCharCode(code) : code === 0x100 ? '\u2028' : '\u2029'
  })
}

export function isKept(unit: string): boolean {
  return /^\p{Surrogate}$/u.test(unit)
}

function keep(character: string): string {
  return SEPARATORS[character] ?? String.fromCharCode(FIRST + character.charCodeAt(0))
}
