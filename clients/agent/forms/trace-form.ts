/**
 * The trace as the contract has it. A secret stands in it as its fingerprint, as in every trace.
 *
 * @module
 */
import {
  type TraceEvent as EventForm,
  type TraceField as FieldForm,
  TraceTone as ToneForm,
} from '#gen/sotto/agent/v1/agent_service.ts'
import type { TraceEvent, TraceField, TraceTone, TraceValue } from '../../trace/trace.ts'

const TONES: Readonly<Record<TraceTone, ToneForm>> = {
  plain: ToneForm.UNSPECIFIED,
  secret: ToneForm.SECRET,
  sealed: ToneForm.SEALED,
}

export function traceForm({ bytes, fields, ...event }: TraceEvent, at: Date): EventForm {
  return { ...event, bytes: BigInt(bytes), fields: fields.map(fieldForm), at }
}

function fieldForm({ name, value, fingerprint = '', note = '', tone, bytes, inside = [] }: TraceField): FieldForm {
  return {
    name,
    value: value === undefined ? '' : valueText(value),
    fingerprint,
    note,
    tone: TONES[tone],
    bytes: bytes === undefined ? undefined : BigInt(bytes),
    inside: inside.map(fieldForm),
  }
}

function valueText(value: TraceValue): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no time' : value.toISOString()
  return String(value)
}
