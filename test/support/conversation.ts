/**
 * The parts of a conversation in which Alice calls Bob: all that both ends and Auth hold before the handshake, the same
 * in every run. A test can change each of them.
 *
 * @module
 */
import type { Channel } from '#lib/channel/channel.ts'
import { type StartedConversation, startConversation } from '#lib/channel/initiator.ts'
import { type AcceptedHello, acceptHello, type HelloArrival } from '#lib/channel/responder.ts'
import type { Grant } from '#lib/ticket/grant.ts'
import { ReplayCache } from '#lib/ticket/replay-cache.ts'
import { sealTicket, TICKET_LIFETIME_MS, type Ticket, ticketHash } from '#lib/ticket/ticket.ts'
import { bytesOf, keyPairOf, randomFrom, secretOf } from './random.ts'

/** The time of the whole conversation: Unix time in milliseconds. */
export const NOW_MS = Date.UTC(2026, 10, 22, 12)

export const ALICE = keyPairOf('identity of alice')
export const BOB = keyPairOf('identity of bob')
export const REALM = bytesOf('realm', 32)

/** The context of Bob's tickets: what Bob shares with Auth, and the id of this start of Bob's receiver. */
export const BOB_CONTEXT = {
  key: secretOf('ticket key of bob'),
  realm: REALM,
  receiverName: 'bob',
  instanceId: bytesOf('instance id', 16),
}

/** The ticket that Auth makes for Alice's call. */
export function ticketBody(changes: Partial<Ticket> = {}): Ticket {
  return {
    ticketId: bytesOf('ticket id', 16),
    issuedAtMs: NOW_MS,
    expiresAtMs: NOW_MS + TICKET_LIFETIME_MS,
    maxSessionDurationMs: 12 * 60 * 60 * 1000,
    senderName: 'alice',
    senderIdentityKey: ALICE.publicKey,
    senderAddress: '192.0.2.7',
    receiverIdentityKey: BOB.publicKey,
    secret: secretOf('secret of the conversation'),
    ...changes,
  }
}

/** A sealed ticket of Alice's, with some fields changed. */
export function sealedTicket(changes: Partial<Ticket> = {}, context: Partial<typeof BOB_CONTEXT> = {}): Uint8Array {
  return sealTicket({ ...BOB_CONTEXT, ...context, nonce: bytesOf('ticket nonce', 12), body: ticketBody(changes) })
}

/** The grant that goes with a ticket. */
export function grantBody(ticket: Uint8Array, changes: Partial<Grant> = {}): Grant {
  return {
    nonce: bytesOf('request nonce', 16),
    ticketHash: ticketHash(ticket),
    receiverName: 'bob',
    receiverSessionId: bytesOf('session of bob', 16),
    receiverIdentityKey: BOB.publicKey,
    receiverInstanceId: BOB_CONTEXT.instanceId,
    expiresAtMs: NOW_MS + TICKET_LIFETIME_MS,
    maxSessionDurationMs: 12 * 60 * 60 * 1000,
    secret: secretOf('secret of the conversation'),
    ...changes,
  }
}

/** Alice's Hello. */
export function hello({
  ticket = sealedTicket(),
  grant = {},
  ...changes
}: Partial<Omit<Parameters<typeof startConversation>[0], 'grant'>> & {
  grant?: Partial<Grant>
} = {}): StartedConversation {
  return startConversation({
    identity: ALICE,
    ownName: 'alice',
    realm: REALM,
    ticket,
    grant: grantBody(ticket, grant),
    random: randomFrom('random of alice'),
    ...changes,
  })
}

/** Accept a Hello as Bob, with a replay cache that is empty unless one is given. */
export function accept(arriving: HelloArrival['hello'], changes: Partial<HelloArrival> = {}): AcceptedHello {
  return acceptHello({
    hello: arriving,
    identity: BOB,
    ownName: 'bob',
    realm: REALM,
    ticketKey: BOB_CONTEXT.key,
    instanceId: BOB_CONTEXT.instanceId,
    replayCache: new ReplayCache(),
    nowMs: NOW_MS,
    monotonicMs: 0,
    random: randomFrom('random of bob'),
    ...changes,
  })
}

/** Complete a handshake. Returns both ends of its channel. */
export function converse(): { alice: Channel; bob: Channel } {
  const started = hello()
  const { welcome, channel } = accept(started.hello)
  return { alice: started.complete(welcome), bob: channel }
}
