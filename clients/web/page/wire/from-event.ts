/**
 * A message of the protocol as the client tells of it, in the form in which the wire view takes it, which is that of a file.
 *
 * @module
 */
import {
  type TraceEvent,
  type TraceField,
  type TracePiece,
  type TraceSeal,
  TraceTone,
} from '#gen/web/sotto/agent/v1/agent_service.ts'
import { type Field, type Message, type Piece, SEAL_KINDS, type Seal } from '../../wire/trace-file.ts'

/** The message. @throws TypeError if it has a seal of a kind that this page, of an older client, does not know. */
export function messageOf({
  step,
  message,
  from,
  to,
  method,
  protection,
  bytes,
  fields,
  readableBy,
  seal,
  wire,
}: TraceEvent): Message {
  return {
    ...{ step, message, from, to, method, protection, readableBy },
    bytes: Number(bytes),
    fields: fields.map(fieldOf),
    ...(seal !== undefined && { seal: sealOf(seal) }),
    ...(wire.length > 0 && { wire: wire.map(pieceOf) }),
  }
}

function fieldOf({ name, value, fingerprint, note, tone, bytes, inside, seal }: TraceField): Field {
  return {
    name,
    tone: tone === TraceTone.SECRET ? 'secret' : tone === TraceTone.SEALED ? 'sealed' : 'plain',
    ...(value !== '' && { value }),
    ...(fingerprint !== '' && { fingerprint }),
    ...(note !== '' && { note }),
    ...(bytes !== undefined && { bytes: Number(bytes) }),
    ...(inside.length > 0 && { inside: inside.map(fieldOf) }),
    ...(seal !== undefined && { seal: sealOf(seal) }),
  }
}

function pieceOf({ field, bytes, value }: TracePiece): Piece {
  // A secret has a size, and no bytes.
  const isShown = value.length > 0 || bytes === 0n
  return { bytes: Number(bytes), ...(field !== '' && { field }), ...(isShown && { value: digitsOf(value) }) }
}

function sealOf({ kind, by, for: reader }: TraceSeal): Seal {
  const known = SEAL_KINDS.find((each) => each === kind)
  if (known === undefined) throw new TypeError('a seal is of an unknown kind')
  return { kind: known, by, for: reader }
}

function digitsOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
