import { expect } from 'chai'
import { parseLetterBody } from '#lib/letter/letter-body.ts'
import { admitLetter, openLetter } from '#lib/letter/open-letter.ts'
import { padPayload } from '#lib/letter/payload.ts'
import { prekeyPairFrom } from '#lib/letter/prekey.ts'
import { sealLetter } from '#lib/letter/seal-letter.ts'
import { EMPTY } from '#lib/noise/primitives.ts'
import { checkGrant } from '#lib/ticket/grant.ts'
import { openLetterGrant, sealLetterGrant } from '#lib/ticket/letter-grant.ts'
import { openLetterTicket, sealLetterTicket } from '#lib/ticket/letter-ticket.ts'
import { comparable } from '../support/arbitrary.ts'
import { bytes, keyPair, readVector, readVectors, secret } from '../support/own-vectors.ts'
import { hex } from './inputs.ts'

const ticketVector = readVector('letter-ticket.json')
const grantVector = readVector('letter-grant.json')
const realm = bytes(ticketVector.realm)

describe('letter-ticket.json', () => {
  const context = { key: secret(ticketVector.ticket_key), realm, receiverName: ticketVector.receiver_name }
  const body = {
    ticketId: bytes(ticketVector.ticket_id),
    issuedAtMs: ticketVector.issued_at_ms,
    expiresAtMs: ticketVector.expires_at_ms,
    senderName: ticketVector.sender_name,
    senderIdentityKey: bytes(ticketVector.sender_identity_key),
    receiverIdentityKey: bytes(ticketVector.receiver_identity_key),
    secret: secret(ticketVector.secret),
  }

  it('seals to the same bytes, and opens to the same fields', () => {
    expect(hex(sealLetterTicket({ ...context, nonce: bytes(ticketVector.nonce), body }))).to.equal(ticketVector.ticket)
    const ticket = openLetterTicket({ ...context, ticket: bytes(ticketVector.ticket) })
    expect(comparable(ticket)).to.deep.equal(comparable(body))
  })
})

describe('letter-grant.json', () => {
  const context = { key: secret(grantVector.grant_key), realm, senderName: grantVector.sender_name }
  const body = {
    nonce: bytes(grantVector.request_nonce),
    ticketHash: bytes(grantVector.ticket_hash),
    receiverName: grantVector.receiver_name,
    receiverSessionId: bytes(grantVector.receiver_session_id),
    receiverIdentityKey: bytes(grantVector.receiver_identity_key),
    expiresAtMs: grantVector.expires_at_ms,
    secret: secret(grantVector.secret),
  }

  it('seals to the same bytes, opens to the same fields, and belongs to the ticket of letter-ticket.json', () => {
    expect(hex(sealLetterGrant({ ...context, nonce: bytes(grantVector.nonce), body }))).to.equal(grantVector.grant)
    const grant = openLetterGrant({ ...context, grant: bytes(grantVector.grant) })
    expect(comparable(grant)).to.deep.equal(comparable(body))
    checkGrant(grant, {
      nonce: body.nonce,
      ticket: bytes(ticketVector.ticket),
      receiverName: body.receiverName,
      nowMs: body.expiresAtMs,
    })
  })
})

describe('letter.json', () => {
  const { receiver_name: receiverName } = ticketVector
  const grant = openLetterGrant({
    key: secret(grantVector.grant_key),
    realm,
    senderName: grantVector.sender_name,
    grant: bytes(grantVector.grant),
  })

  for (const vector of readVectors('letter.json').vectors) {
    it(`holds for both ends: ${vector.comment}`, () => {
      const draws = [bytes(vector.second_ephemeral), bytes(vector.ephemeral)]
      const letter = sealLetter({
        identity: keyPair(vector.sender_static),
        ownName: grantVector.sender_name,
        realm,
        grant,
        ticket: bytes(ticketVector.ticket),
        prekey: {
          prekeyId: bytes(vector.prekey_id),
          publicKey: bytes(vector.prekey),
          encapsulationKey: bytes(vector.encapsulation_key),
        },
        body: bytes(vector.body),
        random: () => draws.shift() ?? EMPTY,
        encapsulate: () => ({ ciphertext: bytes(vector.kem_ciphertext), shared: secret(vector.kem_shared) }),
      })
      expect(hex(padPayload(bytes(vector.body)))).to.equal(vector.payload)
      expect(hex(letter)).to.equal(vector.letter)

      const identity = keyPair(vector.receiver_static)
      const admitted = admitLetter(bytes(vector.letter), {
        identity,
        ownName: receiverName,
        realm,
        ticketKeys: [secret(ticketVector.ticket_key)],
        isUsed: () => false,
        findPrekey: () => prekeyPairFrom(secret(vector.prekey_secret)),
        nowMs: ticketVector.expires_at_ms,
      })
      expect(hex(admitted.prekeyId)).to.equal(vector.prekey_id)
      const opened = openLetter(admitted, { identity, ownName: receiverName, realm })
      expect(opened).to.deep.equal(parseLetterBody(bytes(vector.body)))
    })
  }
})
