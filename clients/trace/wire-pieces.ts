/**
 * A message as gRPC carries it, cut into its fields: so that the bytes stand beside what they encode.
 *
 * @module
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { DH_BYTES, TAG_BYTES } from '#lib/noise/primitives.ts'
import { Secret } from '#lib/secret.ts'
import type { WirePiece } from './trace.ts'

/** The bytes of a piece that are shown at most: enough for every field but a long record. */
export const MAX_PIECE_BYTES = 2_048

/** A field by its name; one that nobody may see; a message of fields; or bytes that have parts of a fixed size. */
type Place =
  | string
  | { readonly secret: string }
  | { readonly message: Layout }
  | { readonly parts: readonly (readonly [field: string, bytes: number])[] }

/** The fields of a message by their numbers, as its contract has them. */
export type Layout = Readonly<Record<number, Place>>

export const LOGIN: Layout = {
  1: 'username',
  2: { secret: 'password' },
  3: 'identity_key',
  4: 'replace_identity_key',
  5: { secret: 'code' },
}

export const LOGIN_ANSWER: Layout = {
  1: { secret: 'session_token' },
  2: 'session_id',
  3: 'expires_at',
  4: 'server_time',
  5: { secret: 'recovery_codes' },
}

export const REQUEST_CHAT: Layout = { 1: 'username', 2: 'nonce', 3: 'hide_address' }

const ATTENDED_RELAY: Layout = { 1: 'relay.address', 2: { secret: 'relay.attendance_id' } }

export const REQUEST_CHAT_ANSWER: Layout = { 1: 'endpoints', 2: 'ticket', 3: 'grant', 4: { message: ATTENDED_RELAY } }

export const REQUEST_LETTERS: Layout = { 1: { message: { 1: 'username', 2: 'nonce' } } }

export const REQUEST_LETTERS_ANSWER: Layout = { 1: { message: { 1: { message: { 1: 'ticket', 2: 'grant' } } } } }

const HELLO_CLEAR: Layout = { 1: 'version', 2: 'suite', 3: 'instance_id', 4: 'ticket', 5: 'encapsulation_key' }

const HELLO: Layout = {
  1: { message: HELLO_CLEAR },
  2: {
    parts: [
      ['noise: e', DH_BYTES],
      ['noise: s', DH_BYTES + TAG_BYTES],
      ['noise: payload', TAG_BYTES],
    ],
  },
}

const WELCOME: Layout = {
  1: 'kem_ciphertext',
  2: {
    parts: [
      ['noise: e', DH_BYTES],
      ['noise: payload', TAG_BYTES],
    ],
  },
}

export const CONVERSE_REQUEST: Layout = { 1: { message: HELLO } }

export const CONVERSE_RESPONSE: Layout = { 1: { message: WELCOME } }

export const TAKE_PREKEYS: Layout = { 1: { message: { 1: 'username', 2: 'session_id' } } }

const PREKEY: Layout = { 1: 'prekey_id', 2: 'public_key', 3: 'encapsulation_key' }

export const TAKE_PREKEYS_ANSWER: Layout = { 1: { message: { 1: { message: PREKEY } } } }

export const PUT_PREKEYS: Layout = { 1: { message: PREKEY }, 2: { message: PREKEY }, 3: 'withdrawn_ids' }

const LETTER_CLEAR: Layout = {
  1: 'version',
  2: 'suite',
  3: 'prekey_id',
  4: 'ticket',
  5: 'kem_ciphertext',
  6: 'ephemeral_key',
}

/** A letter whose payload has so many bytes, its tag included. */
function letterLayout(payloadBytes: number): Layout {
  return {
    1: { message: LETTER_CLEAR },
    2: {
      parts: [
        ['noise: e', DH_BYTES],
        ['noise: s', DH_BYTES + TAG_BYTES],
        ['noise: payload', payloadBytes],
      ],
    },
  }
}

/** The same, as it is left at a mailbox. */
export function postLayout(payloadBytes: number): Layout {
  return { 1: { message: { 1: 'username', 2: 'session_id', 3: { message: letterLayout(payloadBytes) } } } }
}

/** The same, as it is collected. */
export function collectLayout(payloadBytes: number): Layout {
  return { 1: { message: { 1: 'letter_id', 2: { message: letterLayout(payloadBytes) } } } }
}

/**
 * The pieces of a message that this end has written or read; of a field without a name, one without a name. Whoever wrote
 * it may have put anything behind its fields: what has no form is a piece without a name, too.
 */
export function piecesOf(encoded: Uint8Array, layout: Layout): WirePiece[] {
  const reader = new BinaryReader(encoded)
  const pieces: WirePiece[] = []
  while (reader.pos < reader.len) {
    const start = reader.pos
    const field = nextField(reader)
    if (field === undefined) return [...pieces, pieceOf(undefined, encoded.subarray(start))]
    pieces.push(pieceOf(undefined, encoded.subarray(start, field.valueStart)))
    pieces.push(...placed(layout[field.number], encoded.subarray(field.valueStart, reader.pos)))
  }
  return pieces
}

/** Pass over a field. @returns undefined where there is none: a decoder stops, or passes over it, where this reader throws. */
function nextField(reader: BinaryReader): { readonly number: number; readonly valueStart: number } | undefined {
  try {
    const [number, type] = reader.tag()
    const tagEnd = reader.pos
    if (type !== WireType.LengthDelimited) {
      reader.skip(type)
      return { number, valueStart: tagEnd }
    }
    const length = reader.uint32()
    const valueStart = reader.pos
    reader.pos += length
    return { number, valueStart }
  } catch {
    return undefined
  }
}

function placed(place: Place | undefined, value: Uint8Array): WirePiece[] {
  if (place === undefined || typeof place === 'string') return [pieceOf(place, value)]
  if ('secret' in place) return [{ field: place.secret, bytes: value.length, value: Secret.of(value) }]
  if ('message' in place) return piecesOf(value, place.message)
  let end = 0
  return place.parts.map(([field, bytes]) => {
    end += bytes
    return pieceOf(field, value.subarray(end - bytes, end))
  })
}

/** Bytes that are one field, or what stands in front of fields. */
export function pieceOf(field: string | undefined, value: Uint8Array): WirePiece {
  // A copy: whoever sends or receives uses the memory again.
  const shown = Uint8Array.from(value.subarray(0, MAX_PIECE_BYTES))
  return { ...(field !== undefined && { field }), bytes: value.length, value: shown }
}
