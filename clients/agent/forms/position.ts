/**
 * The place of a message in its conversation as one number: programs compare it, and learn nothing else from it.
 *
 *     batch * 2^20 + index
 *
 * @module
 */
import type { Position } from '../../store/reading/messages.ts'

/** More than a batch can have: it is of one record or one write, of at most 1 MiB, and no event is empty. */
const INDEX_BITS = 20n

export function positionForm({ batch, index }: Position): bigint {
  return (BigInt(batch) << INDEX_BITS) | BigInt(index)
}

/** The position of a number, whether or not anything is there. */
export function positionOf(form: bigint): Position {
  return { batch: Number(form >> INDEX_BITS), index: Number(form & ((1n << INDEX_BITS) - 1n)) }
}
