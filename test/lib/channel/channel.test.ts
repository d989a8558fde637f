import { expect } from 'chai'
import fc from 'fast-check'
import { MAX_RECORD_PLAINTEXT_BYTES } from '#lib/channel/channel.ts'
import { codeOf } from '../../support/code-of.ts'
import { converse } from '../../support/conversation.ts'
import { assertProperty } from '../../support/property.ts'

const FIRST = Buffer.from('first')

describe('Channel', () => {
  it('lets a responder say nothing before it has opened a record', () => {
    const { alice, bob } = converse()
    expect(() => bob.seal(FIRST)).to.throw(TypeError)
    bob.open(alice.seal(FIRST))
    expect(alice.open(bob.seal(FIRST))).to.deep.equal(FIRST)
  })

  it('is not confirmed by a record that does not open', () => {
    const { bob } = converse()
    expect(codeOf(() => bob.open(new Uint8Array(40)))).to.equal('ERR_DECRYPT')
    expect(() => bob.seal(FIRST)).to.throw(TypeError)
  })

  for (const length of [0, 1, MAX_RECORD_PLAINTEXT_BYTES]) {
    it(`carries ${length} bytes in a record`, () => {
      const { alice, bob } = converse()
      const plaintext = Buffer.alloc(length, 0xa5)
      expect(bob.open(alice.seal(plaintext))).to.deep.equal(plaintext)
      expect(alice.open(bob.seal(plaintext))).to.deep.equal(plaintext)
    })
  }

  it('refuses a byte more', () => {
    const { alice } = converse()
    expect(MAX_RECORD_PLAINTEXT_BYTES).to.equal(65_519)
    expect(codeOf(() => alice.seal(Buffer.alloc(MAX_RECORD_PLAINTEXT_BYTES + 1)))).to.equal('ERR_RECORD_SIZE')
  })

  it('hands out plaintext that no later record touches, and keeps none of the bytes it was given', () => {
    const { alice, bob } = converse()
    const record = alice.seal(FIRST)
    const plaintext = bob.open(record)
    record.fill(0)
    bob.open(alice.seal(Buffer.from('other')))
    expect(plaintext).to.deep.equal(FIRST)
  })

  it('carries a conversation in both directions, over every renewal of the keys', () => {
    const turns = fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 50 })), { maxLength: 40 })
    assertProperty(
      fc.property(turns, fc.integer({ min: 980, max: 1000 }), (spoken, before) => {
        const { alice, bob } = converse()
        for (let count = 0; count < before; count += 1) bob.open(alice.seal(FIRST))
        for (const [isAlices, plaintext] of spoken) {
          const [from, to] = isAlices ? [alice, bob] : [bob, alice]
          expect(Uint8Array.from(to.open(from.seal(plaintext)))).to.deep.equal(plaintext)
        }
      }),
      10,
    )
  })
})
