import { expect } from 'chai'
import { bearerHash, deriveSessionKeys } from '#lib/session/session-keys.ts'
import { readVectors, secret } from '../support/own-vectors.ts'
import { hex } from './inputs.ts'

describe('session.json', () => {
  for (const vector of readVectors('session.json').vectors) {
    it(`holds for the token ${vector.session_token.slice(0, 8)}…`, () => {
      const keys = deriveSessionKeys(secret(vector.session_token))
      expect(hex(keys.directoryBearer.reveal())).to.equal(vector.directory_bearer)
      expect(hex(bearerHash(keys.directoryBearer))).to.equal(vector.directory_bearer_hash)
      expect(hex(keys.authBearer.reveal())).to.equal(vector.auth_bearer)
      expect(hex(keys.relayBearer.reveal())).to.equal(vector.relay_bearer)
      expect(hex(keys.ticketKey.reveal())).to.equal(vector.ticket_key)
      expect(hex(keys.grantKey.reveal())).to.equal(vector.grant_key)
    })
  }
})
