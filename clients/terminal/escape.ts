/**
 * Escapes a text that somebody else wrote, for a terminal. It keeps everything a person can read, and nothing that
 * moves the cursor, sets the title, rings, reorders the rest of the line or forges another one.
 *
 * @module
 */
import { UNSEEN } from './unseen.ts'

/**
 * Characters that a terminal or a person would not take for text:
 *
 * - C0 controls with ESC, tab and line feed, DEL, and the C1 controls, which some terminals take for escape sequences;
 * - U+2028 and U+2029, which break a line;
 * - U+202A to U+202E, the bidirectional embeddings and overrides: only an override can show letters of one direction
 *   backwards (UAX #9, section 2.2), and isolates have taken the place of embeddings;
 * - U+FFF9 to U+FFFB, the interlinear annotations, which can hide text, and lone surrogates, which are no text.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about.
const UNSHOWABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\ufff9-\ufffb]|\p{Surrogate}/gu

/** The short escapes that everybody reads. */
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e' }

/** LRI, RLI, FSI open a bidirectional isolate, PDI closes it. */
const ISOLATE_MARKS = /[\u2066-\u2069]/gu
const PDI = '\u2069'

/**
 * A text as a line of a terminal may show it: control characters as escapes such as `\e` and `\u{202e}`, isolates
 * closed within it, so that right-to-left text is shown right and nothing after it is touched.
 */
export function escapeForTerminal(text: string): string {
  return closeIsolates(text.replace(UNSHOWABLE, escapeCharacter))
}

/**
 * A name, or a path, that somebody else may have chosen, as a line of a terminal may show it: its invisible characters
 * are escapes. In a message a joiner has its use, but no name may look like another.
 */
export function escapeName(name: string): string {
  return name.replace(UNSEEN, escapeCharacter)
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return SHORT[character] ?? (code <= 0xff ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 4)}}`)
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}

/** Close the isolates that a text leaves open; a PDI that closes none would close one of ours, so it is escaped. */
function closeIsolates(text: string): string {
  let open = 0
  const closed = text.replace(ISOLATE_MARKS, (mark) => {
    open += mark === PDI ? -1 : 1
    if (open >= 0) return mark
    open = 0
    return escapeCharacter(mark)
  })
  return closed + PDI.repeat(open)
}
