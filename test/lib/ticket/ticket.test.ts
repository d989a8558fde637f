import { expect } from 'chai'
import fc from 'fast-check'
import { TicketBody } from '#gen/sotto/peer/v1/ticket.ts'
import { Secret } from '#lib/secret.ts'
import { sealBody } from '#lib/ticket/sealed-body.ts'
import { openTicket, sealTicket, TICKET_BYTES, TICKET_LIFETIME_MS, type Ticket } from '#lib/ticket/ticket.ts'
import { anyBytes, anyName, anySecret, anyTicket, comparable } from '../../support/arbitrary.ts'
import { codeOf } from '../../support/code-of.ts'
import { BOB_CONTEXT, NOW_MS, REALM, sealedTicket, ticketBody } from '../../support/conversation.ts'
import { assertProperty } from '../../support/property.ts'
import { bytesOf, secretOf } from '../../support/random.ts'
import { flips, insideLargerBuffer, truncations } from '../../support/tamper.ts'

const open = (ticket: Uint8Array, changes: Partial<typeof BOB_CONTEXT> = {}): Ticket =>
  openTicket({ ...BOB_CONTEXT, ...changes, ticket })

/** The associated data of Bob's tickets, written down byte by byte as docs/protocol.md, section 3.2, has it. */
const ASSOCIATED_DATA = Buffer.concat([
  Buffer.from('sotto ticket v1'),
  Buffer.of(0, 1),
  REALM,
  Buffer.of(0, 3),
  Buffer.from('bob'),
  BOB_CONTEXT.instanceId,
])

const sealRaw = (body: Uint8Array): Uint8Array => sealBody(BOB_CONTEXT.key, bytesOf('nonce', 12), ASSOCIATED_DATA, body)

describe('sealTicket and openTicket', () => {
  it('undo each other, and every ticket has one size', () => {
    assertProperty(
      fc.property(
        anyTicket,
        anySecret,
        anyBytes(32),
        anyName,
        anyBytes(16),
        anyBytes(12),
        (body, key, realm, receiverName, instanceId, nonce) => {
          const context = { key, realm, receiverName, instanceId }
          const ticket = sealTicket({ ...context, nonce, body })
          expect(ticket).to.have.lengthOf(TICKET_BYTES)
          expect(comparable(openTicket({ ...context, ticket }))).to.deep.equal(comparable(body))
        },
      ),
    )
  })

  it('make 540 bytes, the nonce in front', () => {
    expect(TICKET_BYTES).to.equal(540)
    expect(sealedTicket().subarray(0, 12)).to.deep.equal(bytesOf('ticket nonce', 12))
  })
})

describe('openTicket', () => {
  it('refuses every flipped bit and every truncation', () => {
    const ticket = sealedTicket()
    for (const changed of [...flips(ticket), ...truncations(ticket)]) {
      expect(codeOf(() => open(changed))).to.equal('ERR_TICKET_FORGED')
    }
    expect(codeOf(() => open(Buffer.concat([ticket, Buffer.alloc(1)])))).to.equal('ERR_TICKET_FORGED')
  })

  const others = {
    key: secretOf('another key'),
    realm: bytesOf('another realm', 32),
    receiverName: 'bobby',
    instanceId: bytesOf('another instance id', 16),
  }
  for (const [field, value] of Object.entries(others)) {
    it(`refuses a ticket that was sealed with another ${field}`, () => {
      expect(codeOf(() => open(sealedTicket({}, { [field]: value })))).to.equal('ERR_TICKET_FORGED')
    })
  }

  it('reads a ticket out of the middle of a larger buffer, and keeps nothing of it', () => {
    const buffer = insideLargerBuffer(sealedTicket())
    const ticket = open(buffer)
    buffer.fill(0)
    expect(comparable(ticket)).to.deep.equal(comparable(ticketBody()))
  })

  it('binds to the associated data of the protocol', () => {
    const fields = TicketBody.encode({
      ...ticketBody(),
      ticketId: Buffer.from(ticketBody().ticketId),
      issuedAt: new Date(NOW_MS),
      expiresAt: new Date(NOW_MS + 1),
      maxSessionDuration: { seconds: 1n, nanos: 500_000_000 },
      senderIdentityKey: Buffer.from(ticketBody().senderIdentityKey),
      receiverIdentityKey: Buffer.from(ticketBody().receiverIdentityKey),
      secret: Buffer.from(ticketBody().secret.reveal()),
    }).finish()
    expect(open(sealRaw(fields)).maxSessionDurationMs).to.equal(1_500)
  })

  it('refuses a body that is no ticket, though Auth sealed it', () => {
    assertProperty(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        expect(codeOf(() => open(sealRaw(body)))).to.equal('ERR_TICKET_FORGED')
      }),
    )
  })
})

describe('sealTicket', () => {
  const wrong: Record<string, Partial<Ticket>> = {
    'an id of another length': { ticketId: new Uint8Array(15) },
    'a name that is none': { senderName: 'Alice' },
    'an empty name': { senderName: '' },
    'a key of another length': { senderIdentityKey: new Uint8Array(33) },
    "a receiver's key of another length": { receiverIdentityKey: new Uint8Array(0) },
    'a secret of another length': { secret: Secret.of(new Uint8Array(16)) },
    'an address that could move a cursor': { senderAddress: '\u001b[2J' },
    'an address of 46 characters': { senderAddress: '1'.repeat(46) },
    'no life': { expiresAtMs: NOW_MS },
    'too long a life': { expiresAtMs: NOW_MS + TICKET_LIFETIME_MS + 1 },
    'a time that is none': { issuedAtMs: Number.NaN },
    'no session': { maxSessionDurationMs: 0 },
    'a session for ever': { maxSessionDurationMs: Number.POSITIVE_INFINITY },
  }
  for (const [what, changes] of Object.entries(wrong)) {
    it(`takes no ticket with ${what}`, () => {
      expect(() => sealedTicket(changes)).to.throw(TypeError)
    })
  }

  it('takes a nonce of 12 bytes, a realm of 32 and an instance id of 16', () => {
    const good = { ...BOB_CONTEXT, nonce: bytesOf('nonce', 12), body: ticketBody() }
    expect(() => sealTicket({ ...good, nonce: new Uint8Array(16) })).to.throw(TypeError)
    expect(() => sealTicket({ ...good, realm: new Uint8Array(31) })).to.throw(TypeError)
    expect(() => sealTicket({ ...good, instanceId: new Uint8Array(8) })).to.throw(TypeError)
  })
})
