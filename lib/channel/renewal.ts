/**
 * Hello and Welcome inside an open channel, for new keys (docs/protocol.md, section 7): with a new ticket, or without one
 * while the services are out of reach. Either way the new channel is bound to the old one, by its handshake hash.
 *
 * The caller checks what depends on the time: that a renewal is due, that the services cannot be reached, and that the
 * maximum session duration is not over.
 *
 * @module
 */
import { timingSafeEqual } from 'node:crypto'
import type { Hello, HelloClear, Welcome } from '#gen/sotto/peer/v1/handshake.ts'
import { SottoError } from '#lib/errors.ts'
import { EMPTY, type KeyPair } from '#lib/noise/primitives.ts'
import type { Grant } from '#lib/ticket/grant.ts'
import type { Clocks } from '#lib/ticket/replay-cache.ts'
import type { Ticket } from '#lib/ticket/ticket.ts'
import { Channel } from './channel.ts'
import { answerHandshake, startHandshake } from './handshake.ts'
import {
  checkHelloLengths,
  checkVersion,
  decodeClear,
  type HelloBytes,
  type RandomBytes,
  type WelcomeBytes,
} from './hello.ts'
import type { encapsulate } from './kem.ts'
import { renewalPrologueOf } from './prologue.ts'
import { type Credentials, deriveRenewalPsk, type OldChannel, type Pair } from './psk.ts'
import { type Admission, admit } from './responder.ts'

/** The two ends of a channel. Names and keys are those that it began with, and stay. */
export interface ChannelEnds {
  /** One's own identity key. */
  readonly identity: KeyPair
  readonly ownName: string
  readonly peerName: string
  /** 32 bytes. */
  readonly peerIdentityKey: Uint8Array
  /** 32 bytes. */
  readonly realm: Uint8Array
}

/**
 * The ticket and the grant that the directory gave the opener: the ticket sealed, as it came; the grant opened and
 * checked.
 */
export interface IssuedTicket {
  readonly ticket: Uint8Array
  readonly grant: Grant
}

export interface RenewalStart {
  readonly ends: ChannelEnds
  readonly old: OldChannel
  /** The ticket and its grant; undefined for a renewal without a ticket. */
  readonly issued: IssuedTicket | undefined
  /** Asked for an ephemeral key (32 bytes) and an ML-KEM seed (64), in this order. */
  readonly random: RandomBytes
}

/** A Hello that waits for its Welcome. */
export interface StartedRenewal {
  readonly hello: Hello
  /**
   * Take the Welcome.
   *
   * @returns The new channel.
   * @throws SottoError `ERR_HELLO_MALFORMED`, `ERR_LOW_ORDER_KEY`, `ERR_DECRYPT` as in a handshake. The old channel is
   *   to end with it.
   * @throws TypeError if it is called again, after a failure too.
   */
  complete(welcome: WelcomeBytes): Channel
}

/** The opener's end: make a Hello. */
export function startRenewal({ ends, old, issued, random }: RenewalStart): StartedRenewal {
  const { identity, ownName, peerName, peerIdentityKey, realm } = ends
  const pair: Pair = {
    senderName: ownName,
    receiverName: peerName,
    senderIdentityKey: identity.publicKey,
    receiverIdentityKey: peerIdentityKey,
  }
  const credentials: Credentials | undefined = issued && { ticket: issued.ticket, secret: issued.grant.secret }
  const { hello, complete } = startHandshake({
    identity,
    receiverIdentityKey: peerIdentityKey,
    instanceId: issued?.grant.receiverInstanceId ?? EMPTY,
    ticket: issued?.ticket ?? EMPTY,
    random,
    prologue: (clear) => renewalPrologueOf({ realm, ...pair, clear, oldHandshakeHash: old.handshakeHash }),
    psk: (kem) => deriveRenewalPsk({ ...pair, ...kem, old, credentials }),
  })
  return { hello, complete: (welcome) => new Channel(complete(welcome), { isConfirmed: true }) }
}

export interface RenewalArrival extends Clocks {
  readonly hello: HelloBytes
  readonly ends: ChannelEnds
  readonly admission: Admission
  readonly old: OldChannel
  /** Asked for an ephemeral key (32 bytes), and only once the opener has shown who it is. */
  readonly random: RandomBytes
  /** ML-KEM encapsulation; node:crypto's unless a vector brings its own. */
  readonly encapsulate?: typeof encapsulate
}

/** A renewal that was let in. */
export interface AcceptedRenewal {
  /** The ticket; undefined in a renewal without one. */
  readonly ticket: Ticket | undefined
  readonly welcome: Welcome
  /** Speaks at once: the Hello came inside the old channel, so it is no replay, and whose it is was known. */
  readonly channel: Channel
}

/**
 * The host's end: judge a Hello, and answer it. The checks stand in this order; none before the last line costs a
 * Diffie-Hellman.
 *
 * @throws SottoError
 *   - `ERR_HELLO_MALFORMED` if the clear part cannot be read,
 *   - with a ticket, those of `admit`, and `ERR_TICKET_SENDER` if the ticket is another person's or another key's,
 *   - without, `ERR_HELLO_VERSION`, `ERR_HELLO_MALFORMED` as in a handshake,
 *   - `ERR_LOW_ORDER_KEY`, `ERR_DECRYPT`, `ERR_TICKET_SENDER` if Noise message 1 fails, is of another channel, or has
 *     another static key,
 *   - `ERR_HELLO_MALFORMED` if the encapsulation key is none.
 */
export function acceptRenewal(arrival: RenewalArrival): AcceptedRenewal {
  const { hello, ends, old, random, encapsulate } = arrival
  const clear = decodeClear(hello.clear)
  const ticket = isWithoutTicket(clear) ? admitWithout(clear, hello) : admitWith(arrival, clear)
  const credentials: Credentials | undefined = ticket && { ticket: clear.ticket, secret: ticket.secret }
  const pair: Pair = {
    senderName: ends.peerName,
    receiverName: ends.ownName,
    senderIdentityKey: ends.peerIdentityKey,
    receiverIdentityKey: ends.identity.publicKey,
  }
  const { welcome, transport } = answerHandshake({
    identity: ends.identity,
    senderIdentityKey: ends.peerIdentityKey,
    noiseMessage: hello.noiseMessage,
    encapsulationKey: clear.encapsulationKey,
    prologue: renewalPrologueOf({
      realm: ends.realm,
      ...pair,
      clear: hello.clear,
      oldHandshakeHash: old.handshakeHash,
    }),
    psk: (kem) => deriveRenewalPsk({ ...pair, ...kem, old, credentials }),
    random,
    ...(encapsulate && { encapsulate }),
  })
  return { ticket, welcome, channel: new Channel(transport, { isConfirmed: true }) }
}

/**
 * Whether a Hello asks for a renewal without a ticket.
 *
 * @throws SottoError `ERR_HELLO_MALFORMED` if its clear part cannot be read.
 */
export function asksWithoutTicket({ clear }: HelloBytes): boolean {
  return isWithoutTicket(decodeClear(clear))
}

function isWithoutTicket({ instanceId, ticket }: HelloClear): boolean {
  return instanceId.length === 0 && ticket.length === 0
}

function admitWithout(clear: HelloClear, hello: HelloBytes): undefined {
  checkVersion(clear)
  checkHelloLengths(clear, hello)
}

function admitWith({ admission, ends, hello, ...clocks }: RenewalArrival, clear: HelloClear): Ticket {
  const ticket = admit(admission, clear, hello, clocks)
  const isTheirs = timingSafeEqual(ticket.senderIdentityKey, ends.peerIdentityKey)
  if (ticket.senderName === ends.peerName && isTheirs) return ticket
  throw new SottoError('ERR_TICKET_SENDER', 'the ticket is not of the person at the other end')
}
