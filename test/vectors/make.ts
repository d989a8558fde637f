/**
 * Makes the vectors of this folder: `node test/vectors/make.ts` writes them anew, and should change nothing.
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import { grant, handshake, renewal, ticket } from './conversation.ts'
import { CALL, counted, drawn, hex } from './inputs.ts'
import { letterGrant, letters, letterTicket } from './letter.ts'
import * as reference from './reference.ts'

const { hkdf, noiseIkpsk2, noiseXpsk1, sha256, utf8 } = reference

const NOTHING = new Uint8Array(0)

/** Up to this many bytes are written down whole; of longer ones, the length and the SHA-256. */
const MAX_WRITTEN_BYTES = 256

function session() {
  const derive = (token: Uint8Array, label: string): Uint8Array => hkdf(NOTHING, token, utf8(label))[0] ?? NOTHING
  return ['first', 'second'].map((name) => {
    const token = drawn(`${name} session token`, 32)
    const directoryBearer = derive(token, 'sotto directory bearer v1')
    return {
      session_token: hex(token),
      directory_bearer: hex(directoryBearer),
      directory_bearer_hash: hex(sha256(directoryBearer)),
      auth_bearer: hex(derive(token, 'sotto auth bearer v1')),
      relay_bearer: hex(derive(token, 'sotto relay bearer v1')),
      ticket_key: hex(derive(token, 'sotto ticket v1')),
      grant_key: hex(derive(token, 'sotto grant v1')),
    }
  })
}

/** One message, sealed: whole, or by length and digest. */
export interface SealedMessage {
  readonly plaintext?: string
  readonly plaintext_length?: number
  readonly ciphertext?: string
  readonly ciphertext_sha256?: string
}

function message(plaintext: Uint8Array, ciphertext: Uint8Array): SealedMessage {
  return plaintext.length > MAX_WRITTEN_BYTES
    ? { plaintext_length: plaintext.length, ciphertext_sha256: hex(sha256(ciphertext)) }
    : { plaintext: hex(plaintext), ciphertext: hex(ciphertext) }
}

/** The same, in the words of the vectors of the Noise framework. */
export interface NoiseMessage extends Omit<SealedMessage, 'plaintext' | 'plaintext_length'> {
  readonly payload?: string
  readonly payload_length?: number
}

function noiseMessage(payload: Uint8Array, sealed: Uint8Array): NoiseMessage {
  const { plaintext, plaintext_length, ...ciphertext } = message(payload, sealed)
  if (plaintext_length === undefined) return { payload: plaintext ?? '', ...ciphertext }
  return { payload_length: plaintext_length, ...ciphertext }
}

function records() {
  const first = drawn('key of a direction', 32)
  const second = reference.rekey(first)
  const third = reference.rekey(second)
  const keys = [first, second, third]
  const direction = [0, 1, 2, 998, 999, 1000, 1001, 1999, 2000].map((n) => {
    const plaintext = n === 2 ? counted(65_519) : n === 0 ? NOTHING : utf8(`record ${n}`)
    const key = keys[Math.floor(n / 1000)] ?? NOTHING
    return { n: String(n), ...message(plaintext, reference.record(key, BigInt(n), plaintext)) }
  })
  const places = [2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 2n]
  return {
    keys: keys.map((key, index) => ({ from_n: String(index * 1000), key: hex(key) })),
    direction,
    nonces: places.map((n) => {
      const plaintext = utf8(`nonce ${n}`)
      return {
        key: hex(first),
        n: String(n),
        ...message(plaintext, reference.record(first, n, plaintext)),
      }
    }),
  }
}

function noise() {
  const cases: Record<string, { prologue: Uint8Array; payloads: Uint8Array[] }> = {
    'nothing: an empty prologue and empty payloads': {
      prologue: NOTHING,
      payloads: Array.from({ length: 6 }, () => NOTHING),
    },
    'a prologue of 1,900 bytes, and payloads of one byte': {
      prologue: counted(1_900),
      payloads: Array.from({ length: 4 }, (_, index) => Uint8Array.of(index)),
    },
    'the largest payloads': {
      prologue: utf8('prologue'),
      payloads: [counted(65_439), counted(65_487), counted(65_519), counted(65_519), counted(65_518), utf8('after')],
    },
  }
  return Object.entries(cases).map(([comment, { prologue, payloads }]) => noiseVector(comment, prologue, payloads))
}

function noiseVector(comment: string, prologue: Uint8Array, payloads: Uint8Array[]) {
  const secrets = ['init_static', 'init_ephemeral', 'resp_static', 'resp_ephemeral', 'psk'] as const
  const [initStatic, initEphemeral, respStatic, respEphemeral, psk] = secrets.map((name) =>
    drawn(`${comment} ${name}`, 32),
  )
  const inputs = {
    prologue,
    initiatorStatic: initStatic ?? NOTHING,
    initiatorEphemeral: initEphemeral ?? NOTHING,
    responderStatic: respStatic ?? NOTHING,
    responderEphemeral: respEphemeral ?? NOTHING,
    psk: psk ?? NOTHING,
    payloads: [payloads[0] ?? NOTHING, payloads[1] ?? NOTHING] as const,
  }
  const shaken = noiseIkpsk2(inputs)
  const ciphertexts = payloads.map((payload, index) => {
    if (index === 0) return shaken.message1
    if (index === 1) return shaken.message2
    const key = index % 2 === 0 ? shaken.initiatorKey : shaken.responderKey
    return reference.record(key, BigInt(Math.floor(index / 2) - 1), payload)
  })
  return {
    comment,
    protocol_name: 'Noise_IKpsk2_25519_AESGCM_SHA256',
    init_prologue: hex(prologue),
    init_psks: [hex(inputs.psk)],
    init_static: hex(inputs.initiatorStatic),
    init_ephemeral: hex(inputs.initiatorEphemeral),
    init_remote_static: hex(reference.publicKeyOf(inputs.responderStatic)),
    resp_prologue: hex(prologue),
    resp_psks: [hex(inputs.psk)],
    resp_static: hex(inputs.responderStatic),
    resp_ephemeral: hex(inputs.responderEphemeral),
    handshake_hash: hex(shaken.handshakeHash),
    messages: payloads.map((payload, index) => noiseMessage(payload, ciphertexts[index] ?? NOTHING)),
  }
}

function oneWay() {
  const cases: Record<string, { prologue: Uint8Array; payload: Uint8Array }> = {
    'nothing: an empty prologue and an empty payload': { prologue: NOTHING, payload: NOTHING },
    'a prologue of 2,000 bytes, and a payload of one byte': { prologue: counted(2_000), payload: Uint8Array.of(7) },
    'the largest payload': { prologue: utf8('prologue'), payload: counted(65_439) },
  }
  return Object.entries(cases).map(([comment, { prologue, payload }]) => {
    const [initiatorStatic, initiatorEphemeral, responderStatic, psk] = [
      drawn(`one way: ${comment} init_static`, 32),
      drawn(`one way: ${comment} init_ephemeral`, 32),
      drawn(`one way: ${comment} resp_static`, 32),
      drawn(`one way: ${comment} psk`, 32),
    ] as const
    const sealed = noiseXpsk1({ prologue, initiatorStatic, initiatorEphemeral, responderStatic, psk, payload })
    return {
      comment,
      protocol_name: 'Noise_Xpsk1_25519_AESGCM_SHA256',
      init_prologue: hex(prologue),
      init_psks: [hex(psk)],
      init_static: hex(initiatorStatic),
      init_ephemeral: hex(initiatorEphemeral),
      init_remote_static: hex(reference.publicKeyOf(responderStatic)),
      resp_prologue: hex(prologue),
      resp_psks: [hex(psk)],
      resp_static: hex(responderStatic),
      handshake_hash: hex(sealed.handshakeHash),
      messages: [noiseMessage(payload, sealed.message)],
    }
  })
}

function safetyNumbers() {
  const keyOf = (name: string): Uint8Array => reference.publicKeyOf(drawn(`identity key of ${name}`, 32))
  const pairs = [
    ['alice', 'bob'],
    ['bob', 'alice'],
    ['a', 'a-name.of_thirty-two.characters0'],
  ] as const
  return pairs.map(([ownName, otherName]) => {
    const [ownKey, otherKey] = [keyOf(ownName), keyOf(otherName)]
    const own = reference.fingerprint(CALL.realm, ownName, ownKey)
    const other = reference.fingerprint(CALL.realm, otherName, otherKey)
    return {
      realm: hex(CALL.realm),
      own_name: ownName,
      own_identity_key: hex(ownKey),
      own_fingerprint: hex(own.bytes),
      own_digits: own.digits,
      other_name: otherName,
      other_identity_key: hex(otherKey),
      other_fingerprint: hex(other.bytes),
      other_digits: other.digits,
      ...reference.safetyNumber(own, other),
    }
  })
}

/** Every vector file of this folder, by its name. */
export function makeVectors() {
  const of = <T>(vectors: T[]) => ({ source: 'made by test/vectors/make.ts', vectors })
  return {
    'session.json': of(session()),
    'ticket.json': of([ticket()]),
    'grant.json': of([grant()]),
    'noise.json': of(noise()),
    'noise-one-way.json': of(oneWay()),
    'handshake.json': of([handshake()]),
    'renewal.json': of(renewal()),
    'records.json': of([records()]),
    'letter-ticket.json': of([letterTicket()]),
    'letter-grant.json': of([letterGrant()]),
    'letter.json': of(letters()),
    'safety-number.json': of(safetyNumbers()),
  }
}

if (import.meta.main) {
  for (const [name, file] of Object.entries(makeVectors())) {
    writeFileSync(new URL(name, import.meta.url), `${JSON.stringify(file, null, 2)}\n`)
  }
}
