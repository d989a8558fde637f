import { createHash, createHmac } from 'node:crypto'
import { expect } from 'chai'
import { derivePsk, deriveRenewalPsk } from '#lib/channel/psk.ts'
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

describe('deriveRenewalPsk', () => {
  const { secret, ticket, ...shared } = FIELDS
  const old = { handshakeHash: bytesOf('h', 32), exportSecret: secretOf('exported') }
  const withTicket = { ...shared, old, credentials: { secret, ticket } }
  const without = { ...shared, old, credentials: undefined }

  it('gives other keys with a ticket and without, and other ones than a handshake, even from equal secrets', () => {
    const same = { handshakeHash: old.handshakeHash, exportSecret: secret }
    const keys = [
      derivePsk(FIELDS),
      deriveRenewalPsk(withTicket),
      deriveRenewalPsk({ ...without, old: same }),
      deriveRenewalPsk({ ...withTicket, credentials: { secret, ticket: new Uint8Array(0) } }),
    ]
    expect(new Set(keys.map((key) => key.fingerprint())).size).to.equal(keys.length)
  })

  it('belongs to one old channel, by its handshake hash, with a ticket and without', () => {
    const other = { ...old, handshakeHash: bytesOf('another h', 32) }
    for (const fields of [withTicket, without]) {
      expect(deriveRenewalPsk(fields).equals(deriveRenewalPsk({ ...fields, old: other }))).to.equal(false)
    }
  })

  it('takes the secret that the old channel exported only where there is no ticket', () => {
    const other = { ...old, exportSecret: secretOf('another') }
    expect(deriveRenewalPsk(without).equals(deriveRenewalPsk({ ...without, old: other }))).to.equal(false)
    expect(deriveRenewalPsk(withTicket).equals(deriveRenewalPsk({ ...withTicket, old: other }))).to.equal(true)
  })

  it('gives another key if any other field is another', () => {
    const others = {
      kemShared: secretOf('other shared'),
      senderName: 'alicia',
      receiverName: 'bobby',
      senderIdentityKey: bytesOf('other', 32),
      receiverIdentityKey: bytesOf('other', 32),
      encapsulationKey: bytesOf('other ek', 1184),
      kemCiphertext: bytesOf('other ct', 1088),
    }
    for (const fields of [withTicket, without]) {
      const keys = Object.entries(others).map(([field, value]) => deriveRenewalPsk({ ...fields, [field]: value }))
      keys.push(deriveRenewalPsk(fields))
      expect(new Set(keys.map((key) => key.fingerprint())).size).to.equal(keys.length)
    }
  })
})
