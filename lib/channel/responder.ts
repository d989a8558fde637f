/**
 * The receiver's end of the handshake: Hello in, Welcome out (docs/protocol.md, section 4).
 *
 * Everything that can be checked for microseconds is checked first; the Diffie-Hellmans, a thousand times as dear, are
 * spent only on a fresh ticket of this receiver.
 *
 * @module
 */
import { timingSafeEqual } from 'node:crypto'
import type { HelloClear, Welcome } from '#gen/sotto/peer/v1/peer_service.ts'
import { SottoError } from '#lib/errors.ts'
import { Responder } from '#lib/noise/handshake.ts'
import { DH_BYTES, EMPTY, type KeyPair, keyPairFrom } from '#lib/noise/primitives.ts'
import { KID_BYTES } from '#lib/protocol.ts'
import { Secret } from '#lib/secret.ts'
import { checkTicket } from '#lib/ticket/check-ticket.ts'
import type { Clocks, ReplayCache } from '#lib/ticket/replay-cache.ts'
import { openTicket, type Ticket } from '#lib/ticket/ticket.ts'
import { Channel } from './channel.ts'
import { checkHelloLengths, checkVersion, decodeClear, type HelloBytes, type RandomBytes } from './hello.ts'
import { encapsulate as encapsulateWithNode } from './kem.ts'
import { prologueOf } from './prologue.ts'
import { derivePsk } from './psk.ts'

export interface HelloArrival extends Clocks {
  readonly hello: HelloBytes
  /** The receiver's identity key. */
  readonly identity: KeyPair
  readonly ownName: string
  /** 32 bytes. */
  readonly realm: Uint8Array
  readonly ticketKey: Secret
  /** The receiver's, for this start of it: 16 bytes. */
  readonly kid: Uint8Array
  /** Of this start of the receiver, for all its connections. */
  readonly replayCache: ReplayCache
  /** Asked for an ephemeral key (32 bytes), and only once the caller has shown who it is. */
  readonly random: RandomBytes
  /** ML-KEM encapsulation; node:crypto's unless a vector brings its own. */
  readonly encapsulate?: typeof encapsulateWithNode
}

/** A Hello that was let in. */
export interface AcceptedHello {
  /** What Auth says of the caller. Its identity key is that of the handshake; whether it is the pinned one is open. */
  readonly ticket: Ticket
  readonly welcome: Welcome
  /** Not confirmed until its first record opens; show and pin nothing before. */
  readonly channel: Channel
}

/**
 * Judge a Hello, and answer it. The checks stand in this order, and the first that fails is the one reported; none
 * before the handshake itself costs a Diffie-Hellman or draws a random byte. Whichever it is, the caller must learn no
 * more than that it was refused.
 *
 * @throws SottoError
 *   - `ERR_HELLO_MALFORMED` if the clear part cannot be read,
 *   - `ERR_TICKET_KID` if it is for another start of this receiver,
 *   - `ERR_TICKET_FORGED` if the ticket does not open,
 *   - `ERR_HELLO_VERSION` if it is of another version or suite,
 *   - `ERR_HELLO_MALFORMED` if a part has not the length of this version,
 *   - `ERR_TICKET_RECEIVER`, `ERR_CHAT_WITH_SELF`, `ERR_TICKET_FUTURE`, `ERR_TICKET_EXPIRED`, `ERR_TICKET_REPLAYED`,
 *     `ERR_TICKET_CACHE_FULL` as `checkTicket` has them; from here on the ticket is spent,
 *   - `ERR_LOW_ORDER_KEY`, `ERR_DECRYPT` if Noise message 1 fails,
 *   - `ERR_TICKET_SENDER` if the handshake's static key is not the ticket's,
 *   - `ERR_HELLO_MALFORMED` if the encapsulation key is none.
 */
export function acceptHello(arrival: HelloArrival): AcceptedHello {
  const { hello, identity, ownName, realm } = arrival
  const clear = decodeClear(hello.clear)
  const ticket = admit(arrival, clear)

  const prologue = prologueOf({ realm, senderName: ticket.senderName, receiverName: ownName, clear: hello.clear })
  const handshake = new Responder(prologue, identity)
  const { remoteStatic } = handshake.readMessage1(hello.noiseMessage)
  if (!timingSafeEqual(remoteStatic, ticket.senderIdentityKey)) {
    throw new SottoError('ERR_TICKET_SENDER', 'the ticket was given to another identity key')
  }

  const { ciphertext, shared } = (arrival.encapsulate ?? encapsulateWithNode)(clear.encapsulationKey)
  const psk = derivePsk({
    secret: ticket.secret,
    kemShared: shared,
    ticket: clear.ticket,
    senderName: ticket.senderName,
    receiverName: ownName,
    senderIdentityKey: ticket.senderIdentityKey,
    receiverIdentityKey: identity.publicKey,
    encapsulationKey: clear.encapsulationKey,
    kemCiphertext: ciphertext,
  })
  const e = keyPairFrom(Secret.of(arrival.random(DH_BYTES)))
  const noiseMessage = handshake.writeMessage2(EMPTY, { e, psk })
  return {
    ticket,
    welcome: { kemCiphertext: Buffer.from(ciphertext), noiseMessage: Buffer.from(noiseMessage) },
    channel: new Channel('responder', handshake.split()),
  }
}

/** All that is checked before any Diffie-Hellman. */
function admit(arrival: HelloArrival, clear: HelloClear): Ticket {
  const { hello, identity, ownName, realm, ticketKey, kid, replayCache, nowMs, monotonicMs } = arrival
  if (clear.kid.length !== KID_BYTES || !timingSafeEqual(clear.kid, kid)) {
    throw new SottoError('ERR_TICKET_KID', 'the Hello is for another start of this receiver')
  }
  const ticket = openTicket({ key: ticketKey, realm, receiverName: ownName, kid, ticket: clear.ticket })
  checkVersion(clear)
  checkHelloLengths(clear, hello)
  checkTicket(ticket, { identityKey: identity.publicKey, ownName, replayCache, nowMs, monotonicMs })
  return ticket
}
