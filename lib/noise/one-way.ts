/**
 * The one-way handshake Noise_Xpsk1_25519_AESGCM_SHA256 (Noise, revision 34, sections 5.3, 7.4 and 9), written out token
 * by token: one message, for somebody who is not there to answer.
 *
 *     Xpsk1:
 *       <- s
 *       ...
 *       -> e, es, s, ss, psk
 *
 *     offset  size    field
 *     0       32      e, in the clear
 *     32      32 + 16 s, encrypted
 *     80      n + 16  payload, encrypted
 *
 * What it lacks beside `IKpsk2` (handshake.ts): nobody answers, so whoever holds the receiver's static key and the psk
 * can write such a message in anybody's name; and only what the psk is made of can keep a message secret from a thief
 * of that key.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import { fixedLength } from '#lib/protocol.ts'
import type { Secret } from '#lib/secret.ts'
import { DH_BYTES, KEY_BYTES, type KeyPair, MAX_MESSAGE_BYTES, TAG_BYTES } from './primitives.ts'
import { SymmetricState } from './symmetric-state.ts'

/** The name that the handshake begins with: whoever speaks another protocol fails at the first tag. */
export const ONE_WAY_PROTOCOL_NAME = 'Noise_Xpsk1_25519_AESGCM_SHA256'

/** Bytes that the message adds to its payload: e, s and its tag, the payload's tag. */
export const ONE_WAY_OVERHEAD_BYTES = DH_BYTES + DH_BYTES + TAG_BYTES + TAG_BYTES

/**
 * Write the message: `-> e, es, s, ss, psk`.
 *
 * @param options.s - The writer's static key pair.
 * @param options.e - A fresh ephemeral key pair, for this message alone.
 * @param options.rs - The reader's static public key, 32 bytes.
 * @param options.psk - 32 bytes.
 * @param options.payload - At most 65,439 bytes.
 * @returns {@link ONE_WAY_OVERHEAD_BYTES} bytes and the payload's.
 * @throws SottoError `ERR_LOW_ORDER_KEY` if the reader's key is such.
 * @throws TypeError if the payload is longer.
 */
export function writeOneWay(options: {
  readonly prologue: Uint8Array
  readonly s: KeyPair
  readonly e: KeyPair
  readonly rs: Uint8Array
  readonly psk: Secret
  readonly payload: Uint8Array
}): Uint8Array {
  const { prologue, s, e, rs, psk, payload } = options
  if (payload.length > MAX_MESSAGE_BYTES - ONE_WAY_OVERHEAD_BYTES) {
    throw new TypeError(`a Noise message is at most ${MAX_MESSAGE_BYTES} bytes`)
  }
  const symmetric = begin(prologue, fixedLength(rs, DH_BYTES, 'static public key'))
  // -> e
  symmetric.mixHash(e.publicKey)
  symmetric.mixKey(e.publicKey)
  // es
  symmetric.mixKey(e.dh(rs))
  // s
  const encryptedStatic = symmetric.encryptAndHash(s.publicKey)
  // ss
  symmetric.mixKey(s.dh(rs))
  // psk
  symmetric.mixKeyAndHash(fixedLength(psk.reveal(), KEY_BYTES, 'psk'))
  return Buffer.concat([e.publicKey, encryptedStatic, symmetric.encryptAndHash(payload)])
}

/**
 * Read the message: `-> e, es, s, ss, psk`.
 *
 * @param options.s - The reader's static key pair.
 * @param options.psk - 32 bytes.
 * @param options.message - As it came. It is not changed.
 * @returns The payload, and the static public key of whoever wrote it.
 * @throws SottoError
 *   - `ERR_LETTER_MALFORMED` if the message has an impossible length,
 *   - `ERR_LOW_ORDER_KEY` if a key in it is such,
 *   - `ERR_DECRYPT` if it was not made for this reader, this prologue and this psk.
 */
export function readOneWay(options: {
  readonly prologue: Uint8Array
  readonly s: KeyPair
  readonly psk: Secret
  readonly message: Uint8Array
}): { readonly payload: Uint8Array; readonly remoteStatic: Uint8Array } {
  const { prologue, s, psk, message } = options
  if (message.length < ONE_WAY_OVERHEAD_BYTES || message.length > MAX_MESSAGE_BYTES) {
    throw new SottoError('ERR_LETTER_MALFORMED', 'a one-way message has an impossible length')
  }
  const endOfS = DH_BYTES + DH_BYTES + TAG_BYTES
  const symmetric = begin(prologue, s.publicKey)
  // -> e
  const re = message.subarray(0, DH_BYTES)
  symmetric.mixHash(re)
  symmetric.mixKey(re)
  // es
  symmetric.mixKey(s.dh(re))
  // s
  const remoteStatic = symmetric.decryptAndHash(message.subarray(DH_BYTES, endOfS))
  // ss
  symmetric.mixKey(s.dh(remoteStatic))
  // psk
  symmetric.mixKeyAndHash(fixedLength(psk.reveal(), KEY_BYTES, 'psk'))
  return { payload: symmetric.decryptAndHash(message.subarray(endOfS)), remoteStatic }
}

/** Initialize() of both roles: the name, the prologue, and the pre-message `<- s`. */
function begin(prologue: Uint8Array, readerStatic: Uint8Array): SymmetricState {
  const symmetric = new SymmetricState(ONE_WAY_PROTOCOL_NAME)
  symmetric.mixHash(prologue)
  symmetric.mixHash(readerStatic)
  return symmetric
}
