/**
 * A secure channel between two people: records in, records out (docs/protocol.md, section 5).
 *
 * @module
 */

import { MAX_PLAINTEXT_BYTES, type Transport } from '#lib/noise/transport.ts'
import type { Secret } from '#lib/secret.ts'

/** The largest plaintext of one record, in bytes: a Noise message of 65,535 less its tag. @public */
export const MAX_RECORD_PLAINTEXT_BYTES = MAX_PLAINTEXT_BYTES

/**
 * The channel that a handshake leaves behind. Records must be opened whole, once, and in the order in which the other
 * end sealed them. The first failure is final: every later call throws the same error.
 */
export class Channel {
  readonly #transport: Transport
  #isConfirmed: boolean

  /**
   * @param isConfirmed - Whether the other end has shown that it holds the channel's keys. The initiator, who sent the
   *   Hello, knows it from the Welcome. The responder knows it from the first record that opens; before that the Hello
   *   may be a replay, or made by a thief of the responder's own key.
   */
  constructor(transport: Transport, { isConfirmed }: { readonly isConfirmed: boolean }) {
    this.#transport = transport
    this.#isConfirmed = isConfirmed
  }

  /** Names the channel: 32 bytes, the same on both ends, and of no other channel. Not secret. */
  get handshakeHash(): Uint8Array {
    return this.#transport.handshakeHash
  }

  /** A secret of both ends, 32 bytes, that no record's key can be found from, nor it from them. */
  get exportSecret(): Secret {
    return this.#transport.exportSecret
  }

  /**
   * Seal the next record.
   *
   * @param plaintext - 0 to {@link MAX_RECORD_PLAINTEXT_BYTES} bytes.
   * @returns 16 bytes more, in memory of their own.
   * @throws TypeError from a responder that is not yet confirmed: it must not say a word.
   * @throws SottoError
   *   - `ERR_RECORD_SIZE` if the plaintext is longer; nothing is spent, and the channel goes on,
   *   - `ERR_NONCE_EXHAUSTED` once every nonce of this direction is spent; this ends the channel,
   *   - the error that ended the channel, if one did.
   */
  seal(plaintext: Uint8Array): Uint8Array {
    if (!this.#isConfirmed) throw new TypeError('a responder seals nothing before it has opened a record')
    return this.#transport.seal(plaintext)
  }

  /**
   * Open the next record.
   *
   * @param record - As it came. It is not changed.
   * @returns The plaintext, in memory of its own.
   * @throws SottoError, and the channel is at its end:
   *   - `ERR_RECORD_SIZE` if it is not 16 to 65,535 bytes,
   *   - `ERR_DECRYPT` if it is not the next record of the other end: changed, repeated, out of order, one's own,
   *   - `ERR_NONCE_EXHAUSTED` once every nonce of this direction is spent,
   *   - the error that ended the channel, if one did.
   */
  open(record: Uint8Array): Uint8Array {
    const plaintext = this.#transport.open(record)
    this.#isConfirmed = true
    return plaintext
  }
}
