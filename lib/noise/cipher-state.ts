/**
 * The CipherState object (Noise, section 5.1): a key, and a counter of the messages under it.
 *
 * @module
 */
import { fixedLength } from '#lib/protocol.ts'
import { Nonce, RESERVED_NONCE } from './nonce.ts'
import { decrypt, EMPTY, encrypt, KEY_BYTES } from './primitives.ts'

export class CipherState {
  #k: Uint8Array | undefined
  #n = new Nonce()

  /**
   * InitializeKey(key): n becomes 0.
   *
   * @param key - 32 bytes, kept and not copied; undefined is the spec's `empty`.
   */
  initializeKey(key: Uint8Array | undefined): void {
    this.#k = key && fixedLength(key, KEY_BYTES, 'key')
    this.#n = new Nonce()
  }

  /** SetNonce(nonce): 0 to 2^64-1, where the last stands for "all are spent". No protocol step calls it here. */
  setNonceForTest(n: bigint): void {
    this.#n = new Nonce(n)
  }

  /** n mod a divisor of at most 2^20. */
  nonceModulo(divisor: number): number {
    return this.#n.modulo(divisor)
  }

  /**
   * EncryptWithAd(ad, plaintext).
   *
   * @returns The ciphertext, 16 bytes longer, in memory of its own; without a key, the plaintext itself.
   * @throws SottoError `ERR_NONCE_EXHAUSTED` once n is 2^64-1.
   */
  encryptWithAd(ad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    if (!this.#k) return plaintext
    const ciphertext = encrypt(this.#k, this.#n.bytes(), ad, plaintext)
    this.#n.advance()
    return ciphertext
  }

  /**
   * DecryptWithAd(ad, ciphertext). n does not advance on a failure.
   *
   * @returns The plaintext, 16 bytes shorter, in memory of its own; without a key, the ciphertext itself.
   * @throws SottoError `ERR_DECRYPT` if it does not authenticate; `ERR_NONCE_EXHAUSTED` once n is 2^64-1.
   */
  decryptWithAd(ad: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    if (!this.#k) return ciphertext
    const plaintext = decrypt(this.#k, this.#n.bytes(), ad, ciphertext)
    this.#n.advance()
    return plaintext
  }

  /**
   * Rekey(): a new key, of which the old cannot be found again. n stays as it is.
   *
   * @throws TypeError without a key.
   */
  rekey(): void {
    if (!this.#k) throw new TypeError('no key to renew')
    // REKEY(k) = the first 32 bytes of ENCRYPT(k, 2^64-1, zerolen, zeros) (Noise, section 4.2).
    this.#k = encrypt(this.#k, REKEY_NONCE, EMPTY, ZEROS).subarray(0, KEY_BYTES)
  }
}

const ZEROS = new Uint8Array(KEY_BYTES)

const REKEY_NONCE = Buffer.alloc(12)
REKEY_NONCE.writeBigUInt64BE(RESERVED_NONCE, 4)
