import { expect } from 'chai'
import { deriveSessionKeys } from '#lib/session/session-keys.ts'
import { encodeState, type ProfileState, parseState } from '../../../clients/profile/state.ts'
import { bytesOf, keyPairOf, secretOf } from '../../support/random.ts'

const STATE: ProfileState = {
  identity: keyPairOf('alice'),
  account: {
    username: 'alice',
    authAddress: 'localhost:1',
    directoryAddress: 'localhost:2',
    authorityPem: 'a certificate',
    clockOffsetMs: 3,
    session: { sessionId: bytesOf('session', 16), keys: deriveSessionKeys(secretOf('token')), expiresAtMs: 4 },
  },
  pins: new Map([
    ['bob', { identityKey: keyPairOf('bob').publicKey, pinnedAtMs: 5, verifiedAtMs: undefined, changedTo: undefined }],
  ]),
  blocked: new Set(['eve']),
  receipts: true,
}

describe('parseState', () => {
  it('reads what was written', () => {
    const { account, pins } = parseState(encodeState(STATE))
    expect(account?.session?.keys.grantKey.equals(deriveSessionKeys(secretOf('token')).grantKey)).to.equal(true)
    expect([...pins.keys()]).to.deep.equal(['bob'])
  })

  it('takes a session whose grants were called replies for none, and keeps all else', () => {
    const before = Buffer.from(encodeState(STATE)).toString().replace('"grantKey"', '"replyKey"')
    const { identity, account, pins, blocked, receipts } = parseState(Buffer.from(before))
    expect(account).to.deep.equal({ ...STATE.account, session: undefined })
    expect(identity.secretKey.equals(STATE.identity.secretKey)).to.equal(true)
    expect(pins).to.deep.equal(
      new Map([['bob', { ...STATE.pins.get('bob'), identityKey: keyPairOf('bob').publicKey }]]),
    )
    expect([blocked, receipts]).to.deep.equal([STATE.blocked, true])
  })
})
