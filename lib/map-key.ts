/**
 * Bytes as the key of a Map or a Set, which tells two arrays apart though they hold the same.
 *
 * @module
 */

/** A string with a character for each byte. */
const FORM = 'latin1'

/** The key that bytes have. */
export function mapKeyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString(FORM)
}

/** The bytes that have a key. */
export function bytesOfKey(key: string): Buffer {
  return Buffer.from(key, FORM)
}
