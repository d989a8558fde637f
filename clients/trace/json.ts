/**
 * The trace as JSON: each value whole and as what it is, bytes as all of their hexadecimal digits, and what is said about
 * a value in a field of its own. Secrets are their fingerprints, unless they are to be revealed.
 *
 * @module
 */
import { Secret } from '#lib/secret.ts'
import type { TraceEvent, TraceField, TraceValue, WirePiece } from './trace.ts'

export interface TraceJsonOptions {
  /** Write secrets whole, in their hexadecimal digits: for a demo alone, whose keys are thrown away. */
  readonly reveal?: boolean
}

/** An event as an object that JSON can carry. */
export function traceJson(
  { fields, wire, ...event }: TraceEvent,
  { reveal = false }: TraceJsonOptions = {},
): Record<string, unknown> {
  return {
    type: 'trace',
    ...event,
    fields: fields.map((field) => fieldJson(field, reveal)),
    ...(wire !== undefined && { wire: wire.map((piece) => pieceJson(piece, reveal)) }),
  }
}

function fieldJson({ value, inside, secret, ...field }: TraceField, reveal: boolean): object {
  return {
    ...field,
    ...(value !== undefined && { value: valueJson(value) }),
    ...(reveal && secret !== undefined && { value: valueJson(secret.reveal()) }),
    ...(inside !== undefined && { inside: inside.map((field) => fieldJson(field, reveal)) }),
  }
}

/** A piece of the message; of a secret only how many bytes it has. */
function pieceJson({ value, ...piece }: WirePiece, reveal: boolean): object {
  if (!(value instanceof Secret)) return { ...piece, value: valueJson(value) }
  return reveal ? { ...piece, value: valueJson(value.reveal()) } : piece
}

/** A number that JSON readers would round is its digits, as in the JSON of protobuf. */
function valueJson(value: TraceValue): string | number | boolean {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no time' : value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (typeof value !== 'bigint') return value
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value)
}
