/**
 * TypeScript as JavaScript: its types become white space, so that a place in the one is a place in the other.
 *
 * @module
 */
import { stripTypeScriptTypes } from 'node:module'

/** Whether this is of a release, whose files have lost their types when it was made: it is then no TypeScript itself. */
const IS_RELEASED = !import.meta.url.endsWith('.ts')

/** @param source - As Node.js itself runs it: with nothing of TypeScript but types. In a release, as it is there. */
export function withoutTypes(source: string): string {
  if (IS_RELEASED) return source
  // Node.js runs these sources by the same means, and warns of the function alone: whoever starts a command cannot act on it.
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = emitWarning
  }
}
