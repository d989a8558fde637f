/**
 * The words of rows that builds from before the first release have written, in the words of today. Rows are sealed, so no
 * step of the schema can change them: they are read like this, and written in today's words when they change next.
 *
 * @module
 */

const PROPERTIES: ReadonlyMap<string, string> = new Map([
  ['heard', 'received'],
  ['seen', 'read'],
  ['unseenFrom', 'unreadFrom'],
  ['goal', 'targetPath'],
])

/** The former words of values, by the property that has them. */
const VALUES: ReadonlyMap<string, ReadonlyMap<unknown, string>> = new Map([
  [
    'direction',
    new Map([
      ['giving', 'uploading'],
      ['getting', 'downloading'],
    ]),
  ],
  [
    'state',
    new Map([
      ['unkept', 'save-failed'],
      ['gone', 'source-changed'],
    ]),
  ],
])

/** A value that JSON.parse has read, in the words of today; to be used in its reviver. */
export function inCurrentWords(name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return VALUES.get(name)?.get(value) ?? value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [PROPERTIES.get(key) ?? key, each]))
}
