/**
 * The sessions' sealing keys and the secrets of second factors at rest: sealed (lib/aead.ts) under one key that is not in the
 * database.
 *
 *     offset  size  field
 *     0       12    nonce       random
 *     12      n     ciphertext  of the key: 32 bytes, or the 20 of a second factor
 *     12 + n  16    tag
 *
 *     associated data = "sotto wrapped key v1" || account (2 + n) || session (2 + n) || purpose (2 + n)
 *                       || wrapping key's id (2 + n)
 *
 * A second factor has no session: its field is empty. So a copy of the database, a backup for one, opens no ticket and gives no
 * code; and a row's keys put into another row do not open.
 *
 * @module
 */
import { createHmac, hash, randomBytes } from 'node:crypto'
import { NONCE_BYTES, OVERHEAD_BYTES, openBytes, sealBytes } from '#lib/aead.ts'
import { SottoError } from '#lib/errors.ts'
import { lengthPrefixed } from '#lib/protocol.ts'
import { Secret } from '#lib/secret.ts'
import { SESSION_KEY_BYTES } from '#lib/session/session-keys.ts'

/** Bytes of the wrapping key. */
export const WRAPPING_KEY_BYTES = 32

/** Bytes of its id. Enough to tell keys apart; nothing rests on their being hard to meet. */
const WRAPPING_KEY_ID_BYTES = 8

/** Bytes of a session's wrapped key. @public */
export const WRAPPED_KEY_BYTES = SESSION_KEY_BYTES + OVERHEAD_BYTES

const LABEL = 'sotto wrapped key v1'
const ID_LABEL = 'sotto wrapping key id v1'
const PSEUDONYM_LABEL = 'sotto pseudonym v1'

/** The place that a wrapped key belongs to. */
export type WrappedKeyPlace =
  | { readonly accountId: Uint8Array; readonly sessionId: Uint8Array; readonly purpose: 'ticket' | 'grant' }
  | { readonly accountId: Uint8Array; readonly sessionId?: never; readonly purpose: 'second factor' }

export class WrappingKey {
  /** The first {@link WRAPPING_KEY_ID_BYTES} bytes of SHA-256("sotto wrapping key id v1" || key). Not secret. */
  readonly id: Uint8Array
  readonly #key: Secret

  /** @param key - {@link WRAPPING_KEY_BYTES} random bytes. */
  constructor(key: Secret) {
    if (key.length !== WRAPPING_KEY_BYTES) throw new TypeError(`a wrapping key is ${WRAPPING_KEY_BYTES} bytes`)
    this.#key = key
    const digest = hash('sha256', Buffer.concat([Buffer.from(ID_LABEL, 'ascii'), key.reveal()]), 'buffer')
    this.id = digest.subarray(0, WRAPPING_KEY_ID_BYTES)
  }

  /**
   * Hash a text under this key, so that the database tells nobody what the text was.
   *
   * @returns 32 bytes: HMAC-SHA256(key, "sotto pseudonym v1" || text).
   */
  pseudonym(text: string): Uint8Array {
    return createHmac('sha256', this.#key.reveal()).update(PSEUDONYM_LABEL).update(text).digest()
  }

  /**
   * Wrap a key. Random nonces are good for 2^32 wraps under one key (NIST SP 800-38D, section 8.3): two
   * thousand million logins.
   *
   * @returns {@link OVERHEAD_BYTES} more than the key has.
   */
  wrap(key: Secret, place: WrappedKeyPlace): Uint8Array {
    return sealBytes(this.#key, randomBytes(NONCE_BYTES), this.#associatedData(place), key.reveal())
  }

  /**
   * Unwrap a key.
   *
   * @throws SottoError `ERR_STORE` if it was wrapped under another key or for another place, or was changed.
   */
  unwrap(wrapped: Uint8Array, place: WrappedKeyPlace): Secret {
    const key = openBytes(this.#key, this.#associatedData(place), wrapped)
    if (key === undefined) throw doesNotOpen()
    return Secret.of(key)
  }

  #associatedData({ accountId, sessionId, purpose }: WrappedKeyPlace): Uint8Array {
    return Buffer.concat([
      Buffer.from(LABEL, 'ascii'),
      ...lengthPrefixed(accountId),
      ...lengthPrefixed(sessionId ?? new Uint8Array()),
      ...lengthPrefixed(purpose),
      ...lengthPrefixed(this.id),
    ])
  }
}

function doesNotOpen(): SottoError {
  return new SottoError('ERR_STORE', 'a wrapped key does not open', {
    hint: 'restore the database and the wrapping key together, or have the user log in again',
  })
}
