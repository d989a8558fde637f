/**
 * The published vectors of the suite 25519_AESGCM_SHA256: every handshake pattern over the shipped state objects, and
 * the shipped handshakes on their own.
 */
import { join } from 'node:path'
import { expect } from 'chai'
import { Initiator, PROTOCOL_NAME, Responder } from '#lib/noise/handshake.ts'
import { ONE_WAY_PROTOCOL_NAME, readOneWay, writeOneWay } from '#lib/noise/one-way.ts'
import { type KeyPair, keyPairFrom } from '#lib/noise/primitives.ts'
import { Secret } from '#lib/secret.ts'
import { PatternEnd } from '../../support/noise-patterns.ts'
import { type NoiseVector, readNoiseVectors } from '../../support/noise-vectors.ts'

/** The 59 vectors of this suite, out of the 944 in haskell-cryptography/cacophony, vectors/cacophony.txt. */
const FILE = 'cacophony-25519-aesgcm-sha256.json'
const COUNT = 59

const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex')
const hex = (raw: Uint8Array | undefined): string => Buffer.from(raw ?? []).toString('hex')
const secret = (text: string): Secret => Secret.of(bytes(text))
const keyPair = (text: string | undefined): KeyPair | undefined => (text ? keyPairFrom(secret(text)) : undefined)

const folder = process.env['SOTTO_VECTORS']

describe('the published Noise vectors', () => {
  if (folder === undefined) {
    it(`need SOTTO_VECTORS=FOLDER with ${FILE}: the AESGCM_SHA256 vectors of github.com/haskell-cryptography/cacophony`)
    return
  }
  const vectors = readNoiseVectors(join(folder, FILE))

  it(`are ${COUNT}, of as many patterns`, () => {
    expect(vectors).to.have.lengthOf(COUNT)
    expect(new Set(vectors.map((vector) => vector.protocol_name)).size).to.equal(COUNT)
  })

  for (const vector of vectors) {
    for (const role of ['initiator', 'responder'] as const) {
      it(`${vector.protocol_name} comes out the same as ${role}`, () => runPattern(vector, role === 'initiator'))
    }
  }

  function vectorOf(protocolName: string): NoiseVector {
    const vector = vectors.find((candidate) => candidate.protocol_name === protocolName)
    if (!vector) throw new Error(`no vector for ${protocolName}`)
    return vector
  }

  for (const role of ['initiator', 'responder'] as const) {
    it(`the shipped handshake comes out the same as ${role}`, () => {
      const vector = vectorOf(PROTOCOL_NAME)
      if (role === 'initiator') runInitiator(vector)
      else runResponder(vector)
    })

    it(`the shipped one-way handshake comes out the same as ${role}`, () => {
      const vector = vectorOf(ONE_WAY_PROTOCOL_NAME)
      if (role === 'initiator') runWriter(vector)
      else runReader(vector)
    })
  }
})

/** One end, with the vector's messages in place of the other. */
function runPattern(vector: NoiseVector, isInitiator: boolean): void {
  const end = new PatternEnd(
    vector.protocol_name,
    isInitiator
      ? {
          isInitiator,
          prologue: bytes(vector.init_prologue),
          psks: (vector.init_psks ?? []).map(secret),
          s: keyPair(vector.init_static),
          e: keyPair(vector.init_ephemeral),
          rs: vector.init_remote_static ? bytes(vector.init_remote_static) : undefined,
        }
      : {
          isInitiator,
          prologue: bytes(vector.resp_prologue),
          psks: (vector.resp_psks ?? []).map(secret),
          s: keyPair(vector.resp_static),
          e: keyPair(vector.resp_ephemeral),
          rs: vector.resp_remote_static ? bytes(vector.resp_remote_static) : undefined,
        },
  )
  for (const { payload, ciphertext } of vector.messages) {
    if (end.writesNext) expect(hex(end.write(bytes(payload)))).to.equal(ciphertext)
    else expect(hex(end.read(bytes(ciphertext)))).to.equal(payload)
  }
  expect(hex(end.handshakeHash)).to.equal(vector.handshake_hash)
}

function runInitiator(vector: NoiseVector): void {
  const [first, second, ...rest] = vector.messages
  const handshake = new Initiator(bytes(vector.init_prologue), {
    s: keyPairFrom(secret(vector.init_static ?? '')),
    e: keyPairFrom(secret(vector.init_ephemeral ?? '')),
    rs: bytes(vector.init_remote_static ?? ''),
  })
  expect(hex(handshake.writeMessage1(bytes(first?.payload ?? '')))).to.equal(first?.ciphertext)
  const payload = handshake.readMessage2(bytes(second?.ciphertext ?? ''), secret(vector.init_psks?.[0] ?? ''))
  expect(hex(payload)).to.equal(second?.payload)
  const transport = handshake.split()
  expect(hex(transport.handshakeHash)).to.equal(vector.handshake_hash)
  for (const [index, message] of rest.entries()) {
    if (index % 2 === 0) expect(hex(transport.seal(bytes(message.payload)))).to.equal(message.ciphertext)
    else expect(hex(transport.open(bytes(message.ciphertext)))).to.equal(message.payload)
  }
}

function runResponder(vector: NoiseVector): void {
  const [first, second, ...rest] = vector.messages
  const handshake = new Responder(bytes(vector.resp_prologue), keyPairFrom(secret(vector.resp_static ?? '')))
  const { payload, remoteStatic } = handshake.readMessage1(bytes(first?.ciphertext ?? ''))
  expect(hex(payload)).to.equal(first?.payload)
  expect(hex(remoteStatic)).to.equal(hex(keyPair(vector.init_static)?.publicKey))
  const message2 = handshake.writeMessage2(bytes(second?.payload ?? ''), {
    e: keyPairFrom(secret(vector.resp_ephemeral ?? '')),
    psk: secret(vector.resp_psks?.[0] ?? ''),
  })
  expect(hex(message2)).to.equal(second?.ciphertext)
  const transport = handshake.split()
  expect(hex(transport.handshakeHash)).to.equal(vector.handshake_hash)
  for (const [index, message] of rest.entries()) {
    if (index % 2 === 0) expect(hex(transport.open(bytes(message.ciphertext)))).to.equal(message.payload)
    else expect(hex(transport.seal(bytes(message.payload)))).to.equal(message.ciphertext)
  }
}

function runWriter(vector: NoiseVector): void {
  const [first] = vector.messages
  const message = writeOneWay({
    prologue: bytes(vector.init_prologue),
    s: keyPairFrom(secret(vector.init_static ?? '')),
    e: keyPairFrom(secret(vector.init_ephemeral ?? '')),
    rs: bytes(vector.init_remote_static ?? ''),
    psk: secret(vector.init_psks?.[0] ?? ''),
    payload: bytes(first?.payload ?? ''),
  })
  expect(hex(message)).to.equal(first?.ciphertext)
}

function runReader(vector: NoiseVector): void {
  const [first] = vector.messages
  const { payload, remoteStatic } = readOneWay({
    prologue: bytes(vector.resp_prologue),
    s: keyPairFrom(secret(vector.resp_static ?? '')),
    psk: secret(vector.resp_psks?.[0] ?? ''),
    message: bytes(first?.ciphertext ?? ''),
  })
  expect(hex(payload)).to.equal(first?.payload)
  expect(hex(remoteStatic)).to.equal(hex(keyPair(vector.init_static)?.publicKey))
}
