/**
 * JSON values that are returned as they were written: a number of JavaScript can lose digits, and an object the order
 * of its fields.
 *
 * @module
 */

/** A value in the text that it was written in. */
export class RawJson {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/**
 * The value of a field as it was written; of several fields of one name the last, as JSON.parse has it.
 *
 * @param json - The text of an object that JSON.parse reads.
 * @returns undefined if there is no such field.
 */
export function rawField(json: string, field: string): RawJson | undefined {
  let found: RawJson | undefined
  // Within the object's own brackets.
  const inside = json.trim().slice(1, -1)
  for (let at = 0; at < inside.length; ) {
    const colon = endOf(inside, at, ':')
    const comma = endOf(inside, colon + 1, ',')
    const name = inside.slice(at, colon).trim()
    if (name !== '' && JSON.parse(name) === field) found = new RawJson(inside.slice(colon + 1, comma).trim())
    at = comma + 1
  }
  return found
}

/** The index of the next such sign that is neither in a text nor in brackets, or else the end. */
function endOf(json: string, start: number, sign: ':' | ','): number {
  let depth = 0
  for (let at = start; at < json.length; at++) {
    const char = json[at]
    if (char === '"') at = endOfText(json, at)
    else if (char === '{' || char === '[') depth += 1
    else if (char === '}' || char === ']') depth -= 1
    else if (depth === 0 && char === sign) return at
  }
  return json.length
}

/** The index of the quotation mark that ends a text. */
function endOfText(json: string, start: number): number {
  let at = start + 1
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1
  return at
}
