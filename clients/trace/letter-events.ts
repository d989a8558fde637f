/**
 * A letter as the trace tells it, in the place of the conversation that cannot be held: what the directory and the mailbox
 * are asked, and the letter itself, as its writer leaves it and as its receiver finds it.
 *
 * @module
 */
import { RequestLetterRequest, RequestLetterResponse } from '#gen/sotto/directory/v1/directory_service.ts'
import { Letter, LetterClear, type Prekey } from '#gen/sotto/peer/v1/letter.ts'
import { RecordBody } from '#gen/sotto/peer/v1/record.ts'
import {
  CollectResponse,
  PostRequest,
  PutPrekeysRequest,
  type StoredLetter,
  TakePrekeyRequest,
  TakePrekeyResponse,
} from '#gen/sotto/relay/v1/mailbox_service.ts'
import type { LetterBody } from '#lib/letter/letter-body.ts'
import { DH_BYTES, TAG_BYTES } from '#lib/noise/primitives.ts'
import type { Secret } from '#lib/secret.ts'
import type { LetterGrant } from '#lib/ticket/letter-grant.ts'
import type { LetterTicket } from '#lib/ticket/letter-ticket.ts'
import { bodyFields } from './record-fields.ts'
import {
  bytesField,
  MAILBOX,
  plain,
  type Seal,
  sealedField,
  secretField,
  type TraceEvent,
  type TraceField,
} from './trace.ts'
import {
  collectLayout,
  PUT_PREKEYS,
  piecesOf,
  postLayout,
  REQUEST_CHAT,
  TAKE_PREKEY,
  TAKE_PREKEY_ANSWER,
} from './wire-pieces.ts'

const TLS = 'TLS 1.3'
const DIRECTORY_METHOD = 'sotto.directory.v1.DirectoryService.RequestLetter'
const MAILBOX_METHOD = 'sotto.relay.v1.MailboxService'

const tls = (from: string, to: string): Seal => ({ kind: 'tls', by: from, for: to })

/** 3: for whom there is to be a letter. */
export function requestLetterEvent(request: RequestLetterRequest, sender: string, bearer: Secret): TraceEvent {
  const encoded = RequestLetterRequest.encode(request).finish()
  return {
    step: 3,
    message: 'RequestLetterRequest',
    from: sender,
    to: 'directory',
    method: DIRECTORY_METHOD,
    protection: TLS,
    bytes: encoded.length,
    seal: tls(sender, 'directory'),
    // The first two fields are the same.
    wire: piecesOf(encoded, REQUEST_CHAT),
    fields: [
      secretField('authorization', bearer, 'the directory bearer, as metadata'),
      plain('username', request.username),
      bytesField('nonce', request.nonce, 'fresh: the grant must carry it back'),
    ],
    readableBy: `${sender} and the directory, which asks auth to seal a secret for the two.`,
  }
}

/** 4: one secret sealed twice, whether the receiver is online or not. */
export function requestLetterResponseEvent(
  response: RequestLetterResponse,
  sender: string,
  grant: LetterGrant,
): TraceEvent {
  const receiver = grant.receiverName
  const encoded = RequestLetterResponse.encode(response).finish()
  const opened: TraceField[] = [
    bytesField('nonce', grant.nonce, 'as asked with'),
    bytesField('ticket_hash', grant.ticketHash, 'SHA-256 of the ticket above'),
    plain('receiver_name', receiver),
    bytesField('receiver_session_id', grant.receiverSessionId),
    bytesField('receiver_identity_key', grant.receiverIdentityKey, 'X25519'),
    plain('expires_at', new Date(grant.expiresAtMs)),
    secretField('secret', grant.secret, `s, for ${sender} and ${receiver}`),
  ]
  return {
    step: 4,
    message: 'RequestLetterResponse',
    from: 'directory',
    to: sender,
    method: DIRECTORY_METHOD,
    protection: TLS,
    bytes: encoded.length,
    seal: tls('directory', sender),
    wire: piecesOf(encoded, { 1: 'ticket', 2: 'grant' }),
    fields: [
      ticketField(response.ticket, receiver, sender),
      sealedField(
        'grant',
        `sealed by auth for ${sender}, who opens it:`,
        { kind: 'grant', by: 'auth', for: sender },
        response.grant,
        opened,
      ),
    ],
    readableBy: `${sender} and the directory; but the ticket opens for ${receiver} alone, the grant for ${sender} alone.`,
  }
}

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

/** What a letter is to be sealed for. */
export function takePrekeyEvent(request: TakePrekeyRequest, sender: string, bearer: Secret): TraceEvent {
  const encoded = TakePrekeyRequest.encode(request).finish()
  return {
    step: 5,
    message: 'TakePrekeyRequest',
    from: sender,
    to: MAILBOX,
    method: `${MAILBOX_METHOD}.TakePrekey`,
    protection: TLS,
    bytes: encoded.length,
    seal: tls(sender, MAILBOX),
    wire: piecesOf(encoded, TAKE_PREKEY),
    fields: [bearerField(bearer), ...addressFields(request)],
    readableBy: `${sender} and the mailbox.`,
  }
}

/** A prekey, which is gone from the mailbox then. */
export function takePrekeyResponseEvent(prekey: Prekey, sender: string, receiver: string): TraceEvent {
  const encoded = TakePrekeyResponse.encode({ prekey }).finish()
  return {
    step: 5,
    message: 'TakePrekeyResponse',
    from: MAILBOX,
    to: sender,
    method: `${MAILBOX_METHOD}.TakePrekey`,
    protection: TLS,
    bytes: encoded.length,
    seal: tls(MAILBOX, sender),
    wire: piecesOf(encoded, TAKE_PREKEY_ANSWER),
    fields: [
      bytesField('prekey_id', prekey.prekeyId),
      bytesField('public_key', prekey.publicKey, 'X25519'),
      bytesField('encapsulation_key', prekey.encapsulationKey, 'ML-KEM-768'),
    ],
    readableBy: `${sender} and the mailbox. Nothing proves that it is ${receiver}’s, so it is never all that seals a letter.`,
  }
}

/** The letter, as its writer leaves it at the mailbox. */
export function postEvent(request: PostRequest, sender: string, bearer: Secret): TraceEvent {
  const receiver = request.username
  const encoded = PostRequest.encode(request).finish()
  const letter = Letter.decode(request.letter)
  return {
    step: 5,
    message: 'PostRequest',
    from: sender,
    to: MAILBOX,
    method: `${MAILBOX_METHOD}.Post`,
    protection: `${TLS}, sealed inside`,
    bytes: encoded.length,
    seal: tls(sender, MAILBOX),
    wire: piecesOf(encoded, postLayout(payloadBytesOf(letter))),
    fields: [bearerField(bearer), ...addressFields(request), ...letterFields(letter, sender, receiver)],
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
  const identity: Seal = { kind: 'identity', by: sender, for: receiver }
  const payload: Seal = { kind: 'letter', by: sender, for: receiver }
  const note = 'padded to one of five sizes; sealed with the identity keys, the prekey and the ticket’s secret'
  return [
    plain('version', version),
    plain('suite', suite, 'Noise_Xpsk1_25519_AESGCM_SHA256 with a prekey of X25519 and ML-KEM-768'),
    bytesField('prekey_id', prekeyId, `whose private half ${receiver} destroys with this letter`),
    ticketField(ticket, receiver, sender, opened?.ticket),
    bytesField('kem_ciphertext', kemCiphertext, 'an ML-KEM secret for the prekey'),
    bytesField('ephemeral_key', ephemeralKey, 'X25519, fresh, for the prekey'),
    bytesField('noise: e', noiseMessage.subarray(0, DH_BYTES), 'X25519, fresh'),
    sealedField(
      'noise: s',
      `${sender}’s identity key, sealed for ${receiver}’s`,
      identity,
      noiseMessage.subarray(DH_BYTES, PAYLOAD_OFFSET),
    ),
    sealedField(
      'noise: payload',
      note,
      payload,
      noiseMessage.subarray(PAYLOAD_OFFSET),
      opened && inside(opened, sender, receiver),
    ),
  ]
}

function inside({ body }: OpenedLetter, from: string, to: string): TraceField[] {
  const { resume, firstSequence, events } = body
  const record = RecordBody.fromPartial({ firstSequence, control: { $case: 'resume', value: resume } })
  return bodyFields({ ...record, events: [...events] }, { from, to })
}

function ticketField(sealed: Uint8Array, receiver: string, sender: string, opened?: LetterTicket): TraceField {
  const note = `sealed by auth for ${receiver}${opened === undefined ? `; ${sender} only carries it` : ', who opens it:'}`
  const seal: Seal = { kind: 'ticket', by: 'auth', for: receiver }
  return sealedField('ticket', note, seal, sealed, opened && ticketFields(opened))
}

function ticketFields(ticket: LetterTicket): TraceField[] {
  return [
    bytesField('ticket_id', ticket.ticketId, 'not seen before'),
    plain('issued_at', new Date(ticket.issuedAtMs)),
    plain('expires_at', new Date(ticket.expiresAtMs)),
    plain('sender_name', ticket.senderName),
    bytesField('sender_identity_key', ticket.senderIdentityKey, 'X25519'),
    secretField('secret', ticket.secret, 's'),
  ]
}

function addressFields({ username, sessionId }: Pick<PostRequest, 'username' | 'sessionId'>): TraceField[] {
  return [plain('username', username), bytesField('session_id', sessionId, 'as the grant names it')]
}

function bearerField(bearer: Secret): TraceField {
  return secretField('authorization', bearer, 'the relay bearer, as metadata')
}

/** The offset of the payload: behind e, and s with its tag. */
const PAYLOAD_OFFSET = DH_BYTES + DH_BYTES + TAG_BYTES

function payloadBytesOf({ noiseMessage }: Letter): number {
  return Math.max(0, noiseMessage.length - PAYLOAD_OFFSET)
}
