/**
 * Makes the vectors of one conversation: ticket, grant, handshake, and the renewals of its channel.
 *
 * @module
 */
import { CALL, drawn, hex, kemCiphertext } from './inputs.ts'
import { concat, hkdf, mlKem, noiseIkpsk2, protobuf, sealed, sha256, sized, time, uint16, utf8 } from './reference.ts'

const NOTHING = new Uint8Array(0)

const SENDER_ADDRESS = '192.0.2.7'

/** A ticket for Bob, sealed, and what it is made of. */
function sealedTicket({ ticketId, nonce, secret }: Record<'ticketId' | 'nonce' | 'secret', Uint8Array>) {
  const body = protobuf({
    1: ticketId,
    2: time(CALL.issuedAtMs),
    3: time(CALL.expiresAtMs),
    4: time(CALL.maxSessionDurationMs),
    5: utf8(CALL.senderName),
    6: CALL.senderIdentityKey,
    7: utf8(SENDER_ADDRESS),
    8: CALL.receiverIdentityKey,
    9: secret,
  })
  const associatedData = concat(
    utf8('sotto ticket v1'),
    uint16(1),
    CALL.realm,
    sized(utf8(CALL.receiverName)),
    CALL.instanceId,
  )
  return { body, associatedData, sealed: sealed(CALL.ticketKey, nonce, associatedData, body) }
}

/** The ticket of the conversation. */
export function ticket() {
  const ticketId = drawn('ticket id', 16)
  const nonce = drawn('nonce of the ticket', 12)
  const made = sealedTicket({ ticketId, nonce, secret: CALL.secret })
  return {
    ticket_key: hex(CALL.ticketKey),
    realm: hex(CALL.realm),
    receiver_name: CALL.receiverName,
    instance_id: hex(CALL.instanceId),
    nonce: hex(nonce),
    ticket_id: hex(ticketId),
    issued_at_ms: CALL.issuedAtMs,
    expires_at_ms: CALL.expiresAtMs,
    max_session_duration_ms: CALL.maxSessionDurationMs,
    sender_name: CALL.senderName,
    sender_identity_key: hex(CALL.senderIdentityKey),
    sender_address: SENDER_ADDRESS,
    receiver_identity_key: hex(CALL.receiverIdentityKey),
    secret: hex(CALL.secret),
    body: hex(made.body),
    associated_data: hex(made.associatedData),
    ticket: hex(made.sealed),
  }
}

/** The grant that goes with it. */
export function grant() {
  const requestNonce = drawn('nonce of the request', 16)
  const sessionId = drawn('session id of bob', 16)
  const nonce = drawn('nonce of the grant', 12)
  const ticketHash = sha256(Buffer.from(ticket().ticket, 'hex'))
  const body = protobuf({
    1: requestNonce,
    2: ticketHash,
    3: utf8(CALL.receiverName),
    4: sessionId,
    5: CALL.receiverIdentityKey,
    6: CALL.instanceId,
    7: time(CALL.expiresAtMs),
    8: time(CALL.maxSessionDurationMs),
    9: CALL.secret,
  })
  const associatedData = concat(utf8('sotto grant v1'), uint16(1), CALL.realm, sized(utf8(CALL.senderName)))
  return {
    grant_key: hex(CALL.grantKey),
    realm: hex(CALL.realm),
    sender_name: CALL.senderName,
    nonce: hex(nonce),
    request_nonce: hex(requestNonce),
    ticket_hash: hex(ticketHash),
    receiver_name: CALL.receiverName,
    receiver_session_id: hex(sessionId),
    receiver_identity_key: hex(CALL.receiverIdentityKey),
    receiver_instance_id: hex(CALL.instanceId),
    expires_at_ms: CALL.expiresAtMs,
    max_session_duration_ms: CALL.maxSessionDurationMs,
    secret: hex(CALL.secret),
    body: hex(body),
    associated_data: hex(associatedData),
    grant: hex(sealed(CALL.grantKey, nonce, associatedData, body)),
  }
}

/** Alice calls Bob with that ticket. */
export function handshake() {
  const sealedTicket = Buffer.from(ticket().ticket, 'hex')
  const { encapsulationKey, ...made } = shake({
    labels: ['ephemeral of alice', 'ephemeral of bob'],
    prologue: utf8('sotto prologue v1'),
    psk: utf8('sotto psk v1'),
    ticket: sealedTicket,
    secret: CALL.secret,
    old: NOTHING,
  })
  return {
    realm: hex(CALL.realm),
    sender_name: CALL.senderName,
    receiver_name: CALL.receiverName,
    sender_static: hex(CALL.senderStatic),
    receiver_static: hex(CALL.receiverStatic),
    ticket_key: hex(CALL.ticketKey),
    instance_id: hex(CALL.instanceId),
    ticket: hex(sealedTicket),
    secret: hex(CALL.secret),
    encapsulation_key: hex(encapsulationKey),
    ...made,
  }
}

/** The channel of that handshake, renewed with a ticket, and what this gives, renewed without one. */
export function renewal() {
  const secret = drawn('secret of the renewal', 32)
  const [ticketId, nonce] = [drawn('id of the second ticket', 16), drawn('nonce of the second ticket', 12)]
  const withTicket = renewed(handshake(), { ticket: sealedTicket({ ticketId, nonce, secret }).sealed, secret })
  return [withTicket, renewed(withTicket)]
}

function renewed(
  old: { readonly handshake_hash: string; readonly export_secret: string },
  credentials?: { readonly ticket: Uint8Array; readonly secret: Uint8Array },
) {
  const comment = credentials ? 'with a ticket' : 'without a ticket'
  const { encapsulationKey, ...made } = shake({
    labels: [`ephemeral of alice ${comment}`, `ephemeral of bob ${comment}`],
    prologue: utf8('sotto renewal prologue v1'),
    psk: utf8(credentials ? 'sotto renewal psk v1' : 'sotto ticketless renewal psk v1'),
    ticket: credentials?.ticket ?? NOTHING,
    secret: credentials?.secret ?? Buffer.from(old.export_secret, 'hex'),
    old: Buffer.from(old.handshake_hash, 'hex'),
  })
  return {
    comment,
    old_handshake_hash: old.handshake_hash,
    old_export_secret: old.export_secret,
    ticket: hex(credentials?.ticket ?? NOTHING),
    secret: hex(credentials?.secret ?? NOTHING),
    ...made,
  }
}

interface Shake {
  /** Of the ephemeral keys, Alice's first. */
  readonly labels: readonly [string, string]
  /** The labels that prologue and info of the psk begin with. */
  readonly prologue: Uint8Array
  readonly psk: Uint8Array
  readonly ticket: Uint8Array
  /** s, or the export secret. */
  readonly secret: Uint8Array
  /** The handshake hash of the channel that is renewed; none where there is none yet. */
  readonly old: Uint8Array
}

/**
 * A handshake of Alice and Bob. All have the key pair of ML-KEM in common, for there is one ciphertext and it is to that
 * key; in life it is new each time, as the other ephemeral keys are here.
 */
function shake({ labels, prologue: prologueLabel, psk: pskLabel, ticket, secret, old }: Shake) {
  const kemSeed = drawn('ML-KEM seed of alice', 64)
  const ciphertext = kemCiphertext()
  const { encapsulationKey, shared } = mlKem(kemSeed, ciphertext)
  const instanceId = ticket.length === 0 ? NOTHING : CALL.instanceId
  const clear = protobuf({ 1: 1n, 2: 1n, 3: instanceId, 4: ticket, 5: encapsulationKey })
  const names = concat(sized(utf8(CALL.senderName)), sized(utf8(CALL.receiverName)))
  const prologue = concat(prologueLabel, CALL.realm, names, old, sized(clear))
  const keys = concat(CALL.senderIdentityKey, CALL.receiverIdentityKey)
  const pskInfo = concat(pskLabel, uint16(1), names, keys, sha256(encapsulationKey, ciphertext), old)
  const salt = ticket.length === 0 ? NOTHING : sha256(ticket)
  const psk = hkdf(salt, concat(secret, shared), pskInfo)[0] ?? NOTHING
  const [senderEphemeral, receiverEphemeral] = [drawn(labels[0], 32), drawn(labels[1], 32)]
  const noise = noiseIkpsk2({
    prologue,
    initiatorStatic: CALL.senderStatic,
    initiatorEphemeral: senderEphemeral,
    responderStatic: CALL.receiverStatic,
    responderEphemeral: receiverEphemeral,
    psk,
    payloads: [NOTHING, NOTHING],
  })
  return {
    encapsulationKey,
    sender_ephemeral: hex(senderEphemeral),
    receiver_ephemeral: hex(receiverEphemeral),
    kem_seed: hex(kemSeed),
    clear: hex(clear),
    prologue: hex(prologue),
    noise_message_1: hex(noise.message1),
    kem_ciphertext: hex(ciphertext),
    kem_shared: hex(shared),
    psk_info: hex(pskInfo),
    psk: hex(psk),
    noise_message_2: hex(noise.message2),
    handshake_hash: hex(noise.handshakeHash),
    sender_key: hex(noise.initiatorKey),
    receiver_key: hex(noise.responderKey),
    export_secret: hex(noise.exported),
  }
}
