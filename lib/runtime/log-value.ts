/**
 * Values as they may stand in a log.
 *
 * @module
 */
import { isSottoError } from '../errors.ts'
import { Secret } from '../secret.ts'

/** How deep an object is shown, and how much of a list. */
const MAX_DEPTH = 6
const MAX_ITEMS = 50

/** Names of fields that are for secrets. Whoever gives a secret as plain text is caught by the name. */
const SECRET_NAME = /^(authorization|bearer|passphrase|password|psk|secret|token|key_?pem|private_?key)$/i

/**
 * A copy without anything that a log should not hold: bytes as their count, a Secret as a word, strings under the name
 * of a secret as a word, errors as code, message, stack and cause alone, and nothing circular or bottomless.
 */
export function plainValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Secret) return value.toJSON()
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    return `[${value.byteLength} bytes]`
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[no date]' : value.toISOString()
  if (depth >= MAX_DEPTH) return '[deeper]'
  if (value instanceof Error) return plainError(value, depth)
  if (value instanceof Map) return plainEntries(value.entries(), depth)
  if (Array.isArray(value) || value instanceof Set) return plainList([...value], depth)
  if ('toJSON' in value && typeof value.toJSON === 'function') return plainValue(value.toJSON(), depth + 1)
  return plainEntries(Object.entries(value), depth)
}

/**
 * The fields that every error has, and no others: an error of a library may carry a request, its metadata and so its
 * bearer.
 */
function plainError(error: Error, depth: number): unknown {
  const code = isSottoError(error) ? error.code : 'code' in error ? error.code : undefined
  return {
    type: error.name,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    message: error.message,
    stack: error.stack,
    ...(error.cause !== undefined && { cause: plainValue(error.cause, depth + 1) }),
  }
}

function plainList(items: readonly unknown[], depth: number): unknown[] {
  const shown = items.slice(0, MAX_ITEMS).map((item) => plainValue(item, depth + 1))
  return items.length > MAX_ITEMS ? [...shown, `[${items.length - MAX_ITEMS} more]`] : shown
}

function plainEntries(entries: Iterable<[unknown, unknown]>, depth: number): Record<string, unknown> {
  const plain: Record<string, unknown> = {}
  for (const [name, value] of entries) {
    const shown = typeof name === 'string' ? name : '[key]'
    plain[shown] = isWorthHiding(value) && SECRET_NAME.test(shown) ? '[secret]' : plainValue(value, depth + 1)
  }
  return plain
}

function isWorthHiding(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null)
}
