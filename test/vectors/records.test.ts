import { expect } from 'chai'
import { CipherState } from '#lib/noise/cipher-state.ts'
import { EMPTY } from '#lib/noise/primitives.ts'
import { Transport } from '#lib/noise/transport.ts'
import { bytes, inFormOf, plaintextOf, readVector } from '../support/own-vectors.ts'
import { secretOf } from '../support/random.ts'
import { hex } from './inputs.ts'

function cipherOf(key = '', n = '0'): CipherState {
  const cipher = new CipherState()
  cipher.initializeKey(bytes(key))
  cipher.setNonceForTest(BigInt(n))
  return cipher
}

describe('records.json', () => {
  const { keys, direction, nonces } = readVector('records.json')

  it('has what a transport seals from n = 0 on, over two renewals of its key', () => {
    const end = (): Transport =>
      new Transport({
        send: cipherOf(keys[0]?.key),
        receive: cipherOf(keys[0]?.key),
        handshakeHash: EMPTY,
        exportSecret: secretOf('not used'),
      })
    const [near, far] = [end(), end()]
    const listed = new Map(direction.map((message) => [Number(message.n), message]))
    for (let n = 0; n <= Math.max(...listed.keys()); n += 1) {
      const message = listed.get(n)
      const plaintext = message ? plaintextOf(message) : EMPTY
      const record = near.seal(plaintext)
      expect(hex(far.open(record))).to.equal(hex(plaintext))
      if (message) expect(inFormOf(message, record)).to.deep.equal(message)
    }
  })

  it('has the keys that Rekey() makes of one another', () => {
    const cipher = cipherOf(keys[0]?.key)
    for (const { key } of keys) {
      cipher.setNonceForTest(0n)
      expect(hex(cipher.encryptWithAd(EMPTY, EMPTY))).to.equal(hex(cipherOf(key).encryptWithAd(EMPTY, EMPTY)))
      cipher.rekey()
    }
  })

  for (const message of nonces) {
    it(`has what is sealed with n = ${message.n}`, () => {
      const record = cipherOf(message.key, message.n).encryptWithAd(EMPTY, plaintextOf(message))
      expect(inFormOf(message, record)).to.deep.equal(message)
    })
  }
})
