import { expect } from 'chai'
import fc from 'fast-check'
import { prologueOf } from '#lib/channel/prologue.ts'
import { anyBytes, anyName } from '../../support/arbitrary.ts'
import { REALM } from '../../support/conversation.ts'
import { assertProperty } from '../../support/property.ts'

const anyFields = fc.record({
  realm: anyBytes(32),
  senderName: anyName,
  receiverName: anyName,
  clear: fc.uint8Array({ maxLength: 60 }),
})

describe('prologueOf', () => {
  it('is laid out as the protocol has it', () => {
    const prologue = prologueOf({ realm: REALM, senderName: 'al', receiverName: 'bob', clear: Buffer.of(7, 8) })
    expect(prologue).to.deep.equal(
      Buffer.concat([Buffer.from('sotto prologue v1'), REALM, Buffer.from('\0\x02al\0\x03bob\0\x02'), Buffer.of(7, 8)]),
    )
  })

  it('differs wherever a field does', () => {
    const key = (fields: Parameters<typeof prologueOf>[0]): string => Buffer.from(prologueOf(fields)).toString('hex')
    assertProperty(
      fc.property(anyFields, anyFields, (one, other) => {
        expect(key(one) === key(other)).to.equal(JSON.stringify(one) === JSON.stringify(other))
      }),
    )
  })

  it('keeps two names apart, wherever one ends and the other begins', () => {
    const of = (senderName: string, receiverName: string): Uint8Array =>
      prologueOf({ realm: REALM, senderName, receiverName, clear: Buffer.alloc(0) })
    expect(of('ab', 'c')).to.not.deep.equal(of('a', 'bc'))
    expect(of('ab', 'c')).to.not.deep.equal(of('c', 'ab'))
  })
})
