import { expect } from 'chai'
import fc from 'fast-check'
import { CLOCK_SKEW_MS } from '#lib/protocol.ts'
import { checkGrant, GRANT_BYTES, type Grant, type GrantExpectation, openGrant, sealGrant } from '#lib/ticket/grant.ts'
import { sealBody } from '#lib/ticket/sealed-body.ts'
import { anyBytes, anyGrant, anyName, anySecret, comparable } from '../../support/arbitrary.ts'
import { codeOf } from '../../support/code-of.ts'
import { grantBody, NOW_MS, REALM, sealedTicket } from '../../support/conversation.ts'
import { assertProperty } from '../../support/property.ts'
import { bytesOf, secretOf } from '../../support/random.ts'
import { flips, insideLargerBuffer, truncations } from '../../support/tamper.ts'

const CONTEXT = { key: secretOf('grant key of alice'), realm: REALM, senderName: 'alice' }
const TICKET = sealedTicket()

const seal = (changes: Partial<Grant> = {}, context: Partial<typeof CONTEXT> = {}): Uint8Array =>
  sealGrant({ ...CONTEXT, ...context, nonce: bytesOf('grant nonce', 12), body: grantBody(TICKET, changes) })

const open = (grant: Uint8Array): Grant => openGrant({ ...CONTEXT, grant })

describe('sealGrant and openGrant', () => {
  it('undo each other, and every grant has one size', () => {
    assertProperty(
      fc.property(anyGrant, anySecret, anyBytes(32), anyName, anyBytes(12), (body, key, realm, senderName, nonce) => {
        const context = { key, realm, senderName }
        const grant = sealGrant({ ...context, nonce, body })
        expect(grant).to.have.lengthOf(GRANT_BYTES)
        expect(comparable(openGrant({ ...context, grant }))).to.deep.equal(comparable(body))
      }),
    )
  })
})

describe('openGrant', () => {
  it('refuses every flipped bit and every truncation', () => {
    const grant = seal()
    for (const changed of [...flips(grant), ...truncations(grant)]) {
      expect(codeOf(() => open(changed))).to.equal('ERR_GRANT_FORGED')
    }
  })

  const others = { key: secretOf('another key'), realm: bytesOf('another realm', 32), senderName: 'alicia' }
  for (const [field, value] of Object.entries(others)) {
    it(`refuses a grant that was sealed with another ${field}`, () => {
      expect(codeOf(() => open(seal({}, { [field]: value })))).to.equal('ERR_GRANT_FORGED')
    })
  }

  it('reads a grant out of the middle of a larger buffer, and keeps nothing of it', () => {
    const buffer = insideLargerBuffer(seal())
    const grant = open(buffer)
    buffer.fill(0)
    expect(comparable(grant)).to.deep.equal(comparable(grantBody(TICKET)))
  })

  it('does not take a ticket for a grant, even under one key', () => {
    const ticket = sealedTicket({}, { key: CONTEXT.key, receiverName: 'alice' })
    expect(codeOf(() => open(ticket))).to.equal('ERR_GRANT_FORGED')
  })

  it('binds to the associated data of the protocol', () => {
    const data = Buffer.concat([Buffer.from('sotto grant v1\0\x01'), REALM, Buffer.from('\0\x05alice')])
    const notOne = sealBody(CONTEXT.key, bytesOf('nonce', 12), data, Buffer.from('no grant'))
    expect(codeOf(() => open(notOne))).to.equal('ERR_GRANT_FORGED')
  })
})

describe('sealGrant', () => {
  const wrong: Record<string, Partial<Grant>> = {
    'a nonce of another length': { nonce: new Uint8Array(12) },
    'a hash of another length': { ticketHash: new Uint8Array(31) },
    'a name that is none': { receiverName: '.bob' },
    'a session id of another length': { receiverSessionId: new Uint8Array(8) },
    'a key of another length': { receiverIdentityKey: new Uint8Array(31) },
    'an instance id of another length': { receiverInstanceId: new Uint8Array(17) },
    'a time that is none': { expiresAtMs: Number.NaN },
    'no session': { maxSessionDurationMs: -1 },
  }
  for (const [what, changes] of Object.entries(wrong)) {
    it(`takes no grant with ${what}`, () => {
      expect(() => seal(changes)).to.throw(TypeError)
    })
  }
})

describe('checkGrant', () => {
  const check = (changes: Partial<Grant> = {}, expected: Partial<GrantExpectation> = {}): string =>
    codeOf(() =>
      checkGrant(grantBody(TICKET, changes), {
        nonce: bytesOf('request nonce', 16),
        ticket: TICKET,
        receiverName: 'bob',
        nowMs: NOW_MS,
        ...expected,
      }),
    )

  it('lets the answer to this request pass', () => {
    expect(check()).to.equal('none')
  })

  it('refuses the answer to another request', () => {
    expect(check({ nonce: bytesOf('an old nonce', 16) })).to.equal('ERR_GRANT_NONCE')
  })

  it('refuses another ticket than it names', () => {
    expect(check({}, { ticket: sealedTicket({ ticketId: bytesOf('another', 16) }) })).to.equal('ERR_GRANT_TICKET')
    expect(check({}, { ticket: new Uint8Array(0) })).to.equal('ERR_GRANT_TICKET')
  })

  it('refuses another receiver than was asked for', () => {
    expect(check({ receiverName: 'mallory' })).to.equal('ERR_GRANT_RECEIVER')
  })

  it('refuses a grant that is over its time and the skew, by a millisecond', () => {
    const { expiresAtMs } = grantBody(TICKET)
    expect(check({}, { nowMs: expiresAtMs + CLOCK_SKEW_MS })).to.equal('none')
    expect(check({}, { nowMs: expiresAtMs + CLOCK_SKEW_MS + 1 })).to.equal('ERR_GRANT_EXPIRED')
  })

  it('reports the first of several faults, in the order of the protocol', () => {
    const expired = { expiresAtMs: 0 }
    const renamed = { ...expired, receiverName: 'mallory' }
    const exchanged = { ...renamed, ticketHash: bytesOf('another ticket', 32) }
    const old = { ...exchanged, nonce: bytesOf('an old nonce', 16) }
    expect([old, exchanged, renamed, expired].map((changes) => check(changes))).to.deep.equal([
      'ERR_GRANT_NONCE',
      'ERR_GRANT_TICKET',
      'ERR_GRANT_RECEIVER',
      'ERR_GRANT_EXPIRED',
    ])
  })
})
