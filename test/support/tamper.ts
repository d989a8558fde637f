/**
 * Changes that an attacker on the wire can make to bytes.
 *
 * @module
 */

/** Yields each copy of the bytes with one bit flipped: 8 for each byte. */
export function* flips(bytes: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) yield flip(bytes, bit)
}

/**
 * A copy with one bit flipped for each byte, the bits in turn; every bit where `SLOW` is set. It is for tests that need
 * a handshake for each copy.
 */
export function* flipsOfEachByte(bytes: Uint8Array): Generator<Uint8Array> {
  if (process.env['SLOW']) yield* flips(bytes)
  else for (let index = 0; index < bytes.length; index += 1) yield flip(bytes, index * 8 + (index % 8))
}

/** How many copies {@link flipsOfEachByte} gives. */
export function flipsOf(bytes: Uint8Array): number {
  return bytes.length * (process.env['SLOW'] ? 8 : 1)
}

/** A copy with the given bit flipped. */
export function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  const index = Math.floor(bit / 8)
  copy[index] = (copy[index] ?? 0) ^ (1 << (bit % 8))
  return copy
}

/** Yields each shorter beginning of the bytes, the empty one included. */
export function* truncations(bytes: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < bytes.length; length += 1) yield bytes.subarray(0, length)
}

/** A view of the same bytes in the middle of a larger buffer, as a network library hands them out. */
export function insideLargerBuffer(bytes: Uint8Array): Uint8Array {
  const larger = Buffer.alloc(bytes.length + 64, 0xee)
  larger.set(bytes, 32)
  return larger.subarray(32, 32 + bytes.length)
}
