/**
 * The prologue: what both ends must agree on for the handshake to succeed, though it is not part of it
 * (docs/protocol.md, sections 4.2, 7.3 and 13.5).
 *
 *     size   field
 *     l      label      "sotto prologue v1", "sotto renewal prologue v1" or "sotto letter prologue v1"
 *     32     realm
 *     2 + n  sender's name
 *     2 + n  receiver's name
 *     32     handshake hash of the channel that is renewed; in a renewal alone
 *     2 + n  clear      the clear bytes of the Hello or the letter, as they were sent
 *
 * @module
 */
import { EMPTY, HASH_BYTES } from '#lib/noise/primitives.ts'
import { fixedLength, lengthPrefixed, REALM_BYTES } from '#lib/protocol.ts'

const LABEL = 'sotto prologue v1'
const RENEWAL_LABEL = 'sotto renewal prologue v1'
const LETTER_LABEL = 'sotto letter prologue v1'

export interface PrologueFields {
  /** 32 bytes. */
  readonly realm: Uint8Array
  readonly senderName: string
  readonly receiverName: string
  /** HelloClear, or LetterClear, as it was encoded by the sender: never decoded and encoded again. */
  readonly clear: Uint8Array
}

/** The prologue's bytes, of the handshake that begins a channel. */
export function prologueOf(fields: PrologueFields): Uint8Array {
  return layOut(LABEL, fields, EMPTY)
}

/**
 * The prologue's bytes, of a renewal.
 *
 * @param fields.oldHandshakeHash - Of the channel that is renewed: 32 bytes.
 */
export function renewalPrologueOf(fields: PrologueFields & { readonly oldHandshakeHash: Uint8Array }): Uint8Array {
  return layOut(RENEWAL_LABEL, fields, fixedLength(fields.oldHandshakeHash, HASH_BYTES, 'handshake hash'))
}

/** The prologue's bytes, of a letter. */
export function letterPrologueOf(fields: PrologueFields): Uint8Array {
  return layOut(LETTER_LABEL, fields, EMPTY)
}

function layOut(
  label: string,
  { realm, senderName, receiverName, clear }: PrologueFields,
  oldHandshakeHash: Uint8Array,
): Uint8Array {
  return Buffer.concat([
    Buffer.from(label, 'ascii'),
    fixedLength(realm, REALM_BYTES, 'realm'),
    ...lengthPrefixed(senderName),
    ...lengthPrefixed(receiverName),
    oldHandshakeHash,
    ...lengthPrefixed(clear),
  ])
}
