/**
 * Generators of random tickets, grants and their fields, for property tests.
 *
 * @module
 */
import fc from 'fast-check'
import { Secret } from '#lib/secret.ts'
import type { Grant } from '#lib/ticket/grant.ts'
import { TICKET_LIFETIME_MS, type Ticket } from '#lib/ticket/ticket.ts'

export const anyBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

export const anySecret = anyBytes(32).map((bytes) => Secret.of(bytes))

export const anyName = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,31}$/)

/**
 * Texts of any characters. What fast-check has for it makes, in each process of a run, a map of all that there are, which
 * takes more than a second.
 */
export const anyText = (limits: { readonly maxLength?: number } = {}) =>
  fc
    .array(
      fc.oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0x10_ffff }).filter(isCharacter)),
      limits,
    )
    .map((codePoints) => String.fromCodePoint(...codePoints))

const isCharacter = (codePoint: number) => codePoint < 0xd800 || codePoint > 0xdfff

/** Any time from 1970 to 9999, in milliseconds: the range of a Timestamp. */
const anyTimeMs = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) })

const anyMaxSessionDurationMs = fc.integer({ min: 1, max: 365 * 24 * 60 * 60 * 1000 })

export const anyTicket: fc.Arbitrary<Ticket> = fc
  .record({
    ticketId: anyBytes(16),
    issuedAtMs: anyTimeMs,
    lifetimeMs: fc.integer({ min: 1, max: TICKET_LIFETIME_MS }),
    maxSessionDurationMs: anyMaxSessionDurationMs,
    senderName: anyName,
    senderIdentityKey: anyBytes(32),
    senderAddress: fc.oneof(fc.constant(''), fc.ipV4(), fc.ipV6()),
    receiverIdentityKey: anyBytes(32),
    secret: anySecret,
  })
  .map(({ lifetimeMs, ...ticket }) => ({ ...ticket, expiresAtMs: ticket.issuedAtMs + lifetimeMs }))

export const anyGrant: fc.Arbitrary<Grant> = fc.record({
  nonce: anyBytes(16),
  ticketHash: anyBytes(32),
  receiverName: anyName,
  receiverSessionId: anyBytes(16),
  receiverIdentityKey: anyBytes(32),
  receiverInstanceId: anyBytes(16),
  expiresAtMs: anyTimeMs,
  maxSessionDurationMs: anyMaxSessionDurationMs,
  secret: anySecret,
})

/** A ticket or grant in a form that deep equality can compare: bytes as hex, secrets revealed. */
export function comparable(fields: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => {
      if (value instanceof Secret) return [key, Buffer.from(value.reveal()).toString('hex')]
      if (value instanceof Uint8Array) return [key, Buffer.from(value).toString('hex')]
      return [key, value]
    }),
  )
}
