import { expect } from 'chai'
import fc from 'fast-check'
import { Initiator, MESSAGE_1_BYTES, MESSAGE_2_BYTES, Responder } from '#lib/noise/handshake.ts'
import { EMPTY, MAX_MESSAGE_BYTES } from '#lib/noise/primitives.ts'
import type { Transport } from '#lib/noise/transport.ts'
import { codeOf } from '../../support/code-of.ts'
import { LOW_ORDER_KEYS } from '../../support/low-order-keys.ts'
import { assertProperty } from '../../support/property.ts'
import { bytesOf, keyPairOf, secretOf } from '../../support/random.ts'
import { insideLargerBuffer } from '../../support/tamper.ts'

const ALICE = keyPairOf('alice')
const BOB = keyPairOf('bob')
const PSK = secretOf('psk')
const PROLOGUE = bytesOf('prologue', 50)

const initiator = (prologue = PROLOGUE, rs = BOB.publicKey): Initiator =>
  new Initiator(prologue, { s: ALICE, e: keyPairOf('e of alice'), rs })
const responder = (prologue = PROLOGUE, s = BOB): Responder => new Responder(prologue, s)
const answer = { e: keyPairOf('e of bob'), psk: PSK }

function shake(prologue: Uint8Array, payload1: Uint8Array, payload2: Uint8Array): [Transport, Transport] {
  const [alice, bob] = [initiator(prologue), responder(prologue)]
  const read1 = bob.readMessage1(insideLargerBuffer(alice.writeMessage1(payload1)))
  expect(Uint8Array.from(read1.payload)).to.deep.equal(Uint8Array.from(payload1))
  expect(read1.remoteStatic).to.deep.equal(ALICE.publicKey)
  const read2 = alice.readMessage2(insideLargerBuffer(bob.writeMessage2(payload2, answer)), PSK)
  expect(Uint8Array.from(read2)).to.deep.equal(Uint8Array.from(payload2))
  return [alice.split(), bob.split()]
}

describe('the handshake', () => {
  it('leaves both ends with one channel, whatever the prologue and the payloads', () => {
    const anyBytes = fc.uint8Array({ maxLength: 200 })
    assertProperty(
      fc.property(anyBytes, anyBytes, anyBytes, (prologue, payload1, payload2) => {
        const [alice, bob] = shake(prologue, payload1, payload2)
        expect(alice.handshakeHash).to.deep.equal(bob.handshakeHash)
        expect(alice.exportSecret.equals(bob.exportSecret)).to.equal(true)
        expect(bob.open(alice.seal(prologue))).to.deep.equal(Buffer.from(prologue))
        expect(alice.open(bob.seal(payload1))).to.deep.equal(Buffer.from(payload1))
      }),
    )
  })

  it('has messages of 96 and 48 bytes when the payloads are empty', () => {
    const [alice, bob] = [initiator(), responder()]
    const message1 = alice.writeMessage1(EMPTY)
    bob.readMessage1(message1)
    expect([message1.length, bob.writeMessage2(EMPTY, answer).length]).to.deep.equal([MESSAGE_1_BYTES, MESSAGE_2_BYTES])
    expect([MESSAGE_1_BYTES, MESSAGE_2_BYTES]).to.deep.equal([96, 48])
  })

  it('carries payloads up to the largest Noise message, and no further', () => {
    shake(
      EMPTY,
      new Uint8Array(MAX_MESSAGE_BYTES - MESSAGE_1_BYTES),
      new Uint8Array(MAX_MESSAGE_BYTES - MESSAGE_2_BYTES),
    )
    const tooLong = new Uint8Array(MAX_MESSAGE_BYTES - MESSAGE_1_BYTES + 1)
    expect(() => initiator().writeMessage1(tooLong)).to.throw(TypeError)
  })

  it('exports another secret than its hash, and than any other handshake', () => {
    const [alice] = shake(PROLOGUE, EMPTY, EMPTY)
    expect(alice.exportSecret.equals(alice.handshakeHash)).to.equal(false)
    const other = new Initiator(PROLOGUE, { s: ALICE, e: keyPairOf('other e'), rs: BOB.publicKey })
    const bob = responder()
    bob.readMessage1(other.writeMessage1(EMPTY))
    other.readMessage2(bob.writeMessage2(EMPTY, answer), PSK)
    expect(other.split().exportSecret.equals(alice.exportSecret)).to.equal(false)
  })
})

describe('Responder', () => {
  it('refuses a message for another prologue or another responder', () => {
    const message1 = initiator().writeMessage1(EMPTY)
    expect(codeOf(() => responder(EMPTY).readMessage1(message1))).to.equal('ERR_DECRYPT')
    expect(codeOf(() => responder(PROLOGUE, keyPairOf('carol')).readMessage1(message1))).to.equal('ERR_DECRYPT')
  })

  it('refuses an ephemeral key of low order', () => {
    for (const key of LOW_ORDER_KEYS) {
      const message1 = Buffer.concat([key, initiator().writeMessage1(EMPTY).subarray(32)])
      expect(codeOf(() => responder().readMessage1(message1))).to.equal('ERR_LOW_ORDER_KEY')
    }
  })

  it('refuses messages of impossible lengths', () => {
    for (const length of [0, MESSAGE_1_BYTES - 1, MAX_MESSAGE_BYTES + 1]) {
      expect(codeOf(() => responder().readMessage1(new Uint8Array(length)))).to.equal('ERR_HELLO_MALFORMED')
    }
  })

  it('goes on to nothing after a failure', () => {
    const bob = responder()
    expect(codeOf(() => bob.readMessage1(new Uint8Array(MESSAGE_1_BYTES)))).to.equal('ERR_LOW_ORDER_KEY')
    expect(() => bob.readMessage1(initiator().writeMessage1(EMPTY))).to.throw(TypeError)
    expect(() => bob.writeMessage2(EMPTY, answer)).to.throw(TypeError)
    expect(() => bob.split()).to.throw(TypeError)
  })

  it('takes its steps in order', () => {
    expect(() => responder().writeMessage2(EMPTY, answer)).to.throw(TypeError)
    expect(() => responder().split()).to.throw(TypeError)
  })
})

describe('Initiator', () => {
  /** An initiator that waits for message 2, and the one that is on its way. */
  function waiting(psk = PSK): { alice: Initiator; message2: Uint8Array } {
    const [alice, bob] = [initiator(), responder()]
    bob.readMessage1(alice.writeMessage1(EMPTY))
    return { alice, message2: bob.writeMessage2(EMPTY, { ...answer, psk }) }
  }

  it('refuses a responder with another psk', () => {
    const { alice, message2 } = waiting(secretOf('another psk'))
    expect(codeOf(() => alice.readMessage2(message2, PSK))).to.equal('ERR_DECRYPT')
  })

  it('refuses the answer to another handshake', () => {
    const { alice } = waiting()
    const [other, bob] = [
      new Initiator(PROLOGUE, { s: ALICE, e: keyPairOf('other e'), rs: BOB.publicKey }),
      responder(),
    ]
    bob.readMessage1(other.writeMessage1(EMPTY))
    expect(codeOf(() => alice.readMessage2(bob.writeMessage2(EMPTY, answer), PSK))).to.equal('ERR_DECRYPT')
  })

  it('refuses an ephemeral key of low order', () => {
    for (const key of LOW_ORDER_KEYS) {
      const { alice, message2 } = waiting()
      const changed = Buffer.concat([key, message2.subarray(32)])
      expect(codeOf(() => alice.readMessage2(changed, PSK))).to.equal('ERR_LOW_ORDER_KEY')
    }
  })

  it('refuses to call a responder whose key is of low order', () => {
    for (const key of LOW_ORDER_KEYS) {
      expect(codeOf(() => initiator(PROLOGUE, key).writeMessage1(EMPTY))).to.equal('ERR_LOW_ORDER_KEY')
    }
  })

  it('refuses messages of impossible lengths', () => {
    for (const length of [0, MESSAGE_2_BYTES - 1, MAX_MESSAGE_BYTES + 1]) {
      expect(codeOf(() => waiting().alice.readMessage2(new Uint8Array(length), PSK))).to.equal('ERR_HELLO_MALFORMED')
    }
  })

  it('takes each step once, in order, and none after a failure', () => {
    expect(() => initiator().readMessage2(new Uint8Array(MESSAGE_2_BYTES), PSK)).to.throw(TypeError)
    expect(() => initiator().split()).to.throw(TypeError)
    const { alice, message2 } = waiting()
    expect(() => alice.writeMessage1(EMPTY)).to.throw(TypeError)
    expect(codeOf(() => alice.readMessage2(new Uint8Array(MESSAGE_2_BYTES), PSK))).to.equal('ERR_LOW_ORDER_KEY')
    expect(() => alice.readMessage2(message2, PSK)).to.throw(TypeError)
  })
})
