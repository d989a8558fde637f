/**
 * JSON lines: what scripts write to Sotto and read from it, an object a line. docs/scripting.md has all of them.
 *
 * @module
 */
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { SottoError } from '#lib/errors.ts'
import { RawJson, rawField } from './raw-json.ts'
import { UNSEEN } from './unseen.ts'

/** A text of the greatest length in its longest form, six bytes for one (`\u0000`), and room for what is beside it. */
export const MAX_JSON_LINE_BYTES = 6 * MAX_TEXT_BYTES + 64 * 1024

/** An object as a line. A field of it may be JSON as somebody wrote it. */
export function jsonLine(value: object): Buffer {
  const values = Object.values(value)
  if (!values.some((field) => field instanceof RawJson)) return Buffer.from(`${shownJson(value)}\n`)
  const fields = Object.entries(value).flatMap(([name, field]) => {
    const json: string | undefined = field instanceof RawJson ? field.text : shownJson(field)
    return json === undefined ? [] : [`${JSON.stringify(name)}:${json}`]
  })
  return Buffer.from(`{${fields.join(',')}}\n`)
}

/** Printable ASCII, and Latin letters with the signs beside them, but for the soft hyphen: all of it is seen. */
const SEEN = /^[ -~\u00a1-\u00ac\u00ae-\u02ff]*$/

/** JSON in which whatever is not seen is escaped: people read it, too, and on terminals. */
export function shownJson(value: unknown): string | undefined {
  const json: string | undefined = JSON.stringify(value)
  // Most texts have nothing else, and that is found out several times as fast.
  if (json === undefined || SEEN.test(json)) return json
  return json.replace(UNSEEN, (character) => {
    return character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join('')
  })
}

/** The text of a line. A byte order mark before it is read over: editors put one at the start of a file. */
export function jsonText(line: Uint8Array): string {
  return Buffer.from(line)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
}

/**
 * Read a line.
 *
 * @param fields - The names that the object may have.
 * @throws SottoError `ERR_USAGE` if it is no JSON object, or has others.
 */
export function parseJsonLine(line: string, fields: readonly string[]): Readonly<Record<string, unknown>> {
  const object = parsed(line)
  if (typeof object !== 'object' || object === null || Array.isArray(object)) throw invalid('it is no JSON object')
  const unknown = Object.keys(object).find((field) => !fields.includes(field))
  if (unknown !== undefined) throw invalid(`there is no field ${JSON.stringify(unknown)}, but ${fields.join(', ')}`)
  return object as Readonly<Record<string, unknown>>
}

/** The `ref` of a line that was read, exactly as the script wrote it. */
export function refOf(line: string, object: Readonly<Record<string, unknown>>): RawJson | undefined {
  return 'ref' in object ? rawField(line, 'ref') : undefined
}

/**
 * A field that must be there.
 *
 * @throws SottoError `ERR_USAGE` if it is not, or no text; half of a surrogate pair is none, and would arrive as another.
 */
export function textField(object: Readonly<Record<string, unknown>>, field: string): string {
  const value = object[field]
  if (typeof value !== 'string') throw invalid(`"${field}" must be a text`)
  if (!value.isWellFormed()) throw invalid(`"${field}" has half of a surrogate pair`)
  return value
}

function parsed(line: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new SottoError('ERR_USAGE', 'a line is no JSON', { cause, hint: HINT })
  }
  if (isNestedOver(value, MAX_DEPTH)) throw invalid(`it is nested more than ${MAX_DEPTH} deep`)
  return value
}

/**
 * How deep a line may be nested. Its `ref` is repeated in the answer as it was written, and a reader may fail on
 * endless nesting when the message is already sent.
 */
const MAX_DEPTH = 10_000

/** Whether there is anything that many levels down, found without a call for each level. */
function isNestedOver(value: unknown, depth: number): boolean {
  let level = [value]
  for (let n = 0; n < depth && level.length > 0; n += 1) {
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []))
  }
  return level.length > 0
}

const HINT = 'docs/scripting.md has the lines that can be written'

function invalid(why: string): SottoError {
  return new SottoError('ERR_USAGE', `a line does not fit: ${why}`, { hint: HINT })
}
