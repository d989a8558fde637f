/**
 * TypeScript as JavaScript: its types become white space, so that a place in the one is a place in the other.
 *
 * @module
 */
import { stripTypeScriptTypes } from 'node:module'

/** @param source - As Node.js itself runs it: with nothing of TypeScript but types. */
export function withoutTypes(source: string): string {
  // Node.js runs these sources by the same means, and warns of the function alone: whoever starts a command cannot act on it.
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = emitWarning
  }
}
