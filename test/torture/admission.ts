/**
 * Admission to a conversation, as Auth and the directory would grant it: tickets, with the grant that goes with each.
 *
 * @module
 */
import type { IssuedTicket } from '#lib/channel/renewal.ts'
import type { Admission } from '#lib/channel/responder.ts'
import type { KeyPair } from '#lib/noise/primitives.ts'
import { Secret } from '#lib/secret.ts'
import { REQUEST_NONCE_BYTES, SESSION_ID_BYTES } from '#lib/ticket/grant.ts'
import { ReplayCache } from '#lib/ticket/replay-cache.ts'
import { CHAT_SECRET_BYTES, sealTicket, TICKET_ID_BYTES, TICKET_LIFETIME_MS, ticketHash } from '#lib/ticket/ticket.ts'
import type { World } from './world.ts'

/** The admission of one start of a process: the keys and the replay cache by which it judges tickets. */
export function admissionOf(world: World, ownName: string, identity: KeyPair): Admission {
  const { random, realm } = world
  const ticketKey = Secret.of(random.bytes(32))
  return { identity, ownName, realm, ticketKey, instanceId: random.bytes(16), replayCache: new ReplayCache() }
}

/** A grant for one conversation or one renewal: a ticket and its reply. */
export function issueTicket(world: World, opener: { name: string; identity: KeyPair }, host: Admission): IssuedTicket {
  const { random, realm, timeline, faults } = world
  const { nowMs } = timeline.clocks()
  const chatSecret = random.bytes(CHAT_SECRET_BYTES)
  const common = { expiresAtMs: nowMs + TICKET_LIFETIME_MS, maxSessionDurationMs: faults.maxSessionDurationMs }
  const ticket = sealTicket({
    key: host.ticketKey,
    realm,
    receiverName: host.ownName,
    instanceId: host.instanceId,
    nonce: random.bytes(12),
    body: {
      ...common,
      ticketId: random.bytes(TICKET_ID_BYTES),
      issuedAtMs: nowMs,
      senderName: opener.name,
      senderIdentityKey: opener.identity.publicKey,
      senderAddress: '192.0.2.7',
      receiverIdentityKey: host.identity.publicKey,
      secret: Secret.of(Uint8Array.from(chatSecret)),
    },
  })
  const grant = {
    ...common,
    nonce: random.bytes(REQUEST_NONCE_BYTES),
    ticketHash: ticketHash(ticket),
    receiverName: host.ownName,
    receiverSessionId: random.bytes(SESSION_ID_BYTES),
    receiverIdentityKey: host.identity.publicKey,
    receiverInstanceId: host.instanceId,
    secret: Secret.of(chatSecret),
  }
  return { ticket, grant }
}
