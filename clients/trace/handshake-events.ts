/**
 * What the trace shows inside Hello and Welcome, where they begin a conversation and where they renew its keys.
 *
 * @module
 */
import { type Hello, HelloClear, type Welcome } from '#gen/sotto/peer/v1/peer_service.ts'
import { DH_BYTES, TAG_BYTES } from '#lib/noise/primitives.ts'
import type { Ticket } from '#lib/ticket/ticket.ts'
import { bytesField, plain, sealedField, secretField, type TraceField } from './trace.ts'

/** The two ends of a conversation, by name; the opener says the Hello. */
export interface Parties {
  readonly opener: string
  readonly host: string
}

/** The fields of a Hello; the host, having opened the ticket, sees inside. */
export function helloFields(hello: Hello, { opener, host }: Parties, ticket?: Ticket): TraceField[] {
  const clear = HelloClear.decode(hello.clear)
  return [
    plain('version, suite', `${clear.version}, ${clear.suite}  Noise_IKpsk2_25519_AESGCM_SHA256 with ML-KEM-768`),
    ...admissionFields(clear, host, ticket),
    bytesField('encapsulation_key', clear.encapsulationKey, 'ML-KEM-768, fresh'),
    bytesField('noise: e', hello.noiseMessage.subarray(0, DH_BYTES), 'X25519, fresh'),
    sealedField('noise: s', `${opener}’s identity key, sealed for ${host}’s`, DH_BYTES + TAG_BYTES),
    sealedField('noise: payload', 'empty; its tag proves the identity key', TAG_BYTES),
  ]
}

function admissionFields({ instanceId, ticket: sealed }: HelloClear, host: string, ticket?: Ticket): TraceField[] {
  if (sealed.length === 0) return [plain('ticket', 'none: the services cannot be reached')]
  const carried = `sealed by auth for ${host}${ticket === undefined ? ', carried as it came' : ', who opens it:'}`
  return [
    bytesField('instance_id', instanceId, `this start of ${host}’s client`),
    sealedField('ticket', carried, sealed.length, ticket && ticketFields(ticket)),
  ]
}

function ticketFields(ticket: Ticket): TraceField[] {
  return [
    bytesField('ticket_id', ticket.ticketId, 'not seen before'),
    plain('issued_at', new Date(ticket.issuedAtMs)),
    plain('expires_at', new Date(ticket.expiresAtMs)),
    plain('sender_name', ticket.senderName),
    bytesField('sender_identity_key', ticket.senderIdentityKey, 'X25519'),
    plain('sender_address', `${ticket.senderAddress}  the directory’s word`),
    secretField('secret', ticket.secret, 's'),
  ]
}

/** The fields of a Welcome. */
export function welcomeFields({ kemCiphertext, noiseMessage }: Welcome, proof: string): TraceField[] {
  return [
    bytesField('kem_ciphertext', kemCiphertext, 'an ML-KEM secret for the Hello’s key'),
    bytesField('noise: e', noiseMessage.subarray(0, DH_BYTES), 'X25519, fresh'),
    sealedField('noise: payload', `empty; its tag proves that ${proof}`, TAG_BYTES),
  ]
}
