import { expect } from 'chai'
import { Secret } from '#lib/secret.ts'
import { checkGrant } from '#lib/ticket/grant.ts'
import { type LetterGrant, openLetterGrant, sealLetterGrant } from '#lib/ticket/letter-grant.ts'
import { LETTER_LIFETIME_MS, type LetterTicket, openLetterTicket } from '#lib/ticket/letter-ticket.ts'
import { openTicket, TICKET_BYTES } from '#lib/ticket/ticket.ts'
import { comparable } from '../../support/arbitrary.ts'
import { codeOf } from '../../support/code-of.ts'
import { BOB_CONTEXT, NOW_MS, REALM, sealedTicket } from '../../support/conversation.ts'
import { BOB_LETTERS, letterGrant, letterTicket, sealedLetterTicket } from '../../support/letter.ts'
import { bytesOf, secretOf } from '../../support/random.ts'
import { flips, truncations } from '../../support/tamper.ts'

const open = (ticket: Uint8Array, changes: Partial<typeof BOB_LETTERS> = {}): LetterTicket =>
  openLetterTicket({ ...BOB_LETTERS, ...changes, ticket })

describe("a letter's ticket", () => {
  it('opens to what was sealed, and has the size of every ticket', () => {
    const ticket = sealedLetterTicket()
    expect(ticket).to.have.lengthOf(TICKET_BYTES)
    expect(comparable(open(ticket))).to.deep.equal(comparable(letterTicket()))
  })

  it('does not open with any bit flipped, nor cut, nor under another key, realm or name', () => {
    const ticket = sealedLetterTicket()
    for (const changed of [...flips(ticket), ...truncations(ticket)]) {
      expect(codeOf(() => open(changed))).to.equal('ERR_TICKET_FORGED')
    }
    const others = [{ key: secretOf('another') }, { realm: bytesOf('another', 32) }, { receiverName: 'bobby' }]
    for (const changes of others) expect(codeOf(() => open(ticket, changes))).to.equal('ERR_TICKET_FORGED')
  })

  it('starts no conversation, and the ticket of a conversation opens no letter', () => {
    expect(codeOf(() => openTicket({ ...BOB_CONTEXT, ticket: sealedLetterTicket() }))).to.equal('ERR_TICKET_FORGED')
    expect(codeOf(() => open(sealedTicket(), { key: BOB_CONTEXT.key }))).to.equal('ERR_TICKET_FORGED')
  })

  it('takes no field out of its limits', () => {
    const wrong: Partial<LetterTicket>[] = [
      { ticketId: new Uint8Array(15) },
      { senderName: 'Alice' },
      { senderIdentityKey: new Uint8Array(33) },
      { receiverIdentityKey: new Uint8Array(0) },
      { secret: Secret.of(new Uint8Array(16)) },
      { expiresAtMs: NOW_MS },
      { expiresAtMs: NOW_MS + LETTER_LIFETIME_MS + 1 },
      { issuedAtMs: Number.NaN },
    ]
    for (const changes of wrong) expect(() => sealedLetterTicket(changes)).to.throw(TypeError)
  })
})

describe("a letter's grant", () => {
  const context = { key: secretOf('grant key of alice'), realm: REALM, senderName: 'alice' }
  const ticket = sealedLetterTicket()
  const seal = (changes: Partial<LetterGrant> = {}): Uint8Array =>
    sealLetterGrant({ ...context, nonce: bytesOf('grant nonce', 12), body: letterGrant(ticket, changes) })

  it('opens to what was sealed, and is for the request and the ticket that it names', () => {
    const grant = openLetterGrant({ ...context, grant: seal() })
    expect(comparable(grant)).to.deep.equal(comparable(letterGrant(ticket)))
    const request = { nonce: grant.nonce, ticket, receiverName: 'bob', nowMs: NOW_MS }
    expect(codeOf(() => checkGrant(grant, request))).to.equal('none')
    expect(codeOf(() => checkGrant(grant, { ...request, receiverName: 'carol' }))).to.equal('ERR_GRANT_RECEIVER')
    const late = NOW_MS + LETTER_LIFETIME_MS + 60_001
    expect(codeOf(() => checkGrant(grant, { ...request, nowMs: late }))).to.equal('ERR_GRANT_EXPIRED')
  })

  it('does not open with any bit flipped, nor cut, nor under another key, realm or name', () => {
    for (const changed of [...flips(seal()), ...truncations(seal())]) {
      expect(codeOf(() => openLetterGrant({ ...context, grant: changed }))).to.equal('ERR_GRANT_FORGED')
    }
    const others = [{ key: secretOf('another') }, { realm: bytesOf('another', 32) }, { senderName: 'alicia' }]
    for (const changes of others) {
      expect(codeOf(() => openLetterGrant({ ...context, ...changes, grant: seal() }))).to.equal('ERR_GRANT_FORGED')
    }
  })

  it('takes no field out of its limits', () => {
    const wrong: Partial<LetterGrant>[] = [
      { nonce: new Uint8Array(15) },
      { ticketHash: new Uint8Array(31) },
      { receiverName: '' },
      { receiverSessionId: new Uint8Array(17) },
      { receiverIdentityKey: new Uint8Array(31) },
      { expiresAtMs: Number.POSITIVE_INFINITY },
      { secret: Secret.of(new Uint8Array(31)) },
    ]
    for (const changes of wrong) expect(() => seal(changes)).to.throw(TypeError)
  })
})
