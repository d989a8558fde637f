/**
 * The trace: what `--trace` tells of each of the five messages as it happens.
 *
 * An event describes one message well enough to draw it or to write it as JSON: who says it to whom, its fields, which
 * of them are sealed and for whom, its size, and who could read it. Secrets stand in it as fingerprints, texts as sizes:
 * whatever becomes of a trace, it gives nothing away.
 *
 * @module
 */
import { Secret } from '#lib/secret.ts'

/** The five messages: Login and its answer, RequestChat and its answer, and the conversation itself. */
export type TraceStep = 1 | 2 | 3 | 4 | 5

export interface TraceEvent {
  readonly step: TraceStep
  /** The message's name in its contract. */
  readonly message: string
  /** A person's name, `auth` or `directory`. */
  readonly from: string
  readonly to: string
  /** The method that carries it. */
  readonly method: string
  /** What protects it on its way. */
  readonly protection: string
  /** Its size, in bytes, as gRPC carries it. */
  readonly bytes: number
  readonly fields: readonly TraceField[]
  /** Who could read what of it, in a sentence. */
  readonly readableBy: string
}

/** How a field is meant: what anybody at either end may know, a secret, or something sealed for somebody. */
export type TraceTone = 'plain' | 'secret' | 'sealed'

export interface TraceField {
  readonly name: string
  readonly value: string
  readonly tone: TraceTone
  /** In bytes, where a size tells something. */
  readonly bytes?: number
  /** What is inside, where this end can open it, or what it is made of. */
  readonly inside?: readonly TraceField[]
}

/** Takes each event as it happens; undefined where nobody asked for a trace, so that none is made. */
export type Trace = ((event: TraceEvent) => void) | undefined

/** How much of a value is shown, in bytes: enough to see at a glance that two are the same. */
const SHOWN_BYTES = 8

/** A field that both ends of the message know. */
export function plain(name: string, value: string | number | bigint | boolean | Date, bytes?: number): TraceField {
  const shown = value instanceof Date ? value.toISOString() : String(value)
  return { name, value: shown, tone: 'plain', ...(bytes !== undefined && { bytes }) }
}

/** A field of bytes that are not secret, such as a key's public half, as hexadecimal digits. */
export function bytesField(name: string, bytes: Uint8Array, meaning = ''): TraceField {
  const digits = Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString('hex')
  const shown = bytes.length <= SHOWN_BYTES ? digits : `${digits}…`
  return { name, value: meaning === '' ? shown : `${shown}  ${meaning}`, tone: 'plain', bytes: bytes.length }
}

/** A secret, by its fingerprint: whoever holds the same one shows the same eight digits. */
export function secretField(name: string, secret: Secret | Uint8Array, meaning: string): TraceField {
  const held = secret instanceof Secret ? secret : Secret.of(secret)
  return { name, value: `fingerprint ${held.fingerprint()}  ${meaning}`, tone: 'secret', bytes: held.length }
}

/** Something that only those for whom it is sealed can open. */
export function sealedField(name: string, meaning: string, bytes: number, inside?: readonly TraceField[]): TraceField {
  return { name, value: meaning, tone: 'sealed', bytes, ...(inside !== undefined && { inside }) }
}
