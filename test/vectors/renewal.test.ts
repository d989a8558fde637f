import { expect } from 'chai'
import type { Channel } from '#lib/channel/channel.ts'
import { acceptRenewal, startRenewal } from '#lib/channel/renewal.ts'
import { CipherState } from '#lib/noise/cipher-state.ts'
import { EMPTY } from '#lib/noise/primitives.ts'
import { openGrant } from '#lib/ticket/grant.ts'
import { ReplayCache } from '#lib/ticket/replay-cache.ts'
import { bytes, keyPair, readVector, readVectors, secret } from '../support/own-vectors.ts'
import { hex } from './inputs.ts'

const shared = readVector('handshake.json')
const { grant_key: grantKey, grant: sealedGrant } = readVector('grant.json')
const realm = bytes(shared.realm)
const grant = openGrant({ key: secret(grantKey), realm, senderName: shared.sender_name, grant: bytes(sealedGrant) })
const [alice, bob] = [keyPair(shared.sender_static), keyPair(shared.receiver_static)]

const ENDS = {
  alice: {
    identity: alice,
    ownName: shared.sender_name,
    peerName: shared.receiver_name,
    peerIdentityKey: bob.publicKey,
    realm,
  },
  bob: {
    identity: bob,
    ownName: shared.receiver_name,
    peerName: shared.sender_name,
    peerIdentityKey: alice.publicKey,
    realm,
  },
}

describe('renewal.json', () => {
  const { vectors } = readVectors('renewal.json')

  it('has a renewal with a ticket, and one of what that gave without', () => {
    expect(vectors.map(({ comment }) => comment)).to.deep.equal(['with a ticket', 'without a ticket'])
    expect(vectors[0]?.old_handshake_hash).to.equal(shared.handshake_hash)
    expect(vectors[1]?.old_handshake_hash).to.equal(vectors[0]?.handshake_hash)
  })

  for (const vector of vectors) {
    const old = { handshakeHash: bytes(vector.old_handshake_hash), exportSecret: secret(vector.old_export_secret) }
    const ticket = bytes(vector.ticket)
    const draws = [bytes(vector.sender_ephemeral), bytes(vector.kem_seed)]
    const issued = ticket.length > 0 ? { ticket, grant: { ...grant, secret: secret(vector.secret) } } : undefined
    const started = startRenewal({ ends: ENDS.alice, old, issued, random: () => draws.shift() ?? EMPTY })
    const accepted = acceptRenewal({
      hello: { clear: bytes(vector.clear), noiseMessage: bytes(vector.noise_message_1) },
      ends: ENDS.bob,
      admission: {
        identity: bob,
        ownName: shared.receiver_name,
        realm,
        ticketKey: secret(shared.ticket_key),
        instanceId: bytes(shared.instance_id),
        replayCache: new ReplayCache(),
      },
      old,
      nowMs: grant.expiresAtMs,
      monotonicMs: 0,
      random: () => bytes(vector.receiver_ephemeral),
      encapsulate: () => ({ ciphertext: bytes(vector.kem_ciphertext), shared: secret(vector.kem_shared) }),
    })

    it(`has the messages of the shipped ends: ${vector.comment}`, () => {
      expect(hex(started.hello.clear)).to.equal(vector.clear)
      expect(hex(started.hello.noiseMessage)).to.equal(vector.noise_message_1)
      expect(hex(accepted.welcome.kemCiphertext)).to.equal(vector.kem_ciphertext)
      expect(hex(accepted.welcome.noiseMessage)).to.equal(vector.noise_message_2)
    })

    it(`leaves both with the same channel: ${vector.comment}`, () => {
      const welcome = { kemCiphertext: bytes(vector.kem_ciphertext), noiseMessage: bytes(vector.noise_message_2) }
      const channel = started.complete(welcome)
      for (const end of [channel, accepted.channel]) {
        expect(hex(end.handshakeHash)).to.equal(vector.handshake_hash)
        expect(hex(end.exportSecret.reveal())).to.equal(vector.export_secret)
      }
      expectSeals(channel, vector.sender_key)
      expectSeals(accepted.channel, vector.receiver_key)
    })
  }
})

function expectSeals(channel: Channel, key: string): void {
  const cipher = new CipherState()
  cipher.initializeKey(bytes(key))
  expect(hex(channel.seal(bytes('aa')))).to.equal(hex(cipher.encryptWithAd(EMPTY, bytes('aa'))))
}
