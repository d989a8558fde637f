/**
 * The receiver's end of the handshake: Hello in, Welcome out (docs/protocol.md, section 4).
 *
 * Every check that takes microseconds comes first; the Diffie-Hellmans, which cost a thousand times as much, are spent
 * only on a fresh ticket for this receiver.
 *
 * @module
 */
import { timingSafeEqual } from 'node:crypto'
import type { HelloClear, Welcome } from '#gen/sotto/peer/v1/handshake.ts'
import { SottoError } from '#lib/errors.ts'
import type { KeyPair } from '#lib/noise/primitives.ts'
import { INSTANCE_ID_BYTES } from '#lib/protocol.ts'
import type { Secret } from '#lib/secret.ts'
import { checkTicket } from '#lib/ticket/check-ticket.ts'
import type { Clocks, ReplayCache } from '#lib/ticket/replay-cache.ts'
import { openTicket, type Ticket } from '#lib/ticket/ticket.ts'
import { Channel } from './channel.ts'
import { answerHandshake } from './handshake.ts'
import { checkHelloLengths, checkVersion, decodeClear, type HelloBytes, type RandomBytes } from './hello.ts'
import type { encapsulate } from './kem.ts'
import { prologueOf } from './prologue.ts'
import { derivePsk } from './psk.ts'

/** The keys, names and records by which a receiver judges tickets. */
export interface Admission {
  /** The receiver's identity key. */
  readonly identity: KeyPair
  readonly ownName: string
  /** 32 bytes. */
  readonly realm: Uint8Array
  readonly ticketKey: Secret
  /** The receiver's, for this start of it: 16 bytes. */
  readonly instanceId: Uint8Array
  /** The replay cache of this start of the receiver, for all its connections. */
  readonly replayCache: ReplayCache
}

export interface HelloArrival extends Admission, Clocks {
  readonly hello: HelloBytes
  /** Asked for an ephemeral key (32 bytes), and only once the caller has shown who it is. */
  readonly random: RandomBytes
  /** ML-KEM encapsulation; node:crypto's unless a vector brings its own. */
  readonly encapsulate?: typeof encapsulate
}

/** A Hello that was let in. */
export interface AcceptedHello {
  /**
   * The ticket: what Auth says of the caller. Its identity key is that of the handshake; whether it is the pinned one
   * is open.
   */
  readonly ticket: Ticket
  readonly welcome: Welcome
  /** The channel, not confirmed until its first record opens; show and pin nothing before. */
  readonly channel: Channel
}

/**
 * Judge a Hello, and answer it. The checks stand in this order, and the first that fails is the one reported; none
 * before the handshake itself costs a Diffie-Hellman or draws a random byte. Whichever it is, the caller must learn no
 * more than that it was refused.
 *
 * @throws SottoError
 *   - `ERR_HELLO_MALFORMED` if the clear part cannot be read,
 *   - those of {@link admit}; from its last on the ticket is spent,
 *   - `ERR_LOW_ORDER_KEY`, `ERR_DECRYPT` if Noise message 1 fails,
 *   - `ERR_TICKET_SENDER` if the handshake's static key is not the ticket's,
 *   - `ERR_HELLO_MALFORMED` if the encapsulation key is none.
 */
export function acceptHello(arrival: HelloArrival): AcceptedHello {
  const { hello, identity, ownName, realm, random, encapsulate } = arrival
  const clear = decodeClear(hello.clear)
  const ticket = admit(arrival, clear, hello, arrival)
  const { senderName, senderIdentityKey, secret } = ticket
  const pair = { senderName, receiverName: ownName, senderIdentityKey, receiverIdentityKey: identity.publicKey }
  const { welcome, transport } = answerHandshake({
    identity,
    senderIdentityKey,
    noiseMessage: hello.noiseMessage,
    encapsulationKey: clear.encapsulationKey,
    prologue: prologueOf({ realm, ...pair, clear: hello.clear }),
    psk: (kem) => derivePsk({ secret, ticket: clear.ticket, ...pair, ...kem }),
    random,
    ...(encapsulate && { encapsulate }),
  })
  return { ticket, welcome, channel: new Channel(transport, { isConfirmed: false }) }
}

/**
 * Check a Hello with a ticket, before any Diffie-Hellman, in this order.
 *
 * @throws SottoError
 *   - `ERR_TICKET_INSTANCE` if it is for another start of this receiver,
 *   - `ERR_TICKET_FORGED` if the ticket does not open,
 *   - `ERR_HELLO_VERSION` if it is of another version or suite,
 *   - `ERR_HELLO_MALFORMED` if a part has not the length of this version,
 *   - `ERR_TICKET_RECEIVER`, `ERR_CHAT_WITH_SELF`, `ERR_TICKET_FUTURE`, `ERR_TICKET_EXPIRED`, `ERR_TICKET_REPLAYED`,
 *     `ERR_TICKET_CACHE_FULL` as `checkTicket` has them; from here on the ticket is spent.
 */
export function admit(
  { identity, ownName, realm, ticketKey, instanceId, replayCache }: Admission,
  clear: HelloClear,
  hello: HelloBytes,
  { nowMs, monotonicMs }: Clocks,
): Ticket {
  if (clear.instanceId.length !== INSTANCE_ID_BYTES || !timingSafeEqual(clear.instanceId, instanceId)) {
    throw new SottoError('ERR_TICKET_INSTANCE', 'the Hello is for another start of this receiver')
  }
  const ticket = openTicket({ key: ticketKey, realm, receiverName: ownName, instanceId, ticket: clear.ticket })
  checkVersion(clear)
  checkHelloLengths(clear, hello)
  checkTicket(ticket, { identityKey: identity.publicKey, ownName, replayCache, nowMs, monotonicMs })
  return ticket
}
