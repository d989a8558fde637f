import { expect } from 'chai'
import fc from 'fast-check'
import { CLOCK_SKEW_MS } from '#lib/protocol.ts'
import { checkReply, openReply, REPLY_BYTES, type Reply, type ReplyExpectation, sealReply } from '#lib/ticket/reply.ts'
import { sealBody } from '#lib/ticket/sealed-body.ts'
import { anyBytes, anyName, anyReply, anySecret, comparable } from '../../support/arbitrary.ts'
import { codeOf } from '../../support/code-of.ts'
import { NOW_MS, REALM, replyBody, sealedTicket } from '../../support/conversation.ts'
import { law } from '../../support/law.ts'
import { bytesOf, secretOf } from '../../support/random.ts'
import { flips, insideLargerBuffer, truncations } from '../../support/tamper.ts'

const CONTEXT = { key: secretOf('reply key of alice'), realm: REALM, senderName: 'alice' }
const TICKET = sealedTicket()

const seal = (changes: Partial<Reply> = {}, context: Partial<typeof CONTEXT> = {}): Uint8Array =>
  sealReply({ ...CONTEXT, ...context, nonce: bytesOf('reply nonce', 12), body: replyBody(TICKET, changes) })

const open = (reply: Uint8Array): Reply => openReply({ ...CONTEXT, reply })

describe('sealReply and openReply', () => {
  it('undo each other, and every reply has one size', () => {
    law(
      fc.property(anyReply, anySecret, anyBytes(32), anyName, anyBytes(12), (body, key, realm, senderName, nonce) => {
        const context = { key, realm, senderName }
        const reply = sealReply({ ...context, nonce, body })
        expect(reply).to.have.lengthOf(REPLY_BYTES)
        expect(comparable(openReply({ ...context, reply }))).to.deep.equal(comparable(body))
      }),
    )
  })
})

describe('openReply', () => {
  it('refuses every flipped bit and every truncation', () => {
    const reply = seal()
    for (const changed of [...flips(reply), ...truncations(reply)]) {
      expect(codeOf(() => open(changed))).to.equal('ERR_REPLY_FORGED')
    }
  })

  const others = { key: secretOf('another key'), realm: bytesOf('another realm', 32), senderName: 'alicia' }
  for (const [field, value] of Object.entries(others)) {
    it(`refuses a reply that was sealed with another ${field}`, () => {
      expect(codeOf(() => open(seal({}, { [field]: value })))).to.equal('ERR_REPLY_FORGED')
    })
  }

  it('reads a reply out of the middle of a larger buffer, and keeps nothing of it', () => {
    const buffer = insideLargerBuffer(seal())
    const reply = open(buffer)
    buffer.fill(0)
    expect(comparable(reply)).to.deep.equal(comparable(replyBody(TICKET)))
  })

  it('does not take a ticket for a reply, even under one key', () => {
    const ticket = sealedTicket({}, { key: CONTEXT.key, receiverName: 'alice' })
    expect(codeOf(() => open(ticket))).to.equal('ERR_REPLY_FORGED')
  })

  it('binds to the associated data of the protocol', () => {
    const data = Buffer.concat([Buffer.from('sotto reply v1\0\x01'), REALM, Buffer.from('\0\x05alice')])
    const notOne = sealBody(CONTEXT.key, bytesOf('nonce', 12), data, Buffer.from('no reply'))
    expect(codeOf(() => open(notOne))).to.equal('ERR_REPLY_FORGED')
  })
})

describe('sealReply', () => {
  const wrong: Record<string, Partial<Reply>> = {
    'a nonce of another length': { nonce: new Uint8Array(12) },
    'a hash of another length': { ticketHash: new Uint8Array(31) },
    'a name that is none': { receiverName: '.bob' },
    'a session id of another length': { receiverSessionId: new Uint8Array(8) },
    'a key of another length': { receiverIdentityKey: new Uint8Array(31) },
    'an instance id of another length': { receiverInstanceId: new Uint8Array(17) },
    'a time that is none': { expiresAtMs: Number.NaN },
    'no session': { longestSessionMs: -1 },
  }
  for (const [what, changes] of Object.entries(wrong)) {
    it(`takes no reply with ${what}`, () => {
      expect(() => seal(changes)).to.throw(TypeError)
    })
  }
})

describe('checkReply', () => {
  const check = (changes: Partial<Reply> = {}, expected: Partial<ReplyExpectation> = {}): string =>
    codeOf(() =>
      checkReply(replyBody(TICKET, changes), {
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
    expect(check({ nonce: bytesOf('an old nonce', 16) })).to.equal('ERR_REPLY_NONCE')
  })

  it('refuses another ticket than it names', () => {
    expect(check({}, { ticket: sealedTicket({ ticketId: bytesOf('another', 16) }) })).to.equal('ERR_REPLY_TICKET')
    expect(check({}, { ticket: new Uint8Array(0) })).to.equal('ERR_REPLY_TICKET')
  })

  it('refuses another receiver than was asked for', () => {
    expect(check({ receiverName: 'mallory' })).to.equal('ERR_REPLY_RECEIVER')
  })

  it('refuses a reply that is over its time and the skew, by a millisecond', () => {
    const { expiresAtMs } = replyBody(TICKET)
    expect(check({}, { nowMs: expiresAtMs + CLOCK_SKEW_MS })).to.equal('none')
    expect(check({}, { nowMs: expiresAtMs + CLOCK_SKEW_MS + 1 })).to.equal('ERR_REPLY_EXPIRED')
  })

  it('reports the first of several faults, in the order of the protocol', () => {
    const expired = { expiresAtMs: 0 }
    const renamed = { ...expired, receiverName: 'mallory' }
    const exchanged = { ...renamed, ticketHash: bytesOf('another ticket', 32) }
    const old = { ...exchanged, nonce: bytesOf('an old nonce', 16) }
    expect([old, exchanged, renamed, expired].map((changes) => check(changes))).to.deep.equal([
      'ERR_REPLY_NONCE',
      'ERR_REPLY_TICKET',
      'ERR_REPLY_RECEIVER',
      'ERR_REPLY_EXPIRED',
    ])
  })
})
