/**
 * Hello and Welcome, the two messages of the handshake, as far as anybody can read them (docs/protocol.md, section 4.1).
 *
 * @module
 */
import { HelloClear } from '#gen/sotto/peer/v1/handshake.ts'
import { SottoError } from '#lib/errors.ts'
import { MESSAGE_1_BYTES, MESSAGE_2_BYTES } from '#lib/noise/handshake.ts'
import { PROTOCOL_VERSION, SUITE } from '#lib/protocol.ts'
import { ENCAPSULATION_KEY_BYTES, KEM_CIPHERTEXT_BYTES } from './kem.ts'

/** The most that a receiver reads of the clear part of a Hello, in bytes; one of this version has 1,752. */
export const MAX_CLEAR_BYTES = 4_096

/** The source of random bytes: node:crypto's `randomBytes`, or a test's own. */
export type RandomBytes = (length: number) => Uint8Array

/** The bytes of a Hello, as they came. */
export interface HelloBytes {
  readonly clear: Uint8Array
  readonly noiseMessage: Uint8Array
}

/** The bytes of a Welcome, as they came. */
export interface WelcomeBytes {
  readonly kemCiphertext: Uint8Array
  readonly noiseMessage: Uint8Array
}

/** Encode the clear part of a Hello of this version. */
export function encodeClear(fields: {
  readonly instanceId: Uint8Array
  readonly ticket: Uint8Array
  readonly encapsulationKey: Uint8Array
}): Uint8Array {
  return HelloClear.encode({
    version: PROTOCOL_VERSION,
    suite: SUITE,
    instanceId: Buffer.from(fields.instanceId),
    ticket: Buffer.from(fields.ticket),
    encapsulationKey: Buffer.from(fields.encapsulationKey),
  }).finish()
}

/**
 * Decode the clear part of a Hello, of whatever version.
 *
 * @throws SottoError `ERR_HELLO_MALFORMED` if it is too long, or no such message.
 */
export function decodeClear(clear: Uint8Array): HelloClear {
  if (clear.length > MAX_CLEAR_BYTES) throw malformed('the clear part of a Hello is too long')
  try {
    return HelloClear.decode(clear)
  } catch (cause) {
    throw malformed('the clear part of a Hello cannot be read', cause)
  }
}

/** @throws SottoError `ERR_HELLO_VERSION` unless the Hello, or the letter, is of this version, and of its suite. */
export function checkVersion({ version, suite }: Pick<HelloClear, 'version' | 'suite'>): void {
  if (version === PROTOCOL_VERSION && suite === SUITE) return
  throw new SottoError('ERR_HELLO_VERSION', 'the other end speaks another version of the protocol', {
    hint: 'the two ends need the same version of sotto',
  })
}

/** @throws SottoError `ERR_HELLO_MALFORMED` unless the parts that the handshake takes have the lengths of this version. */
export function checkHelloLengths({ encapsulationKey }: HelloClear, { noiseMessage }: HelloBytes): void {
  if (encapsulationKey.length === ENCAPSULATION_KEY_BYTES && noiseMessage.length === MESSAGE_1_BYTES) return
  throw malformed('a part of the Hello has another length')
}

/** @throws SottoError `ERR_HELLO_MALFORMED` unless a Welcome's parts have the lengths of this version. */
export function checkWelcomeLengths({ kemCiphertext, noiseMessage }: WelcomeBytes): void {
  if (kemCiphertext.length === KEM_CIPHERTEXT_BYTES && noiseMessage.length === MESSAGE_2_BYTES) return
  throw malformed('a part of the Welcome has another length')
}

function malformed(message: string, cause?: unknown): SottoError {
  return new SottoError('ERR_HELLO_MALFORMED', message, { cause })
}
