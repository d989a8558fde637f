/**
 * The counter n of a CipherState: 64 bits that never wrap (Noise, section 5.1).
 *
 * AESGCM makes its 12-byte nonce of it (Noise, section 12.4):
 *
 *     offset  size  field
 *     0       4     zeros
 *     4       8     n, unsigned, big-endian
 *
 * It counts in two halves of 32 bits, because a `number` loses bits above 2^53 and a `bigint` is an allocation for
 * every record.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'

/** n can have any value below this one, which is kept for `Rekey()` (Noise, section 4.2). */
export const RESERVED_NONCE = 2n ** 64n - 1n

const NONCE_BYTES = 12
const HIGH_OFFSET = 4
const LOW_OFFSET = 8
const HALF = 2 ** 32

export class Nonce {
  readonly #bytes = Buffer.alloc(NONCE_BYTES)
  #high: number
  #low: number

  /**
   * @param n - Where to begin.
   * @throws TypeError unless it is from 0 to {@link RESERVED_NONCE}; at that value the counter is spent.
   */
  constructor(n = 0n) {
    if (n < 0n || n > RESERVED_NONCE) throw new TypeError('a nonce has 64 bits')
    this.#high = Number(n >> 32n)
    this.#low = Number(n & 0xffff_ffffn)
    this.#bytes.writeUInt32BE(this.#high, HIGH_OFFSET)
    this.#bytes.writeUInt32BE(this.#low, LOW_OFFSET)
  }

  /**
   * The nonce for the next message.
   *
   * @returns 12 bytes, good until the next call of {@link advance}.
   * @throws SottoError `ERR_NONCE_EXHAUSTED` once every value is spent.
   */
  bytes(): Uint8Array {
    if (this.#low === HALF - 1 && this.#high === HALF - 1) {
      throw new SottoError('ERR_NONCE_EXHAUSTED', 'the last nonce is spent')
    }
    return this.#bytes
  }

  /** Go on to the next value. Only after {@link bytes}, which sees to it that there is one. */
  advance(): void {
    this.#low += 1
    if (this.#low === HALF) {
      this.#low = 0
      this.#high += 1
      this.#bytes.writeUInt32BE(this.#high, HIGH_OFFSET)
    }
    this.#bytes.writeUInt32BE(this.#low, LOW_OFFSET)
  }

  /** n mod a divisor, which is at most 2^20, so that nothing here passes 2^53. */
  modulo(divisor: number): number {
    return ((this.#high % divisor) * (HALF % divisor) + this.#low) % divisor
  }
}
