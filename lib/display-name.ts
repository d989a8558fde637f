/**
 * Display names: what people read beside an account's name. Nobody is known by one, so two may be alike, and none is ever
 * compared, pinned or written to.
 *
 * @module
 */
import { SottoError } from './errors.ts'

/** The most characters of one, in code points. */
export const MAX_DISPLAY_NAME_CHARACTERS = 64

/** How often the rules are applied again until they change nothing (RFC 8266, section 2.3, by RFC 8264, section 7). */
const MAX_REPEATS = 3

/**
 * What no FreeformClass has (RFC 8264, sections 4.3 and 9): controls, format characters, private use, unassigned code
 * points, separators of lines, what is invisible by default, and the old Hangul letters that syllables are made of. The
 * joiners are refused, too, where the RFC would let some between certain letters: no eye can tell whether one is there.
 */
const DISALLOWED =
  /[^\p{L}\p{M}\p{N}\p{S}\p{P}\p{Zs}]|\p{Default_Ignorable_Code_Point}|[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]|[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b]/u

/** The rules of RFC 5892, appendix A, for letters that are allowed only beside certain others. */
const CONTEXT: readonly (readonly [letter: RegExp, context: RegExp])[] = [
  [/\u00b7/gu, /(?<=l)\u00b7(?=l)/gu],
  [/\u0375/gu, /\u0375(?=\p{Script=Greek})/gu],
  [/[\u05f3\u05f4]/gu, /(?<=\p{Script=Hebrew})[\u05f3\u05f4]/gu],
  [/\u30fb/gu, /\u30fb(?=.*[\p{sc=Hira}\p{sc=Kana}\p{sc=Han}])|(?<=[\p{sc=Hira}\p{sc=Kana}\p{sc=Han}].*)\u30fb/gu],
]
const ARABIC_DIGITS = /[\u0660-\u0669]/u
const EXTENDED_ARABIC_DIGITS = /[\u06f0-\u06f9]/u

/**
 * Bring a display name to the form in which it is kept: the Nickname profile of PRECIS (RFC 8266, section 2.3). Spaces
 * are U+0020, none at the ends and one at a time, and the whole is in Unicode's normalization form KC.
 *
 * @returns at most {@link MAX_DISPLAY_NAME_CHARACTERS}; empty for an empty text, which stands for none.
 * @throws SottoError `ERR_INVALID_ARGUMENT` if it is too long, or holds what the profile does not allow.
 */
export function prepareDisplayName(text: string): string {
  if (!isAllowed(text)) throw refused('must be letters, marks, digits, signs and spaces, with nothing invisible')
  const name = prepared(text)
  if (name === undefined || !isAllowed(name)) throw refused('has no stable form')
  if ([...name].length > MAX_DISPLAY_NAME_CHARACTERS) {
    throw refused(`must be ${MAX_DISPLAY_NAME_CHARACTERS} characters at most`)
  }
  return name
}

/** Apply the rules until they change nothing; undefined if that does not come. */
function prepared(text: string): string | undefined {
  let name = prepareOnce(text)
  for (let repeats = 0; repeats < MAX_REPEATS; repeats += 1) {
    const again = prepareOnce(name)
    if (again === name) return name
    name = again
  }
  return undefined
}

function prepareOnce(text: string): string {
  return text
    .replaceAll(/\p{Zs}+/gu, ' ')
    .replaceAll(/^ | $/g, '')
    .normalize('NFKC')
}

function isAllowed(text: string): boolean {
  if (DISALLOWED.test(text)) return false
  if (ARABIC_DIGITS.test(text) && EXTENDED_ARABIC_DIGITS.test(text)) return false
  return CONTEXT.every(([letter, context]) => count(text, letter) === count(text, context))
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}

function refused(limit: string): SottoError {
  return new SottoError('ERR_INVALID_ARGUMENT', `a display name ${limit}`, {
    hint: 'take another; nothing was changed',
    violations: [{ field: 'display_name', description: limit }],
  })
}
