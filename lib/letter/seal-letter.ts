/**
 * The sender's end of a letter (docs/protocol.md, section 13.5).
 *
 * @module
 */
import { timingSafeEqual } from 'node:crypto'
import { Letter, LetterClear } from '#gen/sotto/peer/v1/letter.ts'
import type { RandomBytes } from '#lib/channel/hello.ts'
import { encapsulate as encapsulateWithNode } from '#lib/channel/kem.ts'
import { letterPrologueOf } from '#lib/channel/prologue.ts'
import { SottoError } from '#lib/errors.ts'
import { writeOneWay } from '#lib/noise/one-way.ts'
import { DH_BYTES, type KeyPair, keyPairFrom } from '#lib/noise/primitives.ts'
import { PROTOCOL_VERSION, SUITE } from '#lib/protocol.ts'
import { Secret } from '#lib/secret.ts'
import type { LetterGrant } from '#lib/ticket/letter-grant.ts'
import { deriveLetterPsk } from './letter-psk.ts'
import { padPayload } from './payload.ts'
import { isPrekey, type Prekey } from './prekey.ts'

export interface LetterToSeal {
  /** The sender's identity key. */
  readonly identity: KeyPair
  readonly ownName: string
  /** 32 bytes. */
  readonly realm: Uint8Array
  /** The grant, opened and checked: whom this is for, and the secret. */
  readonly grant: LetterGrant
  /** The ticket that came with it, sealed as it came. */
  readonly ticket: Uint8Array
  /** The receiver's, as its mailbox handed it out. */
  readonly prekey: Prekey
  /** Encoded, within the limit of a letter. */
  readonly body: Uint8Array
  /** Asked for two ephemeral keys (32 bytes each): the prekey's, then Noise's. */
  readonly random: RandomBytes
  /** ML-KEM encapsulation; node:crypto's unless a vector brings its own. */
  readonly encapsulate?: typeof encapsulateWithNode
}

/**
 * Seal a letter for the receiver that a grant names.
 *
 * @returns The letter, encoded. A further letter takes a new ticket and a new prekey.
 * @throws SottoError
 *   - `ERR_CHAT_WITH_SELF` if that is the sender itself,
 *   - `ERR_LETTER_MALFORMED` if the prekey is none,
 *   - `ERR_LOW_ORDER_KEY` if its X25519 key, or the receiver's identity key, is of low order.
 */
export function sealLetter(letter: LetterToSeal): Uint8Array {
  const { identity, ownName, realm, grant, ticket, prekey, body, random } = letter
  const { receiverName, receiverIdentityKey, secret } = grant
  if (receiverName === ownName || timingSafeEqual(receiverIdentityKey, identity.publicKey)) {
    throw new SottoError('ERR_CHAT_WITH_SELF', 'the receiver is the sender itself')
  }
  const second = keyPairFrom(Secret.of(random(DH_BYTES)))
  const { kemCiphertext, ...shared } = exchange(second, prekey, letter.encapsulate ?? encapsulateWithNode)
  const clear = LetterClear.encode({
    version: PROTOCOL_VERSION,
    suite: SUITE,
    prekeyId: Buffer.from(prekey.prekeyId),
    ticket: Buffer.from(ticket),
    kemCiphertext: Buffer.from(kemCiphertext),
    ephemeralKey: Buffer.from(second.publicKey),
  }).finish()
  const pair = { senderName: ownName, receiverName, senderIdentityKey: identity.publicKey, receiverIdentityKey }
  const noiseMessage = writeOneWay({
    prologue: letterPrologueOf({ realm, ...pair, clear }),
    s: identity,
    e: keyPairFrom(Secret.of(random(DH_BYTES))),
    rs: receiverIdentityKey,
    psk: deriveLetterPsk({
      ...pair,
      ...shared,
      secret,
      ticket,
      kemCiphertext,
      encapsulationKey: prekey.encapsulationKey,
      prekeyId: prekey.prekeyId,
      prekeyPublicKey: prekey.publicKey,
    }),
    payload: padPayload(body),
  })
  return Letter.encode({ clear: Buffer.from(clear), noiseMessage: Buffer.from(noiseMessage) }).finish()
}

/** Both shared secrets with a prekey. It comes by a mailbox that may lie: what is none is refused, and nothing sealed. */
function exchange(second: KeyPair, prekey: Prekey, encapsulate: typeof encapsulateWithNode) {
  if (!isPrekey(prekey)) throw new SottoError('ERR_LETTER_MALFORMED', 'a part of the prekey has another length')
  const { ciphertext, shared } = encapsulated(prekey, encapsulate)
  return { dhShared: second.dh(prekey.publicKey), kemCiphertext: ciphertext, kemShared: shared }
}

function encapsulated({ encapsulationKey }: Prekey, encapsulate: typeof encapsulateWithNode) {
  try {
    return encapsulate(encapsulationKey)
  } catch (cause) {
    throw new SottoError('ERR_LETTER_MALFORMED', "the prekey's ML-KEM-768 key is none", { cause })
  }
}
