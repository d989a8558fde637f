/**
 * The trace of Hello and Welcome, when they begin a conversation and when they renew its keys.
 *
 * @module
 */

import type { Hello, HelloClear, Welcome } from '#gen/sotto/peer/v1/handshake.ts'
import { decodeClear, MAX_CLEAR_BYTES } from '#lib/channel/hello.ts'
import { DH_BYTES, TAG_BYTES } from '#lib/noise/primitives.ts'
import type { Route } from '#lib/protocol.ts'
import type { Ticket } from '#lib/ticket/ticket.ts'
import { bytesField, noted, plain, type Seal, sealedField, secretField, type TraceField } from './trace.ts'

/** The two ends of a conversation, by name; the opener says the Hello. */
export interface Parties {
  readonly opener: string
  readonly host: string
  /** Direct, unless set. */
  readonly route?: Route
}

/** The fields of a Hello; the host, having opened the ticket, sees inside. One that cannot be read is told as that. */
export function helloFields(hello: Hello, parties: Parties, ticket?: Ticket): TraceField[] {
  const { noiseMessage } = hello
  const seal: Seal = { kind: 'identity', by: parties.opener, for: parties.host }
  return [
    ...clearFields(hello, parties.host, ticket),
    bytesField('noise: e', noiseMessage.subarray(0, DH_BYTES), 'X25519, fresh'),
    sealedField(
      'noise: s',
      `${parties.opener}’s identity key, sealed for ${parties.host}’s`,
      seal,
      noiseMessage.subarray(DH_BYTES, PAYLOAD_OFFSET),
    ),
    sealedField(
      'noise: payload',
      'empty; its tag proves the identity key',
      seal,
      noiseMessage.subarray(PAYLOAD_OFFSET),
    ),
  ]
}

/** The offset of the payload of Noise message 1: behind e, and s with its tag. */
const PAYLOAD_OFFSET = DH_BYTES + DH_BYTES + TAG_BYTES

/**
 * The fields that anybody on the way can read. They may have any value: in a renewal they are shown before anybody has
 * judged them.
 */
function clearFields({ clear }: Hello, host: string, ticket: Ticket | undefined): TraceField[] {
  let decoded: HelloClear
  try {
    decoded = decodeClear(clear)
  } catch {
    return [bytesField('clear', clear.subarray(0, MAX_CLEAR_BYTES), 'cannot be read')]
  }
  const { version, suite, encapsulationKey } = decoded
  return [
    plain('version', version),
    plain('suite', suite, 'Noise_IKpsk2_25519_AESGCM_SHA256 with ML-KEM-768'),
    ...admissionFields(decoded, host, ticket),
    bytesField('encapsulation_key', encapsulationKey, 'ML-KEM-768, fresh'),
  ]
}

function admissionFields({ instanceId, ticket: sealed }: HelloClear, host: string, ticket?: Ticket): TraceField[] {
  if (sealed.length === 0) return [noted('ticket', 'none: the services cannot be reached', 'plain')]
  const carried = `sealed by auth for ${host}${ticket === undefined ? ', carried as it came' : ', who opens it:'}`
  return [
    bytesField('instance_id', instanceId, `this start of ${host}’s client`),
    sealedField('ticket', carried, { kind: 'ticket', by: 'auth', for: host }, sealed, ticket && ticketFields(ticket)),
  ]
}

function ticketFields(ticket: Ticket): TraceField[] {
  return [
    bytesField('ticket_id', ticket.ticketId, 'not seen before'),
    plain('issued_at', new Date(ticket.issuedAtMs)),
    plain('expires_at', new Date(ticket.expiresAtMs)),
    plain('sender_name', ticket.senderName),
    bytesField('sender_identity_key', ticket.senderIdentityKey, 'X25519'),
    plain('sender_address', ticket.senderAddress, ticket.senderAddress === '' ? 'hidden' : 'the directory’s word'),
    secretField('secret', ticket.secret, 's'),
  ]
}

/** The fields of a Welcome. */
export function welcomeFields(
  { kemCiphertext, noiseMessage }: Welcome,
  { opener, host }: Parties,
  proof: string,
): TraceField[] {
  const seal: Seal = { kind: 'channel', by: host, for: opener }
  return [
    bytesField('kem_ciphertext', kemCiphertext, 'an ML-KEM secret for the Hello’s key'),
    bytesField('noise: e', noiseMessage.subarray(0, DH_BYTES), 'X25519, fresh'),
    sealedField('noise: payload', `empty; its tag proves that ${proof}`, seal, noiseMessage.subarray(DH_BYTES)),
  ]
}
