import { expect } from 'chai'
import fc from 'fast-check'
import { Nonce, RESERVED_NONCE } from '#lib/noise/nonce.ts'
import { codeOf } from '../../support/code-of.ts'
import { assertProperty } from '../../support/property.ts'

/** The value that a nonce stands for. */
const numberOf = (nonce: Nonce): bigint => Buffer.from(nonce.bytes()).readBigUInt64BE(4)

const anyUsable = fc.bigInt({ min: 0n, max: RESERVED_NONCE - 1n })

describe('Nonce', () => {
  it('begins at 0', () => {
    expect(new Nonce().bytes()).to.deep.equal(Buffer.alloc(12))
  })

  it('stands behind four zeros, big-endian', () => {
    expect(new Nonce(0x0102030405060708n).bytes()).to.deep.equal(Buffer.from('000000000102030405060708', 'hex'))
  })

  for (const [name, n] of Object.entries({ '2^32': 2n ** 32n, '2^53': 2n ** 53n, '2^56': 2n ** 56n })) {
    it(`counts over ${name} without losing a bit`, () => {
      const nonce = new Nonce(n - 2n)
      for (let expected = n - 2n; expected < n + 3n; expected += 1n) {
        expect(numberOf(nonce)).to.equal(expected)
        nonce.advance()
      }
    })
  }

  it('has 2^64-2 as its last value, and refuses for good after it', () => {
    const nonce = new Nonce(RESERVED_NONCE - 1n)
    expect(numberOf(nonce)).to.equal(2n ** 64n - 2n)
    nonce.advance()
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(codeOf(() => nonce.bytes())).to.equal('ERR_NONCE_EXHAUSTED')
    }
  })

  it('goes one further at each advance, and says the same in every form', () => {
    assertProperty(
      fc.property(anyUsable, fc.integer({ min: 1, max: 2 ** 20 }), (n, divisor) => {
        const nonce = new Nonce(n)
        expect(nonce.modulo(divisor)).to.equal(Number(n % BigInt(divisor)))
        expect(numberOf(nonce)).to.equal(n)
        nonce.advance()
        expect(nonce.modulo(divisor)).to.equal(Number((n + 1n) % BigInt(divisor)))
      }),
    )
  })

  it('takes no value of more than 64 bits', () => {
    expect(() => new Nonce(2n ** 64n)).to.throw(TypeError)
    expect(() => new Nonce(-1n)).to.throw(TypeError)
  })
})
