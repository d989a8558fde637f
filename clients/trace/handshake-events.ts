/**
 * The trace of Hello and Welcome, when they begin a conversation and when they renew its keys.
 *
 * @module
 */

import type { Hello, HelloClear, Welcome } from '#gen/sotto/peer/v1/handshake.ts'
import { decodeClear, MAX_CLEAR_BYTES } from '#lib/channel/hello.ts'
import { DH_BYTES } from '#lib/noise/primitives.ts'
import type { Route } from '#lib/protocol.ts'
import type { Ticket } from '#lib/ticket/ticket.ts'
import { noiseFields, ticketField } from './sealed-fields.ts'
import { bytesField, noted, plain, type Seal, sealedField, type TraceField } from './trace.ts'

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
    ...noiseFields(
      noiseMessage,
      { sender: parties.opener, receiver: parties.host },
      { note: 'empty; its tag proves the identity key', seal },
    ),
  ]
}

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
  return [
    bytesField('instance_id', instanceId, `this start of ${host}’s client`),
    ticketField(sealed, host, ', carried as it came', ticket),
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
