import { expect } from 'chai'
import { startConversation } from '#lib/channel/initiator.ts'
import { acceptHello } from '#lib/channel/responder.ts'
import { CipherState } from '#lib/noise/cipher-state.ts'
import { EMPTY } from '#lib/noise/primitives.ts'
import { openGrant } from '#lib/ticket/grant.ts'
import { ReplayCache } from '#lib/ticket/replay-cache.ts'
import { bytes, keyPair, readVector, secret } from '../support/own-vectors.ts'
import { hex } from './inputs.ts'

describe('handshake.json', () => {
  const vector = readVector('handshake.json')
  const { grant_key: grantKey, grant: sealedGrant } = readVector('grant.json')
  const realm = bytes(vector.realm)
  const grant = openGrant({ key: secret(grantKey), realm, senderName: vector.sender_name, grant: bytes(sealedGrant) })

  const draws = [bytes(vector.sender_ephemeral), bytes(vector.kem_seed)]
  const started = startConversation({
    identity: keyPair(vector.sender_static),
    ownName: vector.sender_name,
    realm,
    grant,
    ticket: bytes(vector.ticket),
    random: () => draws.shift() ?? EMPTY,
  })
  const accepted = acceptHello({
    hello: { clear: bytes(vector.clear), noiseMessage: bytes(vector.noise_message_1) },
    identity: keyPair(vector.receiver_static),
    ownName: vector.receiver_name,
    realm,
    ticketKey: secret(vector.ticket_key),
    instanceId: bytes(vector.instance_id),
    replayCache: new ReplayCache(),
    nowMs: grant.expiresAtMs,
    monotonicMs: 0,
    random: () => bytes(vector.receiver_ephemeral),
    encapsulate: (encapsulationKey) => {
      expect(hex(encapsulationKey)).to.equal(vector.encapsulation_key)
      return { ciphertext: bytes(vector.kem_ciphertext), shared: secret(vector.kem_shared) }
    },
  })

  it('has the Hello of the shipped sender', () => {
    expect(hex(started.hello.clear)).to.equal(vector.clear)
    expect(hex(started.hello.noiseMessage)).to.equal(vector.noise_message_1)
  })

  it('has the Welcome of the shipped receiver', () => {
    expect(hex(accepted.welcome.kemCiphertext)).to.equal(vector.kem_ciphertext)
    expect(hex(accepted.welcome.noiseMessage)).to.equal(vector.noise_message_2)
  })

  it('leaves both with the same channel', () => {
    const channel = started.complete({
      kemCiphertext: bytes(vector.kem_ciphertext),
      noiseMessage: bytes(vector.noise_message_2),
    })
    for (const end of [channel, accepted.channel]) {
      expect(hex(end.handshakeHash)).to.equal(vector.handshake_hash)
      expect(hex(end.exportSecret.reveal())).to.equal(vector.export_secret)
    }
    const [there, back] = [new CipherState(), new CipherState()]
    there.initializeKey(bytes(vector.sender_key))
    back.initializeKey(bytes(vector.receiver_key))
    const first = there.encryptWithAd(EMPTY, bytes('aa'))
    expect(hex(channel.seal(bytes('aa')))).to.equal(hex(first))
    expect(hex(accepted.channel.open(first))).to.equal('aa')
    expect(hex(accepted.channel.seal(bytes('bb')))).to.equal(hex(back.encryptWithAd(EMPTY, bytes('bb'))))
  })
})
