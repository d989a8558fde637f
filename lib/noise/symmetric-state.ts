/**
 * The SymmetricState object (Noise, section 5.2): what both ends have hashed and mixed so far.
 *
 * @module
 */
import { CipherState } from './cipher-state.ts'
import { EMPTY, HASH_BYTES, hash, hkdf } from './primitives.ts'

export class SymmetricState {
  readonly #cipher = new CipherState()
  #ck: Uint8Array
  #h: Uint8Array

  /**
   * InitializeSymmetric(protocol_name).
   *
   * @param protocolName - ASCII, such as `Noise_IKpsk2_25519_AESGCM_SHA256`.
   */
  constructor(protocolName: string) {
    const name = Buffer.from(protocolName, 'ascii')
    // A name of up to 32 bytes stands for itself, with zeros after it; a longer one is hashed.
    this.#h = name.length <= HASH_BYTES ? Buffer.concat([name], HASH_BYTES) : hash(name)
    this.#ck = this.#h
  }

  /** MixKey(input_key_material). */
  mixKey(inputKeyMaterial: Uint8Array): void {
    const [ck, key] = hkdf(this.#ck, inputKeyMaterial, 2)
    this.#ck = ck
    this.#cipher.initializeKey(key)
  }

  /** MixHash(data). */
  mixHash(data: Uint8Array): void {
    this.#h = hash(this.#h, data)
  }

  /** MixKeyAndHash(input_key_material). */
  mixKeyAndHash(inputKeyMaterial: Uint8Array): void {
    const [ck, forHash, key] = hkdf(this.#ck, inputKeyMaterial, 3)
    this.#ck = ck
    this.mixHash(forHash)
    this.#cipher.initializeKey(key)
  }

  /** GetHandshakeHash(): h, 32 bytes. Once the handshake is done it names the channel on both ends. */
  getHandshakeHash(): Uint8Array {
    return this.#h
  }

  /** EncryptAndHash(plaintext): as long as the plaintext before there is a key, 16 bytes longer after. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#cipher.encryptWithAd(this.#h, plaintext)
    this.mixHash(ciphertext)
    return ciphertext
  }

  /** DecryptAndHash(ciphertext). @throws SottoError `ERR_DECRYPT` if it does not authenticate. */
  decryptAndHash(ciphertext: Uint8Array): Uint8Array {
    const plaintext = this.#cipher.decryptWithAd(this.#h, ciphertext)
    this.mixHash(ciphertext)
    return plaintext
  }

  /**
   * Split(): the cipher states of the two directions, the initiator's first, and one output more.
   *
   * The spec takes two outputs of the last HKDF. A third leaves those two unchanged and reveals nothing of them, so it
   * can serve another purpose: `exported`, 32 bytes, is the secret by which a channel can be renewed.
   */
  split(): { initiator: CipherState; responder: CipherState; exported: Uint8Array } {
    const [initiatorKey, responderKey, exported] = hkdf(this.#ck, EMPTY, 3)
    const initiator = new CipherState()
    const responder = new CipherState()
    initiator.initializeKey(initiatorKey)
    responder.initializeKey(responderKey)
    return { initiator, responder, exported }
  }
}
