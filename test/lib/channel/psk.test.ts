import { createHash, createHmac } from 'node:crypto'
import { expect } from 'chai'
import { derivePsk } from '#lib/channel/psk.ts'
import { ALICE, BOB } from '../../support/conversation.ts'
import { bytesOf, secretOf } from '../../support/random.ts'

const FIELDS = {
  secret: secretOf('s'),
  kemShared: secretOf('shared'),
  ticket: bytesOf('ticket', 540),
  senderName: 'alice',
  receiverName: 'bob',
  senderIdentityKey: ALICE.publicKey,
  receiverIdentityKey: BOB.publicKey,
  encapsulationKey: bytesOf('ek', 1184),
  kemCiphertext: bytesOf('ct', 1088),
}

describe('derivePsk', () => {
  it('follows RFC 5869, over the fields of the protocol', () => {
    const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
    const hmac = (key: Uint8Array, bytes: Uint8Array): Buffer => createHmac('sha256', key).update(bytes).digest()
    const prk = hmac(sha256(FIELDS.ticket), Buffer.concat([FIELDS.secret.reveal(), FIELDS.kemShared.reveal()]))
    const info = Buffer.concat([
      Buffer.from('sotto psk v1\0\x01\0\x05alice\0\x03bob'),
      ALICE.publicKey,
      BOB.publicKey,
      sha256(Buffer.concat([FIELDS.encapsulationKey, FIELDS.kemCiphertext])),
    ])
    expect(derivePsk(FIELDS).equals(hmac(prk, Buffer.concat([info, Buffer.of(1)])))).to.equal(true)
  })

  it('gives another key if any field is another', () => {
    const others = {
      secret: secretOf('other s'),
      kemShared: secretOf('other shared'),
      ticket: bytesOf('other ticket', 540),
      senderName: 'alicia',
      receiverName: 'bobby',
      senderIdentityKey: bytesOf('other', 32),
      receiverIdentityKey: bytesOf('other', 32),
      encapsulationKey: bytesOf('other ek', 1184),
      kemCiphertext: bytesOf('other ct', 1088),
    }
    const keys = Object.entries(others).map(([field, value]) => derivePsk({ ...FIELDS, [field]: value }).fingerprint())
    keys.push(derivePsk(FIELDS).fingerprint())
    keys.push(derivePsk({ ...FIELDS, senderName: 'bob', receiverName: 'alice' }).fingerprint())
    expect(new Set(keys).size).to.equal(Object.keys(others).length + 2)
  })
})
