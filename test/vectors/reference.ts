/**
 * Sotto's derivations a second time, written from docs/protocol.md and the documents it names, for making vectors.
 *
 * It shares no code with lib/: X25519 is the ladder of RFC 7748, HKDF is made of HMAC, protobuf is put together by hand,
 * and the handshake is one function. It is slow and does not care who measures it: not for use with real keys. What it
 * takes from node:crypto is SHA-256, SHA-512, HMAC, AES-GCM and ML-KEM; BIP-39 is @scure/bip39's.
 *
 * @module
 */
import { createCipheriv, createHash, createHmac, createPrivateKey, createPublicKey, decapsulate } from 'node:crypto'
import { entropyToMnemonic } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'

export const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8')

export const concat = (...parts: Uint8Array[]): Uint8Array => Buffer.concat(parts)

export const sha256 = (...parts: Uint8Array[]): Uint8Array =>
  createHash('sha256')
    .update(concat(...parts))
    .digest()

const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Uint8Array =>
  createHmac('sha256', key)
    .update(concat(...parts))
    .digest()

/** HKDF-SHA256 (RFC 5869), as many blocks of 32 bytes as asked for. */
export function hkdf(salt: Uint8Array, ikm: Uint8Array, info: Uint8Array, blocks = 1): Uint8Array[] {
  const prk = hmac(salt, ikm)
  const output: Uint8Array[] = []
  for (let block = 1; block <= blocks; block += 1) {
    output.push(hmac(prk, output.at(-1) ?? utf8(''), info, Uint8Array.of(block)))
  }
  return output
}

/** AES-256-GCM: ciphertext and tag. */
function aesGcm(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(ad)
  return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
}

/** X25519(secret, u): the Montgomery ladder of RFC 7748, section 5. */
export function x25519(secret: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const p = 2n ** 255n - 19n
  const mod = (value: bigint): bigint => ((value % p) + p) % p
  const k = (littleEndian(secret) & (2n ** 254n - 8n)) | (2n ** 254n)
  const x1 = littleEndian(publicKey) & (2n ** 255n - 1n)
  let [x2, z2, x3, z3, swap] = [1n, 0n, x1, 1n, 0n]
  for (let bit = 254n; bit >= 0n; bit -= 1n) {
    const kt = (k >> bit) & 1n
    if (swap !== kt) [x2, x3, z2, z3] = [x3, x2, z3, z2]
    swap = kt
    const [a, b, c, d] = [x2 + z2, x2 - z2, x3 + z3, x3 - z3]
    const [aa, bb, da, cb] = [mod(a * a), mod(b * b), mod(d * a), mod(c * b)]
    const e = aa - bb
    x3 = mod((da + cb) ** 2n)
    z3 = mod(x1 * (da - cb) ** 2n)
    x2 = mod(aa * bb)
    z2 = mod(e * (aa + 121665n * e))
  }
  if (swap === 1n) [x2, x3, z2, z3] = [x3, x2, z3, z2]
  return Buffer.from(
    mod(x2 * power(z2, p - 2n, p))
      .toString(16)
      .padStart(64, '0'),
    'hex',
  ).reverse()
}

/** The public key of a secret key: X25519 of it and the base point, 9. */
export const publicKeyOf = (secret: Uint8Array): Uint8Array =>
  x25519(secret, concat(Uint8Array.of(9), new Uint8Array(31)))

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (let square = base; exponent > 0n; exponent >>= 1n, square = (square * square) % modulus) {
    if (exponent & 1n) result = (result * square) % modulus
  }
  return result
}

/** The encapsulation key of an ML-KEM-768 seed, and what a ciphertext holds for it. */
export function mlKem(seed: Uint8Array, ciphertext: Uint8Array): { encapsulationKey: Uint8Array; shared: Uint8Array } {
  const key = createPrivateKey({ key: Buffer.from(seed), format: 'raw-seed', asymmetricKeyType: 'ml-kem-768' })
  return {
    encapsulationKey: createPublicKey(key).export({ format: 'raw-public' }),
    shared: decapsulate(key, ciphertext),
  }
}

/** An unsigned number of 16 bits, big-endian. */
export const uint16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff)

/** A field of variable length, behind its length. */
export const sized = (bytes: Uint8Array): Uint8Array => concat(uint16(bytes.length), bytes)

function varint(value: bigint): Uint8Array {
  return value < 0x80n
    ? Uint8Array.of(Number(value))
    : concat(Uint8Array.of(Number(value & 0x7fn) | 0x80), varint(value >> 7n))
}

/** A protobuf message of these fields, left out where zero or empty, as proto3 has it. */
export function protobuf(fields: Record<number, Uint8Array | bigint>): Uint8Array {
  const parts = Object.entries(fields).map(([number, value]) => {
    const tag = BigInt(number) << 3n
    if (typeof value === 'bigint') return value === 0n ? utf8('') : concat(varint(tag), varint(value))
    return value.length === 0 ? utf8('') : concat(varint(tag | 2n), varint(BigInt(value.length)), value)
  })
  return concat(...parts)
}

/** A Timestamp or a Duration of so many milliseconds; they are laid out alike. */
export const time = (milliseconds: number): Uint8Array =>
  protobuf({ 1: BigInt(Math.floor(milliseconds / 1000)), 2: BigInt((milliseconds % 1000) * 1_000_000) })

/** A sealed body: nonce, AES-256-GCM of the body padded to 512 bytes. */
export function sealed(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, body: Uint8Array): Uint8Array {
  const padded = concat(sized(body), new Uint8Array(510 - body.length))
  return concat(nonce, aesGcm(key, nonce, ad, padded))
}

/** The AES-GCM nonce that a Noise counter makes. */
function noiseNonce(n: bigint): Uint8Array {
  const nonce = Buffer.alloc(12)
  nonce.writeBigUInt64BE(n, 4)
  return nonce
}

/** A Noise transport message. */
export const record = (key: Uint8Array, n: bigint, plaintext: Uint8Array): Uint8Array =>
  aesGcm(key, noiseNonce(n), utf8(''), plaintext)

/** REKEY(k). */
export const rekey = (key: Uint8Array): Uint8Array => record(key, 2n ** 64n - 1n, new Uint8Array(32)).subarray(0, 32)

export interface HandshakeInputs {
  readonly prologue: Uint8Array
  readonly initiatorStatic: Uint8Array
  readonly initiatorEphemeral: Uint8Array
  readonly responderStatic: Uint8Array
  readonly responderEphemeral: Uint8Array
  readonly psk: Uint8Array
  readonly payloads: readonly [Uint8Array, Uint8Array]
}

/** The state that both ends of a handshake hash and mix alike, as far as `<- s`. */
function symmetricState(protocolName: string, prologue: Uint8Array, responderPublic: Uint8Array) {
  let h = concat(utf8(protocolName), new Uint8Array(32 - protocolName.length))
  let [ck, k, n] = [h, h, 0n]
  const mixHash = (data: Uint8Array): void => {
    h = sha256(h, data)
  }
  const mixKey = (ikm: Uint8Array): void => {
    const [next, key] = hkdf(ck, ikm, utf8(''), 2) as [Uint8Array, Uint8Array]
    ;[ck, k, n] = [next, key, 0n]
  }
  mixHash(prologue)
  mixHash(responderPublic)
  return {
    mixKey,
    mixKeyAndHash(psk: Uint8Array): void {
      const [next, forHash, key] = hkdf(ck, psk, utf8(''), 3) as [Uint8Array, Uint8Array, Uint8Array]
      mixHash(forHash)
      ;[ck, k, n] = [next, key, 0n]
    },
    encryptAndHash(plaintext: Uint8Array): Uint8Array {
      const ciphertext = aesGcm(k, noiseNonce(n), h, plaintext)
      n += 1n
      mixHash(ciphertext)
      return ciphertext
    },
    ephemeral(secret: Uint8Array): Uint8Array {
      const key = publicKeyOf(secret)
      mixHash(key)
      mixKey(key)
      return key
    },
    split() {
      const [initiatorKey, responderKey, exported] = hkdf(ck, utf8(''), utf8(''), 3) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ]
      return { handshakeHash: h, initiatorKey, responderKey, exported }
    },
  }
}

/** Noise_IKpsk2_25519_AESGCM_SHA256 of both ends at once, for they hash and mix the same. The keys are secret keys. */
export function noiseIkpsk2(inputs: HandshakeInputs) {
  const { prologue, initiatorStatic, initiatorEphemeral, responderStatic, responderEphemeral, psk, payloads } = inputs
  const [rs, rePublic] = [publicKeyOf(responderStatic), publicKeyOf(responderEphemeral)]
  const state = symmetricState('Noise_IKpsk2_25519_AESGCM_SHA256', prologue, rs)

  const e1 = state.ephemeral(initiatorEphemeral)
  state.mixKey(x25519(initiatorEphemeral, rs)) // es
  const s = state.encryptAndHash(publicKeyOf(initiatorStatic))
  state.mixKey(x25519(initiatorStatic, rs)) // ss
  const message1 = concat(e1, s, state.encryptAndHash(payloads[0]))

  const e2 = state.ephemeral(responderEphemeral)
  state.mixKey(x25519(initiatorEphemeral, rePublic)) // ee
  state.mixKey(x25519(initiatorStatic, rePublic)) // se
  state.mixKeyAndHash(psk)
  const message2 = concat(e2, state.encryptAndHash(payloads[1]))
  return { message1, message2, ...state.split() }
}

/** Noise_Xpsk1_25519_AESGCM_SHA256: its one message. The keys are secret keys. */
export function noiseXpsk1(
  inputs: Omit<HandshakeInputs, 'responderEphemeral' | 'payloads'> & { readonly payload: Uint8Array },
) {
  const { prologue, initiatorStatic, initiatorEphemeral, responderStatic, psk, payload } = inputs
  const rs = publicKeyOf(responderStatic)
  const state = symmetricState('Noise_Xpsk1_25519_AESGCM_SHA256', prologue, rs)
  const e = state.ephemeral(initiatorEphemeral)
  state.mixKey(x25519(initiatorEphemeral, rs)) // es
  const s = state.encryptAndHash(publicKeyOf(initiatorStatic))
  state.mixKey(x25519(initiatorStatic, rs)) // ss
  state.mixKeyAndHash(psk)
  const message = concat(e, s, state.encryptAndHash(payload))
  return { message, handshakeHash: state.split().handshakeHash }
}

/** A person's fingerprint: 64 bytes, and 30 digits. */
export function fingerprint(realm: Uint8Array, name: string, key: Uint8Array) {
  let bytes = concat(utf8('sotto safety number v1'), realm, sized(utf8(name)), key)
  for (let count = 0; count < 5200; count += 1) bytes = createHash('sha512').update(bytes).update(key).digest()
  const digits = [0, 5, 10, 15, 20, 25].map((at) => {
    const group = BigInt(`0x${Buffer.from(bytes.subarray(at, at + 5)).toString('hex')}`) % 100_000n
    return `0000${group}`.slice(-5)
  })
  return { bytes, digits: digits.join('') }
}

/** The safety number of two fingerprints. */
export function safetyNumber(...people: [ReturnType<typeof fingerprint>, ReturnType<typeof fingerprint>]) {
  const [lower, higher] = people.sort((a, b) => (a.digits < b.digits ? -1 : 1))
  return {
    digits: lower.digits + higher.digits,
    words: entropyToMnemonic(sha256(utf8('sotto words v1'), lower.bytes, higher.bytes).subarray(0, 16), wordlist),
    qr: `SOTTO1:${Buffer.from(concat(lower.bytes, higher.bytes)).toString('hex').toUpperCase()}`,
  }
}
