import { expect } from 'chai'
import { Initiator, Responder } from '#lib/noise/handshake.ts'
import { readOneWay, writeOneWay } from '#lib/noise/one-way.ts'
import { bytes, inFormOf, keyPair, readVectors, secret } from '../support/own-vectors.ts'
import { counted, hex } from './inputs.ts'
import type { NoiseMessage } from './make.ts'

describe('noise.json', () => {
  for (const vector of readVectors('noise.json').vectors) {
    it(`holds for both roles: ${vector.comment}`, () => {
      const [first = {}, second = {}, ...rest] = vector.messages
      const initiator = new Initiator(bytes(vector.init_prologue), {
        s: keyPair(vector.init_static),
        e: keyPair(vector.init_ephemeral),
        rs: bytes(vector.init_remote_static),
      })
      const responder = new Responder(bytes(vector.resp_prologue), keyPair(vector.resp_static))
      const [initiatorPsk, responderPsk] = [secret(vector.init_psks[0] ?? ''), secret(vector.resp_psks[0] ?? '')]

      const message1 = initiator.writeMessage1(payloadOf(first))
      compare(first, message1, responder.readMessage1(message1).payload)
      const e = keyPair(vector.resp_ephemeral)
      const message2 = responder.writeMessage2(payloadOf(second), { e, psk: responderPsk })
      compare(second, message2, initiator.readMessage2(message2, initiatorPsk))

      const [near, far] = [initiator.split(), responder.split()]
      for (const end of [near, far]) expect(hex(end.handshakeHash)).to.equal(vector.handshake_hash)
      for (const [index, message] of rest.entries()) {
        const [from, to] = index % 2 === 0 ? [near, far] : [far, near]
        const ciphertext = from.seal(payloadOf(message))
        compare(message, ciphertext, to.open(ciphertext))
      }
    })
  }
})

describe('noise-one-way.json', () => {
  for (const vector of readVectors('noise-one-way.json').vectors) {
    it(`holds for both roles: ${vector.comment}`, () => {
      const [first = {}] = vector.messages
      const message = writeOneWay({
        prologue: bytes(vector.init_prologue),
        s: keyPair(vector.init_static),
        e: keyPair(vector.init_ephemeral),
        rs: bytes(vector.init_remote_static),
        psk: secret(vector.init_psks[0] ?? ''),
        payload: payloadOf(first),
      })
      const prologue = bytes(vector.resp_prologue)
      const psk = secret(vector.resp_psks[0] ?? '')
      const { payload, remoteStatic } = readOneWay({ prologue, s: keyPair(vector.resp_static), psk, message })
      compare(first, message, payload)
      expect(hex(remoteStatic)).to.equal(hex(keyPair(vector.init_static).publicKey))
    })
  }
})

const payloadOf = ({ payload, payload_length: length }: NoiseMessage): Uint8Array =>
  length === undefined ? bytes(payload ?? '') : counted(length)

function compare(message: NoiseMessage, ciphertext: Uint8Array, opened: Uint8Array): void {
  expect(inFormOf(message, ciphertext)).to.deep.equal(message)
  expect(hex(opened)).to.equal(hex(payloadOf(message)))
}
