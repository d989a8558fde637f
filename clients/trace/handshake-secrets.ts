/**
 * The secrets of a handshake, for a trace that reveals them: that of a demo, whose keys are thrown away.
 *
 * The handshake gives none of them away. What a demo learns it learns at the edge: the identity key and the source of
 * randomness, as they are handed in, note what passes through them, and the rest is derived from that once more. A client
 * of anybody's own never does so.
 *
 * @module
 */
import type { Hello, Welcome } from '#gen/sotto/peer/v1/handshake.ts'
import { decodeClear, type RandomBytes } from '#lib/channel/hello.ts'
import { KEM_SEED_BYTES, kemKeyPairFrom } from '#lib/channel/kem.ts'
import { derivePsk } from '#lib/channel/psk.ts'
import { PROTOCOL_NAME } from '#lib/noise/handshake.ts'
import { DH_BYTES, EMPTY, hkdf, type KeyPair, keyPairFrom } from '#lib/noise/primitives.ts'
import { Secret } from '#lib/secret.ts'
import type { Grant } from '#lib/ticket/grant.ts'
import { type Seal, sealedField, secretField, type TraceField } from './trace.ts'

/** What the opener of a conversation draws for one handshake. */
export class DrawnSecrets {
  readonly #drawn = new Map<number, Secret>()

  /** A source of randomness that notes what it gives. */
  noting(random: RandomBytes): RandomBytes {
    return (size) => {
      const bytes = random(size)
      this.#drawn.set(size, Secret.of(Uint8Array.from(bytes)))
      return bytes
    }
  }

  /** The ephemeral key, once it was drawn. */
  get ephemeral(): KeyPair {
    return keyPairFrom(this.#of(DH_BYTES))
  }

  /** The seed of the ML-KEM key, once it was drawn. */
  get seed(): Secret {
    return this.#of(KEM_SEED_BYTES)
  }

  #of(size: number): Secret {
    const secret = this.#drawn.get(size)
    if (secret === undefined) throw new TypeError('nothing of this size was drawn')
    return secret
  }
}

export interface RevealedHandshake {
  readonly drawn: DrawnSecrets
  /** The opener's. */
  readonly identity: KeyPair
  readonly ownName: string
  readonly grant: Grant
  readonly hello: Hello
  readonly welcome: Welcome
}

/**
 * What the opener made it of, which the opener alone has: `identity key, secret half`, `fresh key, secret half`,
 * `ML-KEM seed`. And what both ends now have in common, as the opener computes it; none of it travels.
 *
 *     es, ss, ee, se         Diffie-Hellman results, in the order of Noise (docs/protocol.md, section 4.2)
 *     ML-KEM secret          out of ct
 *     psk                    section 4.3
 *     first key, second key  Split(): of the opener's records, and of the other's
 */
export function channelSecretsFields(revealed: RevealedHandshake): TraceField[] {
  const { drawn, identity, ownName: opener, grant, hello, welcome } = revealed
  const { receiverName: host, receiverIdentityKey: rs, secret } = grant
  const pair = {
    senderName: opener,
    receiverName: host,
    senderIdentityKey: identity.publicKey,
    receiverIdentityKey: rs,
  }
  const e = drawn.ephemeral
  const re = welcome.noiseMessage.subarray(0, DH_BYTES)
  const [es, ss, ee, se] = [e.dh(rs), identity.dh(rs), e.dh(re), identity.dh(re)] as const
  const { encapsulationKey, ticket } = decodeClear(hello.clear)
  const { kemCiphertext } = welcome
  const kemShared = kemKeyPairFrom(drawn.seed).decapsulate(kemCiphertext)
  const psk = derivePsk({ ticket, secret, ...pair, kemShared, encapsulationKey, kemCiphertext })
  let ck: Uint8Array = Buffer.from(PROTOCOL_NAME)
  for (const input of [e.publicKey, es, ss, re, ee, se, psk.reveal()]) [ck] = hkdf(ck, input, 2)
  const [first, second] = hkdf(ck, EMPTY, 2)
  const own: Seal = { kind: 'channel', by: opener, for: opener }
  const common: Seal = { kind: 'channel', by: host, for: opener }
  return [
    sealedField(`keys of ${opener}`, `not in the message: ${opener} alone has them`, own, 0, [
      secretField('identity key, secret half', identity.secretKey, `X25519; ${host} has the public half`),
      secretField('fresh key, secret half', e.secretKey, 'X25519; its public half is e of the Hello'),
      secretField('ML-KEM seed', drawn.seed, 'encapsulation_key of the Hello was made of it'),
    ]),
    sealedField('secrets of the channel', 'not in the message: both ends now have them', common, 0, [
      secretField('es', es, `X25519 of ${opener}’s fresh key and ${host}’s identity key`),
      secretField('ss', ss, 'X25519 of both identity keys'),
      secretField('ee', ee, 'X25519 of both fresh keys'),
      secretField('se', se, `X25519 of ${opener}’s identity key and ${host}’s fresh key`),
      secretField('ML-KEM secret', kemShared, 'out of kem_ciphertext'),
      secretField('psk', psk, 'of s and the ML-KEM secret'),
      secretField('first key', first, `seals ${opener}’s records`),
      secretField('second key', second, `seals ${host}’s records`),
    ]),
  ]
}
