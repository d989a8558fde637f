/**
 * The trace as JSON: each value whole and as what it is, bytes as all of their hexadecimal digits, and what is said about
 * a value in a field of its own.
 *
 * @module
 */
import type { TraceEvent, TraceField, TraceValue } from './trace.ts'

/** An event as an object that JSON can carry. */
export function traceJson({ fields, ...event }: TraceEvent): object {
  return { type: 'trace', ...event, fields: fields.map(fieldJson) }
}

function fieldJson({ value, inside, ...field }: TraceField): object {
  return {
    ...field,
    ...(value !== undefined && { value: valueJson(value) }),
    ...(inside !== undefined && { inside: inside.map(fieldJson) }),
  }
}

/** A number that JSON readers would round is its digits, as in the JSON of protobuf. */
function valueJson(value: TraceValue): string | number | boolean {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no time' : value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (typeof value !== 'bigint') return value
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value)
}
