/**
 * A letter as the trace tells it, in the place of the conversation that cannot be held: what the mailbox is asked, and the
 * letter itself, as its writer leaves it and as its receiver finds it.
 *
 * @module
 */
import { Letter, LetterClear, type Prekey } from '#gen/sotto/peer/v1/letter.ts'
import { RecordBody } from '#gen/sotto/peer/v1/record.ts'
import {
  CollectResponse,
  type LetterToPost,
  type MailboxAddress,
  PostLettersRequest,
  PutPrekeysRequest,
  type StoredLetter,
  TakePrekeysRequest,
  TakePrekeysResponse,
} from '#gen/sotto/relay/v1/mailbox_service.ts'
import type { LetterBody } from '#lib/letter/letter-body.ts'
import type { Secret } from '#lib/secret.ts'
import type { LetterTicket } from '#lib/ticket/letter-ticket.ts'
import { bodyFields } from './record-fields.ts'
import { noiseFields, onlyCarriedBy, PAYLOAD_OFFSET, ticketField } from './sealed-fields.ts'
import {
  bytesField,
  MAILBOX,
  plain,
  secretField,
  TLS,
  type TraceEvent,
  type TraceField,
  tls,
  togetherFields,
} from './trace.ts'
import { collectLayout, PUT_PREKEYS, piecesOf, postLayout, TAKE_PREKEYS, TAKE_PREKEYS_ANSWER } from './wire-pieces.ts'

const MAILBOX_METHOD = 'sotto.relay.v1.MailboxService'

/** Prekeys that somebody has put down, so that letters can be sealed for them. */
export function putPrekeysEvent(request: PutPrekeysRequest, owner: string, bearer: Secret): TraceEvent {
  const { prekeys, lastResort } = request
  const encoded = PutPrekeysRequest.encode(request).finish()
  return {
    step: 5,
    message: 'PutPrekeysRequest',
    from: owner,
    to: MAILBOX,
    method: `${MAILBOX_METHOD}.PutPrekeys`,
    protection: TLS,
    bytes: encoded.length,
    seal: tls(owner, MAILBOX),
    wire: piecesOf(encoded, PUT_PREKEYS),
    fields: [
      bearerField(bearer),
      plain('prekeys', prekeys.length, 'public halves, for one letter each'),
      ...(lastResort === undefined ? [] : [plain('last_resort', true, 'one for when all others are taken')]),
    ],
    readableBy: `${owner} and the mailbox. The private halves stay with ${owner}, each until its letter is stored.`,
  }
}

// A call may be about letters to several people: each is told of as if it were about this one alone.

/** What a letter is to be sealed for. @param together - How many prekeys the call asks for. */
export function takePrekeyEvent(
  receiver: MailboxAddress,
  together: number,
  sender: string,
  bearer: Secret,
): TraceEvent {
  const encoded = TakePrekeysRequest.encode({ receivers: [receiver] }).finish()
  return {
    step: 5,
    message: 'TakePrekeysRequest',
    from: sender,
    to: MAILBOX,
    method: `${MAILBOX_METHOD}.TakePrekeys`,
    protection: TLS,
    bytes: encoded.length,
    seal: tls(sender, MAILBOX),
    wire: piecesOf(encoded, TAKE_PREKEYS),
    fields: [bearerField(bearer), ...addressFields(receiver), ...togetherFields(together)],
    readableBy: `${sender} and the mailbox.`,
  }
}

/** A prekey, which is gone from the mailbox then. */
export function takePrekeyResponseEvent(prekey: Prekey, sender: string, receiver: string): TraceEvent {
  const result = { $case: 'prekey', value: prekey } as const
  const encoded = TakePrekeysResponse.encode({ results: [{ result }] }).finish()
  return {
    step: 5,
    message: 'TakePrekeysResponse',
    from: MAILBOX,
    to: sender,
    method: `${MAILBOX_METHOD}.TakePrekeys`,
    protection: TLS,
    bytes: encoded.length,
    seal: tls(MAILBOX, sender),
    wire: piecesOf(encoded, TAKE_PREKEYS_ANSWER),
    fields: [
      bytesField('prekey_id', prekey.prekeyId),
      bytesField('public_key', prekey.publicKey, 'X25519'),
      bytesField('encapsulation_key', prekey.encapsulationKey, 'ML-KEM-768'),
    ],
    readableBy: `${sender} and the mailbox. Nothing proves that it is ${receiver}’s, so it is never all that seals a letter.`,
  }
}

/** The letter, as its writer leaves it at the mailbox. @param together - How many letters the call leaves. */
export function postEvent(posted: LetterToPost, together: number, sender: string, bearer: Secret): TraceEvent {
  const receiver = posted.username
  const encoded = PostLettersRequest.encode({ letters: [posted] }).finish()
  const letter = Letter.decode(posted.letter)
  return {
    step: 5,
    message: 'PostLettersRequest',
    from: sender,
    to: MAILBOX,
    method: `${MAILBOX_METHOD}.PostLetters`,
    protection: `${TLS}, sealed inside`,
    bytes: encoded.length,
    seal: tls(sender, MAILBOX),
    wire: piecesOf(encoded, postLayout(payloadBytesOf(letter))),
    fields: [
      bearerField(bearer),
      ...addressFields(posted),
      ...togetherFields(together),
      ...letterFields(letter, sender, receiver),
    ],
    readableBy: `the mailbox sees who writes to whom, when, and a size of five; ${receiver} alone can open the letter.`,
  }
}

/** What a letter held for the one who opened it. */
export interface OpenedLetter {
  readonly ticket: LetterTicket
  readonly body: LetterBody
}

/** The letter, as its receiver finds it, and opens it. */
export function collectedEvent(stored: StoredLetter, receiver: string, { ticket, body }: OpenedLetter): TraceEvent {
  const { senderName: sender } = ticket
  const letter = Letter.decode(stored.letter)
  const encoded = CollectResponse.encode({ letter: stored }).finish()
  return {
    step: 5,
    message: 'CollectResponse',
    from: MAILBOX,
    to: receiver,
    method: `${MAILBOX_METHOD}.Collect`,
    protection: `${TLS}, sealed inside`,
    bytes: encoded.length,
    seal: tls(MAILBOX, receiver),
    wire: piecesOf(encoded, collectLayout(payloadBytesOf(letter))),
    fields: [
      bytesField('letter_id', stored.letterId, 'by which it is acknowledged'),
      ...letterFields(letter, sender, receiver, { ticket, body }),
    ],
    readableBy: `${receiver} alone: the mailbox hands on what it cannot open, and deletes it once ${receiver} has stored it.`,
  }
}

function letterFields(
  { clear, noiseMessage }: Letter,
  sender: string,
  receiver: string,
  opened?: OpenedLetter,
): TraceField[] {
  const { version, suite, prekeyId, ticket, kemCiphertext, ephemeralKey } = LetterClear.decode(clear)
  const note = 'padded to one of five sizes; sealed with the identity keys, the prekey and the ticket’s secret'
  return [
    plain('version', version),
    plain('suite', suite, 'Noise_Xpsk1_25519_AESGCM_SHA256 with a prekey of X25519 and ML-KEM-768'),
    bytesField('prekey_id', prekeyId, `whose private half ${receiver} destroys with this letter`),
    ticketField(ticket, receiver, onlyCarriedBy(sender), opened?.ticket),
    bytesField('kem_ciphertext', kemCiphertext, 'an ML-KEM secret for the prekey'),
    bytesField('ephemeral_key', ephemeralKey, 'X25519, fresh, for the prekey'),
    ...noiseFields(
      noiseMessage,
      { sender, receiver },
      { note, seal: { kind: 'letter', by: sender, for: receiver }, inside: opened && inside(opened, sender, receiver) },
    ),
  ]
}

function inside({ body }: OpenedLetter, from: string, to: string): TraceField[] {
  const { resume, firstSequence, events } = body
  const record = RecordBody.fromPartial({ firstSequence, control: { $case: 'resume', value: resume } })
  return bodyFields({ ...record, events: [...events] }, { from, to })
}

function addressFields({ username, sessionId }: MailboxAddress): TraceField[] {
  return [plain('username', username), bytesField('session_id', sessionId, 'as the grant names it')]
}

function bearerField(bearer: Secret): TraceField {
  return secretField('authorization', bearer, 'the relay bearer, as metadata')
}

function payloadBytesOf({ noiseMessage }: Letter): number {
  return Math.max(0, noiseMessage.length - PAYLOAD_OFFSET)
}
