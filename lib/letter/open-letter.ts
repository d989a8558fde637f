/**
 * The receiver's end of a letter, in two steps (docs/protocol.md, section 13.6): {@link admitLetter} reads who wrote it,
 * for microseconds; {@link openLetter} opens it, for three Diffie-Hellmans and a decapsulation. Whether the receiver wants
 * anything of that writer is decided between the two.
 *
 * @module
 */
import { timingSafeEqual } from 'node:crypto'
import { Letter, LetterClear } from '#gen/sotto/peer/v1/letter.ts'
import { checkVersion, MAX_CLEAR_BYTES } from '#lib/channel/hello.ts'
import { KEM_CIPHERTEXT_BYTES } from '#lib/channel/kem.ts'
import { letterPrologueOf } from '#lib/channel/prologue.ts'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { ONE_WAY_OVERHEAD_BYTES, readOneWay } from '#lib/noise/one-way.ts'
import { DH_BYTES, type KeyPair } from '#lib/noise/primitives.ts'
import type { Secret } from '#lib/secret.ts'
import { checkTicketFields } from '#lib/ticket/check-ticket.ts'
import { type LetterTicket, openLetterTicket } from '#lib/ticket/letter-ticket.ts'
import { type LetterBody, parseLetterBody } from './letter-body.ts'
import { deriveLetterPsk } from './letter-psk.ts'
import { PAYLOAD_SIZES, unpadPayload } from './payload.ts'
import { PREKEY_ID_BYTES, type PrekeyPair } from './prekey.ts'

/** The keys, names and records by which a receiver judges letters. */
export interface LetterAdmission {
  /** The receiver's identity key. */
  readonly identity: KeyPair
  readonly ownName: string
  /** 32 bytes. */
  readonly realm: Uint8Array
  /** The ticket keys of the present session, and of those that it superseded in the last 14 days. */
  readonly ticketKeys: readonly Secret[]
  /** Whether a letter with this ticket was taken in before. */
  readonly isUsed: (ticketId: Uint8Array) => boolean
  /** The private half of a prekey; undefined if it is not held, or no longer. */
  readonly findPrekey: (prekeyId: Uint8Array) => PrekeyPair | undefined
  /** Now by the server's clock, as far as the client knows it: Unix time in milliseconds. */
  readonly nowMs: number
}

/** A letter that may be opened: Auth's word says who wrote it, and nothing has shown yet that they did. */
export interface AdmittedLetter {
  readonly ticket: LetterTicket
  readonly prekeyId: Uint8Array
  readonly prekey: PrekeyPair
  readonly clear: LetterClear
  /** The encoded clear part, and the Noise message, as they came. */
  readonly letter: Letter
}

/**
 * Judge a letter. The checks stand in this order, and the first that fails is the one reported; none costs a
 * Diffie-Hellman.
 *
 * @param bytes - Any, as the mailbox gave them.
 * @throws SottoError
 *   - `ERR_LETTER_MALFORMED` if it cannot be read,
 *   - `ERR_TICKET_FORGED` if the ticket opens under none of the ticket keys,
 *   - `ERR_HELLO_VERSION` if it is of another version or suite,
 *   - `ERR_LETTER_MALFORMED` if a part has not the length of this version,
 *   - `ERR_TICKET_RECEIVER`, `ERR_CHAT_WITH_SELF`, `ERR_TICKET_FUTURE`, `ERR_TICKET_EXPIRED` as `checkTicketFields` has
 *     them,
 *   - `ERR_TICKET_REPLAYED` if a letter with this ticket was taken in before,
 *   - `ERR_PREKEY_UNKNOWN` if its prekey is not held.
 */
export function admitLetter(bytes: Uint8Array, admission: LetterAdmission): AdmittedLetter {
  const { identity, ownName, nowMs } = admission
  const letter = decode(Letter, bytes)
  if (letter.clear.length > MAX_CLEAR_BYTES) throw malformed('the clear part of a letter is too long')
  const clear = decode(LetterClear, letter.clear)
  const ticket = openTicketWithAny(clear.ticket, admission)
  checkVersion(clear)
  checkLengths(clear, letter)
  checkTicketFields(ticket, { identityKey: identity.publicKey, ownName, nowMs })
  if (admission.isUsed(ticket.ticketId)) throw ticketUsed()
  const prekey = admission.findPrekey(clear.prekeyId)
  if (!prekey) throw prekeyUnknown()
  return { ticket, prekeyId: clear.prekeyId, prekey, clear, letter }
}

/**
 * Open an admitted letter.
 *
 * @returns Its content, written by whoever holds the ticket's identity key, or the receiver's own: nothing confirms it.
 * @throws SottoError
 *   - `ERR_LOW_ORDER_KEY` if a key in it is such,
 *   - `ERR_DECRYPT` if it was not sealed by that sender for this receiver, ticket and prekey,
 *   - `ERR_TICKET_SENDER` if its static key is not the ticket's,
 *   - `ERR_LETTER_MALFORMED`, `ERR_RECORD_MALFORMED` if its content breaks the rules.
 */
export function openLetter(
  { ticket, prekey, clear, letter }: AdmittedLetter,
  { identity, ownName, realm }: Pick<LetterAdmission, 'identity' | 'ownName' | 'realm'>,
): LetterBody {
  const { senderName, senderIdentityKey, secret } = ticket
  const pair = { senderName, receiverName: ownName, senderIdentityKey, receiverIdentityKey: identity.publicKey }
  const psk = deriveLetterPsk({
    ...pair,
    secret,
    ticket: clear.ticket,
    prekeyId: clear.prekeyId,
    prekeyPublicKey: prekey.dh.publicKey,
    dhShared: prekey.dh.dh(clear.ephemeralKey),
    kemShared: prekey.kem.decapsulate(clear.kemCiphertext),
    encapsulationKey: prekey.kem.encapsulationKey,
    kemCiphertext: clear.kemCiphertext,
  })
  const { payload, remoteStatic } = readOneWay({
    prologue: letterPrologueOf({ realm, ...pair, clear: letter.clear }),
    s: identity,
    psk,
    message: letter.noiseMessage,
  })
  if (!timingSafeEqual(remoteStatic, senderIdentityKey)) {
    throw new SottoError('ERR_TICKET_SENDER', 'the ticket was given to another identity key')
  }
  const body = unpadPayload(payload)
  if (!body) throw malformed('the padding of a letter is not what it must be')
  return parseLetterBody(body)
}

/** Open a ticket with the key of whichever session it was sealed for. */
function openTicketWithAny(ticket: Uint8Array, { ticketKeys, realm, ownName }: LetterAdmission): LetterTicket {
  let failure: unknown
  for (const key of ticketKeys) {
    try {
      return openLetterTicket({ key, realm, receiverName: ownName, ticket })
    } catch (thrown) {
      if (!isSottoError(thrown)) throw thrown
      failure = thrown
    }
  }
  throw failure ?? new SottoError('ERR_TICKET_FORGED', 'there is no session whose letters could be opened')
}

function checkLengths(clear: LetterClear, { noiseMessage }: Letter): void {
  const isWhole =
    clear.prekeyId.length === PREKEY_ID_BYTES &&
    clear.kemCiphertext.length === KEM_CIPHERTEXT_BYTES &&
    clear.ephemeralKey.length === DH_BYTES &&
    NOISE_MESSAGE_SIZES.has(noiseMessage.length)
  if (!isWhole) throw malformed('a part of the letter has another length')
}

const NOISE_MESSAGE_SIZES: ReadonlySet<number> = new Set(PAYLOAD_SIZES.map((size) => size + ONE_WAY_OVERHEAD_BYTES))

function decode<T>(message: { decode(bytes: Uint8Array): T }, bytes: Uint8Array): T {
  try {
    return message.decode(bytes)
  } catch (cause) {
    throw malformed('a letter cannot be read', cause)
  }
}

/** The error for a letter whose ticket has served another. */
export function ticketUsed(): SottoError {
  return new SottoError('ERR_TICKET_REPLAYED', 'a letter with this ticket was taken in before')
}

/** The error for a letter whose prekey is not held, or no longer. */
export function prekeyUnknown(): SottoError {
  return new SottoError('ERR_PREKEY_UNKNOWN', 'the letter is for a prekey that is not held')
}

function malformed(message: string, cause?: unknown): SottoError {
  return new SottoError('ERR_LETTER_MALFORMED', message, { cause })
}
