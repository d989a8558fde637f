/**
 * The prologue: what both ends must agree on for the handshake to succeed, though it is not part of it
 * (docs/protocol.md, section 4.2).
 *
 *     offset  size   field
 *     0       17     label      "sotto prologue v1"
 *     17      32     realm
 *     49      2 + n  sender's name
 *             2 + n  receiver's name
 *             2 + n  clear      the clear bytes of the Hello, as they were sent
 *
 * @module
 */
import { fixedLength, lengthPrefixed, REALM_BYTES } from '#lib/protocol.ts'

const LABEL = 'sotto prologue v1'

export interface PrologueFields {
  /** 32 bytes. */
  readonly realm: Uint8Array
  readonly senderName: string
  readonly receiverName: string
  /** HelloClear as it was encoded by the sender: never decoded and encoded again. */
  readonly clear: Uint8Array
}

/** The prologue's bytes. */
export function prologueOf({ realm, senderName, receiverName, clear }: PrologueFields): Uint8Array {
  return Buffer.concat([
    Buffer.from(LABEL, 'ascii'),
    fixedLength(realm, REALM_BYTES, 'realm'),
    ...lengthPrefixed(senderName),
    ...lengthPrefixed(receiverName),
    ...lengthPrefixed(clear),
  ])
}
