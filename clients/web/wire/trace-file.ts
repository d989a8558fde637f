/**
 * A trace as a file: the lines that `--trace --json` writes, which anybody may have made. Nothing in it is believed to be
 * well formed before {@link readTrace} has said so.
 *
 * @module
 */

export const SEAL_KINDS = ['tls', 'ticket', 'grant', 'identity', 'channel', 'letter'] as const
export type SealKind = (typeof SEAL_KINDS)[number]

/** Who sealed it, and for whom. */
export interface Seal {
  readonly kind: SealKind
  readonly by: string
  readonly for: string
}

export interface Field {
  readonly name: string
  /** Bytes in hexadecimal digits. */
  readonly value?: string | number | boolean
  readonly fingerprint?: string
  readonly note?: string
  readonly tone: 'plain' | 'secret' | 'sealed'
  readonly bytes?: number
  readonly seal?: Seal
  readonly inside?: readonly Field[]
}

/** Bytes that belong together: a field, or what stands in front of fields. */
export interface Piece {
  readonly field?: string
  readonly bytes: number
  /** In hexadecimal digits, the first of them where there are many; none for a secret. */
  readonly value?: string
}

/** One message, as docs/scripting.md has a line of the trace. */
export interface Message {
  readonly step: number
  readonly message: string
  readonly from: string
  readonly to: string
  readonly method: string
  readonly protection: string
  readonly bytes: number
  readonly fields: readonly Field[]
  readonly readableBy: string
  readonly seal?: Seal
  readonly wire?: readonly Piece[]
}

/** The most messages of a file that are shown: what is over stands for the same again. */
export const MAX_MESSAGES = 2_000

/** How deep fields may stand in fields; ours stand two deep. */
const MAX_DEPTH = 8

/**
 * The messages of a trace. Lines that are of something else, such as notices, are passed over.
 *
 * @throws TypeError that names the line, if one is no JSON or a message of it lacks what every message has.
 */
export function readTrace(text: string): Message[] {
  const messages: Message[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (!line.startsWith('{')) continue
    if (messages.length === MAX_MESSAGES) break
    try {
      const value: unknown = JSON.parse(line)
      if (isObject(value) && value['type'] === 'trace') messages.push(messageOf(value))
    } catch (cause) {
      throw new TypeError(`line ${index + 1} is no line of a trace: ${cause instanceof Error ? cause.message : ''}`, {
        cause,
      })
    }
  }
  return messages
}

/** The same messages as such a file. */
export function writeTrace(messages: readonly Message[]): string {
  return messages.map((message) => `${JSON.stringify({ type: 'trace', ...message })}\n`).join('')
}

type Unknown = Readonly<Record<string, unknown>>

function messageOf(value: Unknown): Message {
  return {
    step: numberIn(value, 'step'),
    ...textsIn(value, ['message', 'from', 'to', 'method', 'protection', 'readableBy']),
    bytes: numberIn(value, 'bytes'),
    fields: listIn(value, 'fields').map((field) => fieldOf(field, 0)),
    ...(value['seal'] !== undefined && { seal: sealOf(value['seal']) }),
    ...(value['wire'] !== undefined && { wire: listIn(value, 'wire').map(pieceOf) }),
  }
}

function fieldOf(value: unknown, depth: number): Field {
  const field = objectOf(value, 'a field')
  const { tone, value: content } = field
  if (tone !== 'plain' && tone !== 'secret' && tone !== 'sealed') throw new TypeError('a field has an unknown tone')
  if (depth > MAX_DEPTH) throw new TypeError('fields stand too deep in fields')
  if (content !== undefined && !['string', 'number', 'boolean'].includes(typeof content)) {
    throw new TypeError('the value of a field is neither text nor number')
  }
  return {
    ...textsIn(field, ['name']),
    tone,
    ...(content !== undefined && { value: content as string | number | boolean }),
    ...(field['fingerprint'] !== undefined && textsIn(field, ['fingerprint'])),
    ...(field['note'] !== undefined && textsIn(field, ['note'])),
    ...(field['bytes'] !== undefined && { bytes: numberIn(field, 'bytes') }),
    ...(field['seal'] !== undefined && { seal: sealOf(field['seal']) }),
    ...(field['inside'] !== undefined && {
      inside: listIn(field, 'inside').map((inner) => fieldOf(inner, depth + 1)),
    }),
  }
}

function sealOf(value: unknown): Seal {
  const seal = objectOf(value, 'a seal')
  const kind = SEAL_KINDS.find((known) => known === seal['kind'])
  if (kind === undefined) throw new TypeError('a seal is of an unknown kind')
  return { kind, ...textsIn(seal, ['by', 'for']) }
}

function pieceOf(value: unknown): Piece {
  const piece = objectOf(value, 'a piece')
  const digits = piece['value']
  if (digits !== undefined && (typeof digits !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(digits))) {
    throw new TypeError('the bytes of a piece are no hexadecimal digits')
  }
  return {
    bytes: numberIn(piece, 'bytes'),
    ...(piece['field'] !== undefined && textsIn(piece, ['field'])),
    ...(digits !== undefined && { value: digits }),
  }
}

function isObject(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function objectOf(value: unknown, what: string): Unknown {
  if (!isObject(value)) throw new TypeError(`${what} is no object`)
  return value
}

function listIn(value: Unknown, name: string): readonly unknown[] {
  const list = value[name]
  if (!Array.isArray(list)) throw new TypeError(`${name} is no list`)
  return list
}

function numberIn(value: Unknown, name: string): number {
  const number = value[name]
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) {
    throw new TypeError(`${name} is no number of anything`)
  }
  return number
}

function textsIn<Name extends string>(value: Unknown, names: readonly Name[]): Record<Name, string> {
  const texts = names.map((name) => {
    const text = value[name]
    if (typeof text !== 'string') throw new TypeError(`${name} is no text`)
    return [name, text] as const
  })
  return Object.fromEntries(texts) as Record<Name, string>
}
