/**
 * Padding to one size, so that a sealed body shows neither how long a name is nor which fields are set.
 *
 *     offset  size     field
 *     0       2        length  n, unsigned, big-endian, at most 510
 *     2       n        body
 *     2 + n   510 - n  zeros
 *
 * Byte for byte: docs/protocol.md, section 3.1.
 *
 * @module
 */

/** Bytes of every padded body. */
export const PADDED_BYTES = 512

/** Bytes of the length in front. */
const LENGTH_BYTES = 2

/** The largest body, in bytes. */
export const MAX_BODY_BYTES = PADDED_BYTES - LENGTH_BYTES

/**
 * Pad a body.
 *
 * @param body - 0 to {@link MAX_BODY_BYTES} bytes; copied.
 * @returns {@link PADDED_BYTES} bytes.
 * @throws TypeError if the body is longer: the limits of its fields leave room.
 */
export function pad(body: Uint8Array): Uint8Array {
  if (body.length > MAX_BODY_BYTES) throw new TypeError(`a body of ${body.length} bytes does not fit`)
  const padded = Buffer.alloc(PADDED_BYTES)
  padded.writeUInt16BE(body.length, 0)
  padded.set(body, LENGTH_BYTES)
  return padded
}

/**
 * Take the body out again.
 *
 * @returns A view of the body, or undefined if these bytes are not what {@link pad} makes: another size, a length that
 *   does not fit, anything but zeros after the body.
 */
export function unpad(padded: Uint8Array): Uint8Array | undefined {
  if (padded.length !== PADDED_BYTES) return undefined
  const end = LENGTH_BYTES + (((padded[0] ?? 0) << 8) | (padded[1] ?? 0))
  if (end > PADDED_BYTES || padded.subarray(end).some((byte) => byte !== 0)) return undefined
  return padded.subarray(LENGTH_BYTES, end)
}
