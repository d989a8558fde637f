import { expect } from 'chai'
import fc from 'fast-check'
import { CipherState } from '#lib/noise/cipher-state.ts'
import { EMPTY, MAX_MESSAGE_BYTES, TAG_BYTES } from '#lib/noise/primitives.ts'
import { MAX_PLAINTEXT_BYTES, REKEY_INTERVAL, Transport } from '#lib/noise/transport.ts'
import { codeOf } from '../../support/code-of.ts'
import { assertProperty } from '../../support/property.ts'
import { bytesOf, secretOf } from '../../support/random.ts'
import { flip, insideLargerBuffer } from '../../support/tamper.ts'

function cipherOf(label: string, n: bigint): CipherState {
  const cipher = new CipherState()
  cipher.initializeKey(bytesOf(label, 32))
  cipher.setNonceForTest(n)
  return cipher
}

/** Both ends of a channel whose two directions stand at n. */
function transportsAt(n = 0n): { near: Transport; far: Transport } {
  const shared = { handshakeHash: bytesOf('h', 32), exportSecret: secretOf('exported') }
  return {
    near: new Transport({ send: cipherOf('there', n), receive: cipherOf('back', n), ...shared }),
    far: new Transport({ send: cipherOf('back', n), receive: cipherOf('there', n), ...shared }),
  }
}

describe('Transport', () => {
  for (const length of [0, 1, MAX_PLAINTEXT_BYTES]) {
    it(`carries ${length} bytes, each way`, () => {
      const { near, far } = transportsAt()
      const plaintext = bytesOf('plaintext', length)
      const message = near.seal(plaintext)
      expect(message).to.have.lengthOf(length + TAG_BYTES)
      expect(far.open(message)).to.deep.equal(plaintext)
      expect(near.open(far.seal(plaintext))).to.deep.equal(plaintext)
    })
  }

  it('refuses to seal a byte more, spends nothing on it, and goes on', () => {
    const { near, far } = transportsAt()
    const tooLong = new Uint8Array(MAX_PLAINTEXT_BYTES + 1)
    expect(codeOf(() => near.seal(tooLong))).to.equal('ERR_RECORD_SIZE')
    expect(far.open(near.seal(EMPTY))).to.have.lengthOf(0)
  })

  for (const length of [0, TAG_BYTES - 1, MAX_MESSAGE_BYTES + 1]) {
    it(`ends at a message of ${length} bytes`, () => {
      const { near } = transportsAt()
      expect(codeOf(() => near.open(new Uint8Array(length)))).to.equal('ERR_RECORD_SIZE')
      expect(codeOf(() => near.seal(EMPTY))).to.equal('ERR_RECORD_SIZE')
    })
  }

  it('opens in order whatever was sealed in order', () => {
    assertProperty(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 }), (plaintexts) => {
        const { near, far } = transportsAt()
        const messages = plaintexts.map((plaintext) => near.seal(plaintext))
        expect(messages.map((message) => Uint8Array.from(far.open(insideLargerBuffer(message))))).to.deep.equal(
          plaintexts,
        )
      }),
    )
  })

  const attacks: Record<string, (messages: readonly Uint8Array[], far: Transport) => Uint8Array> = {
    'a repeated message': ([first], far) => {
      far.open(first ?? EMPTY)
      return first ?? EMPTY
    },
    'a message before its turn': ([, second]) => second ?? EMPTY,
    'its own message, sent back': (_, far) => far.seal(EMPTY),
    'a changed message': ([first]) => flip(first ?? EMPTY, 3),
  }
  for (const [name, attack] of Object.entries(attacks)) {
    it(`ends for good at ${name}`, () => {
      const { near, far } = transportsAt()
      const messages = [near.seal(Buffer.from('one')), near.seal(Buffer.from('two'))]
      const attacked = attack(messages, far)
      expect(codeOf(() => far.open(attacked))).to.equal('ERR_DECRYPT')
      for (const message of messages) expect(codeOf(() => far.open(message))).to.equal('ERR_DECRYPT')
      expect(codeOf(() => far.seal(EMPTY))).to.equal('ERR_DECRYPT')
    })
  }

  it('throws the very error that ended it', () => {
    const { near } = transportsAt()
    const thrown = [1, 2].map(() => {
      try {
        return near.open(new Uint8Array(20))
      } catch (error) {
        return error
      }
    })
    expect(thrown[0]).to.be.an('error').and.to.equal(thrown[1])
  })

  for (const [name, n] of Object.entries({ '2^32': 2n ** 32n, '2^53': 2n ** 53n })) {
    it(`carries messages over n = ${name}`, () => {
      const { near, far } = transportsAt(n - 2n)
      for (let count = 0; count < 5; count += 1) {
        expect(far.open(near.seal(Uint8Array.of(count)))).to.deep.equal(Buffer.of(count))
      }
    })
  }

  it('carries the message of the last nonce, and ends there', () => {
    const { near, far } = transportsAt(2n ** 64n - 2n)
    const message = near.seal(EMPTY)
    expect(far.open(message)).to.have.lengthOf(0)
    expect(codeOf(() => near.seal(EMPTY))).to.equal('ERR_NONCE_EXHAUSTED')
    expect(codeOf(() => far.open(message))).to.equal('ERR_NONCE_EXHAUSTED')
    expect(codeOf(() => near.open(message))).to.equal('ERR_NONCE_EXHAUSTED')
  })

  it('renews the key of a direction right after n mod 1,000 = 999, and n goes on', () => {
    const { near, far } = transportsAt()
    const plain = cipherOf('there', 0n)
    for (let n = 0; n < 3 * REKEY_INTERVAL + 2; n += 1) {
      if (n > 0 && n % REKEY_INTERVAL === 0) plain.rekey()
      const message = near.seal(EMPTY)
      expect(message).to.deep.equal(plain.encryptWithAd(EMPTY, EMPTY))
      far.open(message)
    }
  })

  it('renews the two directions each at its own pace', () => {
    const { near, far } = transportsAt()
    for (let n = 0; n < REKEY_INTERVAL + 1; n += 1) far.open(near.seal(EMPTY))
    for (let n = 0; n < 2 * REKEY_INTERVAL + 1; n += 1) near.open(far.seal(EMPTY))
    expect(far.open(near.seal(Buffer.from('still here')))).to.deep.equal(Buffer.from('still here'))
  })
})
