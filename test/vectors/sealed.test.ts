import { expect } from 'chai'
import { checkGrant, openGrant, sealGrant } from '#lib/ticket/grant.ts'
import { openTicket, sealTicket } from '#lib/ticket/ticket.ts'
import { comparable } from '../support/arbitrary.ts'
import { bytes, readVector, secret } from '../support/own-vectors.ts'
import { hex } from './inputs.ts'

const ticketVector = readVector('ticket.json')

describe('ticket.json', () => {
  const context = {
    key: secret(ticketVector.ticket_key),
    realm: bytes(ticketVector.realm),
    receiverName: ticketVector.receiver_name,
    instanceId: bytes(ticketVector.instance_id),
  }
  const body = {
    ticketId: bytes(ticketVector.ticket_id),
    issuedAtMs: ticketVector.issued_at_ms,
    expiresAtMs: ticketVector.expires_at_ms,
    maxSessionDurationMs: ticketVector.max_session_duration_ms,
    senderName: ticketVector.sender_name,
    senderIdentityKey: bytes(ticketVector.sender_identity_key),
    senderAddress: ticketVector.sender_address,
    receiverIdentityKey: bytes(ticketVector.receiver_identity_key),
    secret: secret(ticketVector.secret),
  }

  it('seals to the same bytes', () => {
    expect(hex(sealTicket({ ...context, nonce: bytes(ticketVector.nonce), body }))).to.equal(ticketVector.ticket)
  })

  it('opens to the same fields', () => {
    const ticket = openTicket({ ...context, ticket: bytes(ticketVector.ticket) })
    expect(comparable(ticket)).to.deep.equal(comparable(body))
  })
})

describe('grant.json', () => {
  const vector = readVector('grant.json')
  const context = { key: secret(vector.grant_key), realm: bytes(vector.realm), senderName: vector.sender_name }
  const body = {
    nonce: bytes(vector.request_nonce),
    ticketHash: bytes(vector.ticket_hash),
    receiverName: vector.receiver_name,
    receiverSessionId: bytes(vector.receiver_session_id),
    receiverIdentityKey: bytes(vector.receiver_identity_key),
    receiverInstanceId: bytes(vector.receiver_instance_id),
    expiresAtMs: vector.expires_at_ms,
    maxSessionDurationMs: vector.max_session_duration_ms,
    secret: secret(vector.secret),
  }

  it('seals to the same bytes', () => {
    expect(hex(sealGrant({ ...context, nonce: bytes(vector.nonce), body }))).to.equal(vector.grant)
  })

  it('opens to the same fields, and belongs to the ticket of ticket.json', () => {
    const grant = openGrant({ ...context, grant: bytes(vector.grant) })
    expect(comparable(grant)).to.deep.equal(comparable(body))
    checkGrant(grant, {
      nonce: body.nonce,
      ticket: bytes(ticketVector.ticket),
      receiverName: body.receiverName,
      nowMs: body.expiresAtMs,
    })
  })
})
