/**
 * Bytes that nobody may see: keys, tokens, bearers.
 *
 * A plain `Uint8Array` prints itself byte by byte in a log line, and `===` on it compares references. A `Secret` prints
 * as a word at any depth and compares in constant time. It is a guard against accidents, not a vault: the bytes stay in
 * memory until the garbage collector takes them.
 *
 * @module
 */
import { createHash, timingSafeEqual } from 'node:crypto'

/** The text in place of a secret wherever one is printed. */
const PRINTED = '[secret]'

export class Secret {
  readonly #bytes: Uint8Array

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /**
   * Wrap bytes as a secret.
   *
   * @param bytes - Copied, so that the caller may reuse or clear its own.
   * @param length - The length that they must have, in bytes.
   * @throws TypeError if the length differs: keys of a wrong length are our own mistake.
   */
  static of(bytes: Uint8Array, length: number = bytes.length): Secret {
    if (bytes.length !== length) throw new TypeError(`a secret of ${length} bytes has ${bytes.length}`)
    return new Secret(Uint8Array.from(bytes))
  }

  get length(): number {
    return this.#bytes.length
  }

  /** The bytes themselves, to hand to node:crypto or to the wire. Not a copy: do not change or keep them. */
  reveal(): Uint8Array {
    return this.#bytes
  }

  /** Whether the other has the same bytes, in time that does not depend on where they differ. */
  equals(other: Secret | Uint8Array): boolean {
    const bytes = other instanceof Secret ? other.#bytes : other
    return bytes.length === this.#bytes.length && timingSafeEqual(bytes, this.#bytes)
  }

  /**
   * Eight hexadecimal digits by which two ends can see that they hold the same secret: the first 32 bits of
   * SHA-256("sotto fingerprint v1" || bytes). Too short to check a guess of a 32-byte secret against.
   */
  fingerprint(): string {
    return createHash('sha256').update('sotto fingerprint v1').update(this.#bytes).digest('hex').slice(0, 8)
  }

  toString(): string {
    return PRINTED
  }

  toJSON(): string {
    return PRINTED
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return PRINTED
  }
}
