import { expect } from 'chai'
import { checkGrant, GRANT_BYTES, openGrant } from '#lib/ticket/grant.ts'
import { openTicket, TICKET_BYTES, TICKET_LIFETIME_MS, ticketHash } from '#lib/ticket/ticket.ts'
import { WrappingKey } from '../../../../services/auth/keys/key-wrapping.ts'
import { DEFAULT_MAX_SESSION_DURATION_MS, sealChat } from '../../../../services/auth/sealing/seal-chat.ts'
import type { Session } from '../../../../services/auth/sessions/session-rows.ts'
import { codeOf } from '../../../support/code-of.ts'
import { bytesOf, keyPairOf, secretOf } from '../../../support/random.ts'

const REALM = bytesOf('realm', 32)
const INSTANCE_ID = bytesOf('instance id', 16)
const NONCE = bytesOf('nonce', 16)
const NOW_MS = Date.UTC(2030, 0, 1)

function sessionOf(name: string): Session {
  return {
    id: bytesOf(`${name}'s session`, 16),
    accountId: bytesOf(`${name}'s account`, 16),
    name,
    identityKey: keyPairOf(name).publicKey,
    expiresAtMs: NOW_MS + 1,
    wrappedKeys: { ticket: new Uint8Array(0), grant: new Uint8Array(0), by: new WrappingKey(secretOf('wrapping key')) },
  }
}

const RECEIVER = { session: sessionOf('bob'), key: secretOf("bob's ticket key") }
const SENDER = { session: sessionOf('alice'), key: secretOf("alice's grant key") }

function seal() {
  return sealChat({
    realm: REALM,
    receiver: RECEIVER,
    sender: SENDER,
    instanceId: INSTANCE_ID,
    nonce: NONCE,
    senderAddress: '192.0.2.7',
    nowMs: NOW_MS,
    maxSessionDurationMs: DEFAULT_MAX_SESSION_DURATION_MS,
  })
}

function openBoth({ ticket, grant }: ReturnType<typeof seal>) {
  return {
    ticket: openTicket({ key: RECEIVER.key, realm: REALM, receiverName: 'bob', instanceId: INSTANCE_ID, ticket }),
    grant: openGrant({ key: SENDER.key, realm: REALM, senderName: 'alice', grant }),
  }
}

describe('sealChat', () => {
  it('says to the receiver who calls, and to the sender who is called', () => {
    const sealed = seal()
    expect(sealed.ticket).to.have.length(TICKET_BYTES)
    expect(sealed.grant).to.have.length(GRANT_BYTES)
    const { ticket, grant } = openBoth(sealed)
    expect(ticket).to.deep.include({
      senderName: 'alice',
      senderAddress: '192.0.2.7',
      issuedAtMs: NOW_MS,
      expiresAtMs: NOW_MS + TICKET_LIFETIME_MS,
      maxSessionDurationMs: DEFAULT_MAX_SESSION_DURATION_MS,
    })
    expect(Buffer.compare(ticket.senderIdentityKey, SENDER.session.identityKey)).to.equal(0)
    expect(Buffer.compare(ticket.receiverIdentityKey, RECEIVER.session.identityKey)).to.equal(0)
    expect(grant).to.deep.include({ receiverName: 'bob', expiresAtMs: ticket.expiresAtMs })
    expect(grant.maxSessionDurationMs).to.equal(ticket.maxSessionDurationMs)
    expect(Buffer.compare(grant.receiverIdentityKey, RECEIVER.session.identityKey)).to.equal(0)
    expect(Buffer.compare(grant.receiverSessionId, RECEIVER.session.id)).to.equal(0)
    expect(Buffer.compare(grant.receiverInstanceId, INSTANCE_ID)).to.equal(0)
  })

  it('gives both the same secret, and a grant that answers the request with this ticket', () => {
    const sealed = seal()
    const { ticket, grant } = openBoth(sealed)
    expect(ticket.secret.equals(grant.secret)).to.equal(true)
    expect(Buffer.compare(grant.ticketHash, ticketHash(sealed.ticket))).to.equal(0)
    checkGrant(grant, { nonce: NONCE, ticket: sealed.ticket, receiverName: 'bob', nowMs: NOW_MS })
  })

  it('mints another secret, ticket and id each time', () => {
    const [one, other] = [openBoth(seal()), openBoth(seal())]
    expect(one.ticket.secret.equals(other.ticket.secret)).to.equal(false)
    expect(Buffer.compare(one.ticket.ticketId, other.ticket.ticketId)).to.not.equal(0)
  })

  it('opens for nobody else', () => {
    const { ticket, grant } = seal()
    const context = { realm: REALM, receiverName: 'bob', instanceId: INSTANCE_ID }
    expect(codeOf(() => openTicket({ ...context, key: SENDER.key, ticket }))).to.equal('ERR_TICKET_FORGED')
    expect(codeOf(() => openTicket({ ...context, key: RECEIVER.key, ticket: grant }))).to.equal('ERR_TICKET_FORGED')
    const senderContext = { realm: REALM, senderName: 'alice' }
    expect(codeOf(() => openGrant({ ...senderContext, key: RECEIVER.key, grant }))).to.equal('ERR_GRANT_FORGED')
    expect(codeOf(() => openGrant({ ...senderContext, key: SENDER.key, grant: ticket }))).to.equal('ERR_GRANT_FORGED')
  })
})
