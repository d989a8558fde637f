/**
 * The transport phase: both directions of a channel after Split() (Noise, section 5.3; docs/protocol.md, section 5).
 *
 * Each direction renews its key by Rekey() right after the message with n mod 1,000 = 999, on both ends without a word,
 * so that a key taken from memory opens at most the thousand messages around it and none before.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import type { Secret } from '#lib/secret.ts'
import type { CipherState } from './cipher-state.ts'
import { EMPTY, MAX_MESSAGE_BYTES, TAG_BYTES } from './primitives.ts'

/** The largest plaintext of one message, in bytes. */
export const MAX_PLAINTEXT_BYTES = MAX_MESSAGE_BYTES - TAG_BYTES

/** Messages under one key, in each direction. */
export const REKEY_INTERVAL = 1_000

export interface TransportKeys {
  readonly send: CipherState
  readonly receive: CipherState
  /** h at the end of the handshake, 32 bytes: the same on both ends, and of no other channel. */
  readonly handshakeHash: Uint8Array
  /** The third output of Split(), 32 bytes. */
  readonly exportSecret: Secret
}

/**
 * Seals and opens messages, which must arrive whole, once, and in order.
 *
 * The first failure is final: from then on both directions throw the same error, because whoever can make one message
 * fail could try for ever, and there is no safe place to continue from.
 */
export class Transport {
  readonly handshakeHash: Uint8Array
  readonly exportSecret: Secret
  readonly #send: CipherState
  readonly #receive: CipherState
  #failure: unknown

  constructor({ send, receive, handshakeHash, exportSecret }: TransportKeys) {
    this.#send = send
    this.#receive = receive
    this.handshakeHash = handshakeHash
    this.exportSecret = exportSecret
  }

  /**
   * Seal the next message.
   *
   * @param plaintext - 0 to {@link MAX_PLAINTEXT_BYTES} bytes.
   * @returns 16 bytes more, in memory of their own.
   * @throws SottoError
   *   - `ERR_RECORD_SIZE` if the plaintext is longer; nothing is spent, and the channel goes on,
   *   - `ERR_NONCE_EXHAUSTED` once 2^64-1 messages were sealed; this ends the channel,
   *   - the error that ended the channel, if one did.
   */
  seal(plaintext: Uint8Array): Uint8Array {
    if (this.#failure) throw this.#failure
    if (plaintext.length > MAX_PLAINTEXT_BYTES) throw outOfSize()
    return this.#orEnd(() => {
      const message = this.#send.encryptWithAd(EMPTY, plaintext)
      rekeyWhenDue(this.#send)
      return message
    })
  }

  /**
   * Open the next message.
   *
   * @param message - As it came. It is not changed.
   * @returns The plaintext, in memory of its own.
   * @throws SottoError, and the channel is at its end:
   *   - `ERR_RECORD_SIZE` if it is shorter than a tag or longer than a Noise message can be,
   *   - `ERR_DECRYPT` if it is not the next message of the other end: changed, repeated, out of order, one's own,
   *   - `ERR_NONCE_EXHAUSTED` once 2^64-1 messages were opened,
   *   - the error that ended the channel, if one did.
   */
  open(message: Uint8Array): Uint8Array {
    if (this.#failure) throw this.#failure
    return this.#orEnd(() => {
      if (message.length < TAG_BYTES || message.length > MAX_MESSAGE_BYTES) throw outOfSize()
      const plaintext = this.#receive.decryptWithAd(EMPTY, message)
      rekeyWhenDue(this.#receive)
      return plaintext
    })
  }

  #orEnd(work: () => Uint8Array): Uint8Array {
    try {
      return work()
    } catch (failure) {
      this.#failure = failure
      throw failure
    }
  }
}

/** n has moved on already: the message before it had n mod 1,000 = 999. */
function rekeyWhenDue(cipher: CipherState): void {
  if (cipher.nonceModulo(REKEY_INTERVAL) === 0) cipher.rekey()
}

function outOfSize(): SottoError {
  return new SottoError('ERR_RECORD_SIZE', `a record is ${TAG_BYTES} to ${MAX_MESSAGE_BYTES} bytes`)
}
