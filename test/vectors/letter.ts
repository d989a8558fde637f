/**
 * Makes the vectors of one letter: its ticket and its grant, and the letter itself.
 *
 * @module
 */
import { CALL, drawn, hex, kemCiphertext } from './inputs.ts'
import {
  concat,
  hkdf,
  mlKem,
  noiseXpsk1,
  protobuf,
  publicKeyOf,
  sealed,
  sha256,
  sized,
  time,
  uint16,
  utf8,
  x25519,
} from './reference.ts'

const NOTHING = new Uint8Array(0)

/** 14 days after its issue. */
const EXPIRES_AT_MS = CALL.issuedAtMs + 14 * 24 * 60 * 60 * 1000

const SECRET = drawn('secret of the letter', 32)

/** The ticket of a letter from Alice to Bob. */
export function letterTicket() {
  const ticketId = drawn("id of the letter's ticket", 16)
  const nonce = drawn("nonce of the letter's ticket", 12)
  const body = protobuf({
    1: ticketId,
    2: time(CALL.issuedAtMs),
    3: time(EXPIRES_AT_MS),
    4: utf8(CALL.senderName),
    5: CALL.senderIdentityKey,
    6: CALL.receiverIdentityKey,
    7: SECRET,
  })
  const ad = concat(utf8('sotto letter ticket v1'), uint16(1), CALL.realm, sized(utf8(CALL.receiverName)))
  return {
    ticket_key: hex(CALL.ticketKey),
    realm: hex(CALL.realm),
    receiver_name: CALL.receiverName,
    nonce: hex(nonce),
    ticket_id: hex(ticketId),
    issued_at_ms: CALL.issuedAtMs,
    expires_at_ms: EXPIRES_AT_MS,
    sender_name: CALL.senderName,
    sender_identity_key: hex(CALL.senderIdentityKey),
    receiver_identity_key: hex(CALL.receiverIdentityKey),
    secret: hex(SECRET),
    body: hex(body),
    associated_data: hex(ad),
    ticket: hex(sealed(CALL.ticketKey, nonce, ad, body)),
  }
}

/** The grant that goes with it. */
export function letterGrant() {
  const requestNonce = drawn("nonce of the letter's request", 16)
  const sessionId = drawn('session id of bob', 16)
  const nonce = drawn("nonce of the letter's grant", 12)
  const ticketHash = sha256(Buffer.from(letterTicket().ticket, 'hex'))
  const body = protobuf({
    1: requestNonce,
    2: ticketHash,
    3: utf8(CALL.receiverName),
    4: sessionId,
    5: CALL.receiverIdentityKey,
    6: time(EXPIRES_AT_MS),
    7: SECRET,
  })
  const ad = concat(utf8('sotto letter grant v1'), uint16(1), CALL.realm, sized(utf8(CALL.senderName)))
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
    expires_at_ms: EXPIRES_AT_MS,
    secret: hex(SECRET),
    body: hex(body),
    associated_data: hex(ad),
    grant: hex(sealed(CALL.grantKey, nonce, ad, body)),
  }
}

/** Alice's letters to Bob under that ticket: an acknowledgement alone, and one with an event. */
export function letters() {
  const resume = protobuf({
    1: drawn('stream of alice', 16),
    2: drawn('stream of bob', 16),
    3: 7n,
    4: drawn('event 7 of bob', 16),
  })
  const event = protobuf({
    1: drawn('event of alice', 16),
    2: time(CALL.issuedAtMs),
    3: protobuf({ 1: utf8('Hello') }),
  })
  return [
    letter('a Resume alone', protobuf({ 5: resume })),
    letter('a Resume and a text', protobuf({ 1: 1n, 2: event, 5: resume })),
    letter('a body that just fits in 256 bytes', protobuf({ 5: resume, 99: new Uint8Array(254 - 73 - 4) })),
  ]
}

/** A letter under the ticket, as though it were the only one. The ML-KEM key pair is that of the handshake's vectors. */
function letter(comment: string, body: Uint8Array) {
  const ticket = Buffer.from(letterTicket().ticket, 'hex')
  const prekeyId = drawn('prekey id', 16)
  const prekeySecret = drawn('prekey of bob', 32)
  const kemSeed = drawn('ML-KEM seed of alice', 64)
  const ciphertext = kemCiphertext()
  const { encapsulationKey, shared } = mlKem(kemSeed, ciphertext)
  const prekey = publicKeyOf(prekeySecret)
  const [second, ephemeral] = [drawn(`second ephemeral: ${comment}`, 32), drawn(`ephemeral: ${comment}`, 32)]
  const clear = protobuf({ 1: 1n, 2: 1n, 3: prekeyId, 4: ticket, 5: ciphertext, 6: publicKeyOf(second) })
  const names = concat(sized(utf8(CALL.senderName)), sized(utf8(CALL.receiverName)))
  const prologue = concat(utf8('sotto letter prologue v1'), CALL.realm, names, sized(clear))
  const info = concat(
    utf8('sotto letter psk v1'),
    uint16(1),
    names,
    CALL.senderIdentityKey,
    CALL.receiverIdentityKey,
    prekeyId,
    sha256(prekey, encapsulationKey, ciphertext),
  )
  const psk = hkdf(sha256(ticket), concat(SECRET, x25519(second, prekey), shared), info)[0] ?? NOTHING
  const size = [256, 1024, 4096, 16_384, 61_440].find((each) => each >= body.length + 2) ?? 0
  const payload = concat(sized(body), new Uint8Array(size - body.length - 2))
  const { message } = noiseXpsk1({
    prologue,
    initiatorStatic: CALL.senderStatic,
    initiatorEphemeral: ephemeral,
    responderStatic: CALL.receiverStatic,
    psk,
    payload,
  })
  return {
    comment,
    sender_static: hex(CALL.senderStatic),
    receiver_static: hex(CALL.receiverStatic),
    prekey_id: hex(prekeyId),
    prekey_secret: hex(concat(prekeySecret, kemSeed)),
    prekey: hex(prekey),
    encapsulation_key: hex(encapsulationKey),
    kem_ciphertext: hex(ciphertext),
    kem_shared: hex(shared),
    second_ephemeral: hex(second),
    ephemeral: hex(ephemeral),
    clear: hex(clear),
    prologue: hex(prologue),
    psk_info: hex(info),
    psk: hex(psk),
    body: hex(body),
    payload: hex(payload),
    letter: hex(protobuf({ 1: clear, 2: message })),
  }
}
