/**
 * The parts that a handshake and a renewal have in common: Hello and Welcome, with ML-KEM beside Noise. They differ in
 * prologue and psk, and in what is checked before.
 *
 * @module
 */
import { timingSafeEqual } from 'node:crypto'
import type { Hello, Welcome } from '#gen/sotto/peer/v1/handshake.ts'
import { SottoError } from '#lib/errors.ts'
import { Initiator, Responder } from '#lib/noise/handshake.ts'
import { DH_BYTES, EMPTY, type KeyPair, keyPairFrom } from '#lib/noise/primitives.ts'
import type { Transport } from '#lib/noise/transport.ts'
import { Secret } from '#lib/secret.ts'
import { checkWelcomeLengths, encodeClear, type RandomBytes, type WelcomeBytes } from './hello.ts'
import { encapsulate as encapsulateWithNode, KEM_SEED_BYTES, kemKeyPairFrom } from './kem.ts'
import type { KemExchange } from './psk.ts'

export interface HandshakeStart {
  /** The sender's identity key. */
  readonly identity: KeyPair
  /** 32 bytes. */
  readonly receiverIdentityKey: Uint8Array
  /** 16 bytes, or none where there is no ticket. */
  readonly instanceId: Uint8Array
  /** Sealed, or no bytes. */
  readonly ticket: Uint8Array
  /** Asked for an ephemeral key (32 bytes) and an ML-KEM seed (64), in this order. */
  readonly random: RandomBytes
  readonly prologue: (clear: Uint8Array) => Uint8Array
  readonly psk: (kem: KemExchange) => Secret
}

/** A Hello that waits for its Welcome. */
export interface StartedHandshake {
  /** The Hello, for one receiver, once. */
  readonly hello: Hello
  /**
   * Take the Welcome.
   *
   * @param welcome - As it came.
   * @throws SottoError
   *   - `ERR_HELLO_MALFORMED` if a part has another length,
   *   - `ERR_LOW_ORDER_KEY` if its ephemeral key is of low order,
   *   - `ERR_DECRYPT` if it is not from that receiver, or not for this Hello.
   * @throws TypeError if it is called again, after a failure too.
   */
  complete(welcome: WelcomeBytes): Transport
}

/** Make a Hello. @throws SottoError `ERR_LOW_ORDER_KEY` if the receiver's identity key is of low order. */
export function startHandshake(start: HandshakeStart): StartedHandshake {
  const { identity, receiverIdentityKey, instanceId, ticket, random, prologue, psk } = start
  const e = keyPairFrom(Secret.of(random(DH_BYTES)))
  const kem = kemKeyPairFrom(Secret.of(random(KEM_SEED_BYTES)))
  const { encapsulationKey } = kem
  const clear = encodeClear({ instanceId, ticket, encapsulationKey })
  const handshake = new Initiator(prologue(clear), { s: identity, e, rs: receiverIdentityKey })
  const noiseMessage = handshake.writeMessage1(EMPTY)
  let spent = false
  return {
    hello: { clear: Buffer.from(clear), noiseMessage: Buffer.from(noiseMessage) },
    complete(welcome) {
      if (spent) throw new TypeError('a Hello has one Welcome')
      spent = true
      checkWelcomeLengths(welcome)
      const { kemCiphertext } = welcome
      const kemShared = kem.decapsulate(kemCiphertext)
      handshake.readMessage2(welcome.noiseMessage, psk({ kemShared, encapsulationKey, kemCiphertext }))
      return handshake.split()
    },
  }
}

export interface HandshakeAnswer {
  /** The receiver's identity key. */
  readonly identity: KeyPair
  /** The identity key of the sender whose Hello it must be: 32 bytes. */
  readonly senderIdentityKey: Uint8Array
  /** Noise message 1 from the Hello, of its length. */
  readonly noiseMessage: Uint8Array
  /** The encapsulation key from the Hello's clear part, of its length. */
  readonly encapsulationKey: Uint8Array
  readonly prologue: Uint8Array
  readonly psk: (kem: KemExchange) => Secret
  /** Asked for an ephemeral key (32 bytes), and only once the sender has shown who it is. */
  readonly random: RandomBytes
  /** ML-KEM encapsulation; node:crypto's unless a vector brings its own. */
  readonly encapsulate?: typeof encapsulateWithNode
}

/**
 * Take a Hello, all of whose clear part was checked, and make the Welcome.
 *
 * @throws SottoError
 *   - `ERR_LOW_ORDER_KEY`, `ERR_DECRYPT` if Noise message 1 fails,
 *   - `ERR_TICKET_SENDER` if its static key is not the one that it must be,
 *   - `ERR_HELLO_MALFORMED` if the encapsulation key is none.
 */
export function answerHandshake(answer: HandshakeAnswer): { readonly welcome: Welcome; readonly transport: Transport } {
  const { identity, senderIdentityKey, encapsulationKey, psk, random } = answer
  const handshake = new Responder(answer.prologue, identity)
  const { remoteStatic } = handshake.readMessage1(answer.noiseMessage)
  if (!timingSafeEqual(remoteStatic, senderIdentityKey)) {
    throw new SottoError('ERR_TICKET_SENDER', 'the ticket was given to another identity key')
  }
  const { ciphertext, shared } = (answer.encapsulate ?? encapsulateWithNode)(encapsulationKey)
  const e = keyPairFrom(Secret.of(random(DH_BYTES)))
  const exchange = { kemShared: shared, encapsulationKey, kemCiphertext: ciphertext }
  const noiseMessage = handshake.writeMessage2(EMPTY, { e, psk: psk(exchange) })
  return {
    welcome: { kemCiphertext: Buffer.from(ciphertext), noiseMessage: Buffer.from(noiseMessage) },
    transport: handshake.split(),
  }
}
