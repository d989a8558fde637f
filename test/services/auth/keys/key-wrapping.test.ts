import { expect } from 'chai'
import { TOTP_SECRET_BYTES } from '#lib/second-factor.ts'
import { Secret } from '#lib/secret.ts'
import { WRAPPED_KEY_BYTES, type WrappedKeyPlace, WrappingKey } from '../../../../services/auth/keys/key-wrapping.ts'
import { codeOf } from '../../../support/code-of.ts'
import { bytesOf, secretOf } from '../../../support/random.ts'

describe('WrappingKey', () => {
  const wrappingKey = new WrappingKey(secretOf('wrapping key'))
  const key = secretOf('a ticket key')
  const place = {
    accountId: bytesOf('account', 16),
    sessionId: bytesOf('session', 16),
    purpose: 'ticket',
  } as const

  it('opens what it wrapped, in its place', () => {
    const wrapped = wrappingKey.wrap(key, place)
    expect(wrapped).to.have.length(WRAPPED_KEY_BYTES)
    expect(wrappingKey.unwrap(wrapped, place).equals(key)).to.equal(true)
  })

  it("opens the secret of an account's second factor, and for no other account", () => {
    const secret = Secret.of(bytesOf('secret', TOTP_SECRET_BYTES))
    const { accountId } = place
    const wrapped = wrappingKey.wrap(secret, { accountId, purpose: 'second factor' })
    expect(wrappingKey.unwrap(wrapped, { accountId, purpose: 'second factor' }).equals(secret)).to.equal(true)
    const other: WrappedKeyPlace = { accountId: bytesOf('another account', 16), purpose: 'second factor' }
    expect(codeOf(() => wrappingKey.unwrap(wrapped, other))).to.equal('ERR_STORE')
  })

  it('wraps differently each time', () => {
    expect(wrappingKey.wrap(key, place)).to.not.deep.equal(wrappingKey.wrap(key, place))
  })

  it('does not open it for another account, session or purpose, or under another key', () => {
    const wrapped = wrappingKey.wrap(key, place)
    const elsewhere: WrappedKeyPlace[] = [
      { ...place, accountId: bytesOf('another account', 16) },
      { ...place, sessionId: bytesOf('another session', 16) },
      { ...place, purpose: 'grant' },
      { ...place, accountId: place.sessionId, sessionId: place.accountId },
      { accountId: place.accountId, purpose: 'second factor' },
    ]
    for (const other of elsewhere) expect(codeOf(() => wrappingKey.unwrap(wrapped, other))).to.equal('ERR_STORE')
    const otherKey = new WrappingKey(secretOf('another wrapping key'))
    expect(codeOf(() => otherKey.unwrap(wrapped, place))).to.equal('ERR_STORE')
    expect(otherKey.id).to.not.deep.equal(wrappingKey.id)
  })

  it('does not open it with any byte changed, or of any other length', () => {
    const wrapped = wrappingKey.wrap(key, place)
    for (let index = 0; index < wrapped.length; index += 1) {
      const changed = Uint8Array.from(wrapped, (byte, at) => (at === index ? byte ^ 1 : byte))
      expect(codeOf(() => wrappingKey.unwrap(changed, place))).to.equal('ERR_STORE')
      expect(codeOf(() => wrappingKey.unwrap(wrapped.subarray(0, index), place))).to.equal('ERR_STORE')
    }
    expect(codeOf(() => wrappingKey.unwrap(Buffer.concat([wrapped, Buffer.of(0)]), place))).to.equal('ERR_STORE')
  })
})
