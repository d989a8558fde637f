/**
 * A letter that Alice writes to Bob: all that both ends and Auth hold for it, the same in every run. A test can change
 * each part.
 *
 * @module
 */
import type { Resume } from '#gen/sotto/peer/v1/record.ts'
import { encodeLetterBody } from '#lib/letter/letter-body.ts'
import { type AdmittedLetter, admitLetter, type LetterAdmission, openLetter } from '#lib/letter/open-letter.ts'
import { drawPrekey, prekeyPairFrom } from '#lib/letter/prekey.ts'
import { type LetterToSeal, sealLetter } from '#lib/letter/seal-letter.ts'
import type { LetterGrant } from '#lib/ticket/letter-grant.ts'
import {
  LETTER_LIFETIME_MS,
  type LetterTicket,
  type LetterTicketContext,
  sealLetterTicket,
} from '#lib/ticket/letter-ticket.ts'
import { ticketHash } from '#lib/ticket/ticket.ts'
import { ALICE, BOB, NOW_MS, REALM } from './conversation.ts'
import { bytesOf, randomFrom, secretOf } from './random.ts'

const SECRET = secretOf('secret of the letter')

/** The context of tickets of letters to Bob. */
export const BOB_LETTERS: LetterTicketContext = {
  key: secretOf('ticket key of bob'),
  realm: REALM,
  receiverName: 'bob',
}

/** Bob's prekey, both halves. */
export const PREKEY = drawPrekey(randomFrom('prekey of bob'))

/** The ticket that Auth makes for Alice's letter. */
export const letterTicket = (changes: Partial<LetterTicket> = {}): LetterTicket => ({
  ticketId: bytesOf('letter ticket id', 16),
  issuedAtMs: NOW_MS,
  expiresAtMs: NOW_MS + LETTER_LIFETIME_MS,
  senderName: 'alice',
  senderIdentityKey: ALICE.publicKey,
  receiverIdentityKey: BOB.publicKey,
  secret: SECRET,
  ...changes,
})

/** That ticket, sealed. */
export const sealedLetterTicket = (
  changes: Partial<LetterTicket> = {},
  context: Partial<LetterTicketContext> = {},
): Uint8Array =>
  sealLetterTicket({ ...BOB_LETTERS, ...context, nonce: bytesOf('ticket nonce', 12), body: letterTicket(changes) })

/** The grant that goes with a ticket. */
export const letterGrant = (ticket: Uint8Array, changes: Partial<LetterGrant> = {}): LetterGrant => ({
  nonce: bytesOf('request nonce', 16),
  ticketHash: ticketHash(ticket),
  receiverName: 'bob',
  receiverSessionId: bytesOf('session of bob', 16),
  receiverIdentityKey: BOB.publicKey,
  expiresAtMs: NOW_MS + LETTER_LIFETIME_MS,
  secret: SECRET,
  ...changes,
})

/** A Resume by which Alice names her stream. */
export const letterResume = (changes: Partial<Resume> = {}): Resume => ({
  streamId: Buffer.from(bytesOf('stream of alice', 16)),
  peerStreamId: Buffer.alloc(0),
  peerAcknowledged: 0n,
  peerLastEventId: Buffer.alloc(0),
  ...changes,
})

/** Alice's letter, encoded. */
export function sealedLetter(changes: Partial<LetterToSeal> = {}): Uint8Array {
  const ticket = changes.ticket ?? sealedLetterTicket()
  return sealLetter({
    identity: ALICE,
    ownName: 'alice',
    realm: REALM,
    grant: letterGrant(ticket),
    ticket,
    prekey: PREKEY.prekey,
    body: encodeLetterBody(letterResume(), undefined),
    random: randomFrom('random of alice'),
    ...changes,
  })
}

/** Bob, as he judges letters: one session, one prekey, nothing seen. */
export const bobsLetters = (changes: Partial<LetterAdmission> = {}): LetterAdmission => ({
  identity: BOB,
  ownName: 'bob',
  realm: REALM,
  ticketKeys: [BOB_LETTERS.key],
  isUsed: () => false,
  findPrekey: (id) => (Buffer.compare(id, PREKEY.prekey.prekeyId) === 0 ? prekeyPairFrom(PREKEY.secret) : undefined),
  nowMs: NOW_MS,
  ...changes,
})

/** Admit a letter as Bob. */
export const admit = (letter: Uint8Array, changes: Partial<LetterAdmission> = {}): AdmittedLetter =>
  admitLetter(letter, bobsLetters(changes))

/** Admit and open a letter as Bob. */
export const open = (letter: Uint8Array, changes: Partial<LetterAdmission> = {}) =>
  openLetter(admit(letter, changes), bobsLetters(changes))
