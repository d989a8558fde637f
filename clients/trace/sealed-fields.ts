/**
 * The fields that messages have in common: tickets and grants, and the first message of a Noise pattern; of a conversation
 * and of a letter alike.
 *
 * @module
 */
import { DH_BYTES, TAG_BYTES } from '#lib/noise/primitives.ts'
import type { Grant } from '#lib/ticket/grant.ts'
import type { LetterGrant } from '#lib/ticket/letter-grant.ts'
import type { LetterTicket } from '#lib/ticket/letter-ticket.ts'
import type { Ticket } from '#lib/ticket/ticket.ts'
import { bytesField, plain, type Seal, sealedField, secretField, type TraceField } from './trace.ts'

/** The offset of the payload of Noise message 1: behind e, and s with its tag. */
export const PAYLOAD_OFFSET = DH_BYTES + DH_BYTES + TAG_BYTES

/**
 * A ticket.
 *
 * @param carried - What is said of it where this end cannot open it.
 */
export function ticketField(
  sealed: Uint8Array,
  receiver: string,
  carried: string,
  opened?: Ticket | LetterTicket,
): TraceField {
  const note = `sealed by auth for ${receiver}${opened === undefined ? carried : ', who opens it:'}`
  return sealedField('ticket', note, byAuth('ticket', receiver), sealed, opened && ticketFields(opened))
}

/** What is said of a ticket that its sender got from the directory. */
export function onlyCarriedBy(sender: string): string {
  return `; ${sender} only carries it`
}

function ticketFields(ticket: Ticket | LetterTicket): TraceField[] {
  return [
    bytesField('ticket_id', ticket.ticketId, 'not seen before'),
    plain('issued_at', new Date(ticket.issuedAtMs)),
    plain('expires_at', new Date(ticket.expiresAtMs)),
    plain('sender_name', ticket.senderName),
    bytesField('sender_identity_key', ticket.senderIdentityKey, 'X25519'),
    ...('senderAddress' in ticket
      ? [plain('sender_address', ticket.senderAddress, ticket.senderAddress === '' ? 'hidden' : 'the directory’s word')]
      : []),
    secretField('secret', ticket.secret, 's'),
  ]
}

/** A grant, which its sender has opened. */
export function grantField(sealed: Uint8Array, sender: string, grant: Grant | LetterGrant): TraceField {
  const { receiverName: receiver } = grant
  const opened = [
    bytesField('nonce', grant.nonce, 'as asked with'),
    bytesField('ticket_hash', grant.ticketHash, 'SHA-256 of the ticket above'),
    plain('receiver_name', receiver),
    bytesField('receiver_session_id', grant.receiverSessionId),
    bytesField('receiver_identity_key', grant.receiverIdentityKey, 'X25519'),
    ...('receiverInstanceId' in grant
      ? [bytesField('receiver_instance_id', grant.receiverInstanceId, `names this start of ${receiver}’s client`)]
      : []),
    plain('expires_at', new Date(grant.expiresAtMs)),
    secretField('secret', grant.secret, `s, for ${sender} and ${receiver}`),
  ]
  return sealedField('grant', `sealed by auth for ${sender}, who opens it:`, byAuth('grant', sender), sealed, opened)
}

function byAuth(kind: 'ticket' | 'grant', name: string): Seal {
  return { kind, by: 'auth', for: name }
}

/** Noise message 1: e, s, and a payload that is sealed as said. */
export function noiseFields(
  noiseMessage: Uint8Array,
  { sender, receiver }: { readonly sender: string; readonly receiver: string },
  payload: { readonly note: string; readonly seal: Seal; readonly inside?: readonly TraceField[] | undefined },
): TraceField[] {
  return [
    bytesField('noise: e', noiseMessage.subarray(0, DH_BYTES), 'X25519, fresh'),
    sealedField(
      'noise: s',
      `${sender}’s identity key, sealed for ${receiver}’s`,
      { kind: 'identity', by: sender, for: receiver },
      noiseMessage.subarray(DH_BYTES, PAYLOAD_OFFSET),
    ),
    sealedField('noise: payload', payload.note, payload.seal, noiseMessage.subarray(PAYLOAD_OFFSET), payload.inside),
  ]
}
