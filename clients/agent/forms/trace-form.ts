/**
 * The trace as the contract has it. A secret stands in it as its fingerprint, as in every trace.
 *
 * @module
 */
import {
  type TraceEvent as EventForm,
  type TraceField as FieldForm,
  type TracePiece as PieceForm,
  TraceTone as ToneForm,
} from '#gen/sotto/agent/v1/agent_service.ts'
import { Secret } from '#lib/secret.ts'
import type { TraceEvent, TraceField, TraceTone, TraceValue, WirePiece } from '../../trace/trace.ts'

const TONES: Readonly<Record<TraceTone, ToneForm>> = {
  plain: ToneForm.UNSPECIFIED,
  secret: ToneForm.SECRET,
  sealed: ToneForm.SEALED,
}

export function traceForm({ bytes, fields, seal, wire = [], ...event }: TraceEvent, at: Date): EventForm {
  return { ...event, bytes: BigInt(bytes), fields: fields.map(fieldForm), at, seal, wire: wire.map(pieceForm) }
}

function pieceForm({ field = '', bytes, value }: WirePiece): PieceForm {
  return { field, bytes: BigInt(bytes), value: value instanceof Secret ? NOTHING : Buffer.from(value) }
}

const NOTHING = Buffer.alloc(0)

function fieldForm({
  name,
  value,
  fingerprint = '',
  note = '',
  tone,
  bytes,
  inside = [],
  seal,
}: TraceField): FieldForm {
  return {
    name,
    value: value === undefined ? '' : valueText(value),
    fingerprint,
    note,
    tone: TONES[tone],
    bytes: bytes === undefined ? undefined : BigInt(bytes),
    inside: inside.map(fieldForm),
    seal,
  }
}

function valueText(value: TraceValue): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no time' : value.toISOString()
  return String(value)
}
