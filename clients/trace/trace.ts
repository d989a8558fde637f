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

/**
 * The five messages: Login and its answer, RequestChat and its answer, and the conversation itself. What goes by letter
 * stands in the place of the last three.
 */
export type TraceStep = 1 | 2 | 3 | 4 | 5

export interface TraceEvent {
  readonly step: TraceStep
  /** The message's name in its contract. */
  readonly message: string
  /** A person's name, `auth`, `directory` or `mailbox`. */
  readonly from: string
  readonly to: string
  /** The method that carries it. */
  readonly method: string
  /** The protection on its way. */
  readonly protection: string
  /** Its size, in bytes, as gRPC carries it. */
  readonly bytes: number
  readonly fields: readonly TraceField[]
  /** The sentence that says who could read what of it. */
  readonly readableBy: string
  /** The seal around all of it on its way; none where it travels in the clear. */
  readonly seal?: Seal
  /** The message as gRPC carries it, piece by piece. */
  readonly wire?: readonly WirePiece[]
}

/** The kinds of seals: what opens each, docs/protocol.md says under its name. */
export type SealKind = 'tls' | 'ticket' | 'grant' | 'identity' | 'channel' | 'letter'

/** The name of the mailbox, as of a party. */
export const MAILBOX = 'mailbox'

/** Whether an event is of a conversation, whose other end tells of it, too. */
export function isOfConversation({ step, from, to }: Pick<TraceEvent, 'step' | 'from' | 'to'>): boolean {
  return step === 5 && from !== MAILBOX && to !== MAILBOX
}

/** A seal around a message or a field: who made it, and for whom. These two read what is inside. */
export interface Seal {
  readonly kind: SealKind
  readonly by: string
  readonly for: string
}

/** How calls to services are protected. */
export const TLS = 'TLS 1.3'

/** The seal around such a call, or its answer. */
export function tls(from: string, to: string): Seal {
  return { kind: 'tls', by: from, for: to }
}

/** Bytes of a message that belong together: a field, or what stands in front of fields. */
export interface WirePiece {
  /** The field, as its contract names it; undefined for tags and lengths. */
  readonly field?: string
  /** How many there are. */
  readonly bytes: number
  /** The bytes themselves, {@link MAX_PIECE_BYTES} of them at most; a secret where nobody may see them. */
  readonly value: Uint8Array | Secret
}

/** The kind of a field: what anybody at either end may know, a secret, or something sealed for somebody. */
export type TraceTone = 'plain' | 'secret' | 'sealed'

/** A value as it is: bytes are drawn by their first digits, and written as JSON in all of them. */
export type TraceValue = string | number | bigint | boolean | Date | Uint8Array

export interface TraceField {
  readonly name: string
  /** The whole value. Left out if it is not to be shown, or has no form but its parts. */
  readonly value?: TraceValue
  /** The fingerprint of a secret, in place of its value: whoever holds the same one has the same eight digits. */
  readonly fingerprint?: string
  /** The secret itself: nobody is shown it but where the keys are thrown away (json.ts). */
  readonly secret?: Secret
  /** The note about it, for people. */
  readonly note?: string
  readonly tone: TraceTone
  /** The size in bytes, if a size tells something. */
  readonly bytes?: number
  /** The seal around what is inside, if there is one. */
  readonly seal?: Seal
  /** The fields inside, if this end can open it or it is made of parts. */
  readonly inside?: readonly TraceField[]
}

/**
 * Takes each event as it happens; undefined where nobody asked for a trace, so that none is made. Where somebody may ask
 * later, it says whether nobody does now: whoever would make many events looks before. That of a demo may reveal what the
 * handshakes keep to themselves, and have what the services are asked and answer wait.
 */
export type Trace =
  | (((event: TraceEvent) => void) & {
      readonly isOff?: () => boolean
      readonly reveals?: boolean
      readonly wait?: (event: TraceEvent) => Promise<void>
    })
  | undefined

/** Tell of a message once it may pass. @param event - Makes it, where somebody asks for it. */
export async function tellInTurn(trace: Trace, event: () => TraceEvent): Promise<void> {
  if (trace === undefined || trace.isOff?.() === true) return
  const made = event()
  await trace.wait?.(made)
  trace(made)
}

/** A field that both ends of the message know. */
export function plain(name: string, value: TraceValue, note?: string): TraceField {
  return { name, value, tone: 'plain', ...(note !== undefined && { note }) }
}

/** How many letters a call is about whose messages are told of one by one; nothing of a single one. */
export function togetherFields(letters: number): TraceField[] {
  return letters === 1 ? [] : [plain('together', letters, 'letters to different people, in one call')]
}

/** A field of bytes that are not secret, such as a key's public half. */
export function bytesField(name: string, bytes: Uint8Array, note?: string): TraceField {
  return { ...plain(name, bytes, note), bytes: bytes.length }
}

/** A field without a value: it is only told of. */
export function noted(name: string, note: string, tone: TraceTone, bytes?: number): TraceField {
  return { name, note, tone, ...(bytes !== undefined && { bytes }) }
}

/** A secret that not even a fingerprint is shown of: somebody might guess it. */
export function hiddenField(name: string, note: string, secret: Uint8Array | string): TraceField {
  return {
    ...noted(name, note, 'secret'),
    secret: Secret.of(typeof secret === 'string' ? Buffer.from(secret) : secret),
  }
}

/** A secret, by its fingerprint. */
export function secretField(name: string, secret: Secret | Uint8Array, note: string): TraceField {
  const held = secret instanceof Secret ? secret : Secret.of(secret)
  return { name, fingerprint: held.fingerprint(), secret: held, note, tone: 'secret', bytes: held.length }
}

/**
 * A field for something that only those for whom it is sealed can open.
 *
 * @param sealed - As it travels; or its size in bytes, where it is of the whole message.
 */
export function sealedField(
  name: string,
  note: string,
  seal: Seal,
  sealed: Uint8Array | number,
  inside?: readonly TraceField[],
): TraceField {
  const form = typeof sealed === 'number' ? { bytes: sealed } : { value: sealed, bytes: sealed.length }
  return { name, note, tone: 'sealed', seal, ...form, ...(inside !== undefined && { inside }) }
}
