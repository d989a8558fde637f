/**
 * Memory that is given back before the garbage collector finds it.
 *
 * @module
 */

/** Bytes that are shorter may lie in the pool from which Node.js takes small buffers: each is less than half of it. */
const LEAST_BYTES = Buffer.poolSize / 2

/** The most that framing puts in front of a record in the same memory: 5 bytes of gRPC, and a tag and a length of protobuf. */
const FRAMING_BYTES = 16

/**
 * Give back the memory of bytes that nobody uses any more, now and not when the garbage collector comes by: at a hundred
 * megabytes a second, in buffers of 64 KiB, it would come by all the time, for memory that is cold by then. Bytes that
 * share their memory with others are left alone.
 *
 * @param bytes - Empty afterwards, as is every other view of the same memory.
 */
export function release({ buffer, byteOffset, byteLength }: Uint8Array): void {
  const isAlone = byteOffset <= FRAMING_BYTES && byteOffset + byteLength === buffer.byteLength
  if (isAlone && byteLength >= LEAST_BYTES && buffer instanceof ArrayBuffer) buffer.transfer(0)
}
