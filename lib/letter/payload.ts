/**
 * The payload of a letter, padded to one of five sizes, so that a letter shows its length only roughly
 * (docs/protocol.md, section 13.4).
 *
 *     offset  size          field
 *     0       2             length  n, unsigned, big-endian
 *     2       n             body    a RecordBody
 *     2 + n   the rest      zeros   up to 256, 1,024, 4,096, 16,384 or 61,440 bytes
 *
 * @module
 */

/** The sizes of a payload, in bytes: 256 B, 1, 4, 16 and 60 KiB. A Noise message has room for the largest. */
export const PAYLOAD_SIZES = [256, 1_024, 4_096, 16_384, 61_440] as const

/** Bytes of the length in front. */
const LENGTH_BYTES = 2

/** The largest body, in bytes. */
export const MAX_LETTER_BODY_BYTES = 61_440 - LENGTH_BYTES

/**
 * Pad a body to the smallest size that it fits in.
 *
 * @param body - 0 to {@link MAX_LETTER_BODY_BYTES} bytes; copied.
 * @returns As many bytes as one of {@link PAYLOAD_SIZES}.
 * @throws TypeError if the body is longer: whoever took the events counted wrong.
 */
export function padPayload(body: Uint8Array): Uint8Array {
  const size = PAYLOAD_SIZES.find((each) => each - LENGTH_BYTES >= body.length)
  if (size === undefined) throw new TypeError(`a body of ${body.length} bytes does not fit in a letter`)
  const padded = Buffer.alloc(size)
  padded.writeUInt16BE(body.length, 0)
  padded.set(body, LENGTH_BYTES)
  return padded
}

/**
 * Take the body out again.
 *
 * @returns A view of the body, or undefined if these bytes are not what {@link padPayload} makes: another size, one that
 *   is larger than need be, a length that does not fit, anything but zeros after the body.
 */
export function unpadPayload(payload: Uint8Array): Uint8Array | undefined {
  const end = LENGTH_BYTES + (((payload[0] ?? 0) << 8) | (payload[1] ?? 0))
  if (payload.length !== PAYLOAD_SIZES.find((each) => each >= end)) return undefined
  if (payload.subarray(end).some((byte) => byte !== 0)) return undefined
  return payload.subarray(LENGTH_BYTES, end)
}
