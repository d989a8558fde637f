/**
 * A profile key under a passphrase: the content of `profile.key` where there is one. (Without, it is the 32 bytes of the
 * key alone, and the two differ by their length.)
 *
 *     offset  size  field
 *     0       1     version     1
 *     1       4     memory      KiB, unsigned, big-endian; as are the next two
 *     5       1     passes
 *     6       1     lanes
 *     7       16    salt        random, drawn at each writing, as the nonce is
 *     23      12    nonce
 *     35      32    ciphertext  the profile key; nonce, ciphertext and tag are those of lib/aead.ts
 *     67      16    tag
 *     83      8     checksum    the first bytes of SHA-256(label || bytes 0 to 82)
 *
 * The wrapping key is argon2id (RFC 9106) of the passphrase as lib/typed-secret.ts prepares it, 32 bytes; the associated
 * data are the label and bytes 0 to 34. The checksum guards against nothing but accidents: it tells a damaged file from a wrong
 * passphrase, before anybody is asked. docs/protocol.md, section 11.
 *
 * @module
 */
import { argon2, createHash, randomBytes } from 'node:crypto'
import { KEY_BYTES, NONCE_BYTES, OVERHEAD_BYTES, openBytes, sealBytes } from '#lib/aead.ts'
import { SottoError } from '#lib/errors.ts'
import { Secret } from '#lib/secret.ts'
import { prepareTypedSecret } from '#lib/typed-secret.ts'
import { PROFILE_KEY_BYTES } from './seal.ts'

/** The cost of trying a passphrase. */
export interface WrappingCost {
  /** KiB. */
  readonly memoryKib: number
  readonly passes: number
  readonly lanes: number
}

/**
 * 128 MiB, 3 passes, 4 lanes: twice the memory of the second choice of RFC 9106, section 4. Half a second of one core,
 * as measured on two cores of a virtual machine.
 */
export const WRAPPING_COST: WrappingCost = { memoryKib: 128 * 1024, passes: 3, lanes: 4 }

/** The most that a file may ask for, so that one that was tampered with cannot take the machine down: 1 GiB. */
export const MAX_MEMORY_KIB = 1024 * 1024

/** Likewise, for time: at the most memory, some twenty seconds. */
export const MAX_PASSES = 16
export const MAX_LANES = 16

const VERSION = 1
const LABEL = Buffer.from('sotto profile key v1', 'ascii')
const PASSES_OFFSET = 5
const LANES_OFFSET = 6
const SALT_OFFSET = 7
const NONCE_OFFSET = 23
const CIPHERTEXT_OFFSET = NONCE_OFFSET + NONCE_BYTES
const CHECKSUM_OFFSET = NONCE_OFFSET + PROFILE_KEY_BYTES + OVERHEAD_BYTES

/** Bytes of a wrapped key. */
export const WRAPPED_KEY_BYTES = CHECKSUM_OFFSET + 8

/** Wrap a profile key under a passphrase. Salt and nonce are drawn here, because nothing but fresh ones will do. */
export async function wrapKey(
  key: Secret,
  passphrase: Secret,
  cost: WrappingCost = WRAPPING_COST,
): Promise<Uint8Array> {
  const header = Buffer.alloc(CIPHERTEXT_OFFSET)
  header[0] = VERSION
  header.writeUInt32BE(cost.memoryKib, 1)
  header[PASSES_OFFSET] = cost.passes
  header[LANES_OFFSET] = cost.lanes
  randomBytes(CIPHERTEXT_OFFSET - SALT_OFFSET).copy(header, SALT_OFFSET)
  const wrappingKey = await deriveWrappingKey(prepareTypedSecret(passphrase), header)
  const sealed = sealBytes(wrappingKey, header.subarray(NONCE_OFFSET), associatedData(header), key.reveal())
  const checked = Buffer.concat([header.subarray(0, NONCE_OFFSET), sealed])
  return Buffer.concat([checked, checksumOf(checked)])
}

/** Whether this is a wrapped key, whole, and at a cost within the limits. What it holds is not looked at. */
export function isWrappedKey(content: Uint8Array): boolean {
  if (content.length !== WRAPPED_KEY_BYTES || content[0] !== VERSION) return false
  if (!checksumOf(content.subarray(0, CHECKSUM_OFFSET)).equals(content.subarray(CHECKSUM_OFFSET))) return false
  const { memoryKib, passes, lanes } = costOf(content)
  // RFC 9106, section 3.1: a lane needs 8 KiB, and there is one pass at least.
  const isEnough = lanes >= 1 && memoryKib >= 8 * lanes && passes >= 1
  return isEnough && memoryKib <= MAX_MEMORY_KIB && passes <= MAX_PASSES && lanes <= MAX_LANES
}

/**
 * Unwrap a profile key.
 *
 * @param wrapped - One of which {@link isWrappedKey} is true.
 * @throws SottoError `ERR_PASSPHRASE` if it is another passphrase, or somebody has tampered with the file.
 */
export async function unwrapKey(wrapped: Uint8Array, passphrase: Secret): Promise<Secret> {
  if (!isWrappedKey(wrapped)) throw new TypeError('not a wrapped key')
  const header = wrapped.subarray(0, CIPHERTEXT_OFFSET)
  const sealed = wrapped.subarray(NONCE_OFFSET, CHECKSUM_OFFSET)
  for (const form of formsOf(passphrase)) {
    const key = openBytes(await deriveWrappingKey(form, header), associatedData(header), sealed)
    if (key !== undefined) return Secret.of(key, PROFILE_KEY_BYTES)
  }
  throw new SottoError('ERR_PASSPHRASE', 'the passphrase is wrong', {
    hint: 'try again; nothing was changed. It is that of sotto passphrase, not the password of sotto login',
  })
}

/** @param header - All that comes before the ciphertext, the nonce included. */
function associatedData(header: Uint8Array): Uint8Array {
  return Buffer.concat([LABEL, header])
}

/**
 * The forms in which a file may have a passphrase; an older file, from before spaces were made alike, has it in NFC
 * alone.
 */
function formsOf(passphrase: Secret): Secret[] {
  const prepared = prepareTypedSecret(passphrase)
  const former = Secret.of(Buffer.from(Buffer.from(passphrase.reveal()).toString('utf8').normalize('NFC'), 'utf8'))
  return prepared.equals(former) ? [prepared] : [prepared, former]
}

function deriveWrappingKey(passphrase: Secret, header: Uint8Array): Promise<Secret> {
  const { memoryKib: memory, passes, lanes: parallelism } = costOf(header)
  const nonce = header.subarray(SALT_OFFSET, NONCE_OFFSET)
  const { promise, resolve, reject } = Promise.withResolvers<Secret>()
  argon2(
    'argon2id',
    { message: passphrase.reveal(), nonce, memory, passes, parallelism, tagLength: KEY_BYTES },
    (error, key) => (error ? reject(error) : resolve(Secret.of(key))),
  )
  return promise
}

function costOf(header: Uint8Array): WrappingCost {
  const [memoryKib, passes, lanes] = [Buffer.from(header).readUInt32BE(1), header[PASSES_OFFSET], header[LANES_OFFSET]]
  return { memoryKib, passes: passes ?? 0, lanes: lanes ?? 0 }
}

function checksumOf(bytes: Uint8Array): Buffer {
  return createHash('sha256')
    .update(LABEL)
    .update(bytes)
    .digest()
    .subarray(0, WRAPPED_KEY_BYTES - CHECKSUM_OFFSET)
}
