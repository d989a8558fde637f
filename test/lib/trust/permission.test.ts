import { expect } from 'chai'
import {
  type ContactPolicy,
  conversationRefusal,
  ReceivePermission,
  WritePermission,
  writeRefusal,
} from '#lib/trust/permission.ts'
import { codeOf } from '../../support/code-of.ts'
import { bytesOf } from '../../support/random.ts'

const KEY = bytesOf('the pinned key', 32)
const OTHER = bytesOf('another key', 32)
const pinned = { identityKey: KEY, changedTo: undefined }

const policy = (changes: Partial<ContactPolicy> = {}): ContactPolicy => ({
  name: 'bob',
  isBlocked: false,
  pin: pinned,
  ...changes,
})

describe('WritePermission', () => {
  it('is given for the pinned key, and before there is one for whichever comes first', () => {
    expect(WritePermission.of(policy()).identityKey).to.deep.equal(KEY)
    expect(WritePermission.of(policy({ pin: undefined })).identityKey).to.equal(undefined)
  })

  it('is refused for who is blocked, and while another key is in doubt', () => {
    const changed = policy({ pin: { identityKey: KEY, changedTo: OTHER } })
    expect(codeOf(() => WritePermission.of(policy({ isBlocked: true })))).to.equal('ERR_BLOCKED')
    expect(codeOf(() => WritePermission.of(changed))).to.equal('ERR_KEY_CHANGED')
    expect([writeRefusal(policy()), writeRefusal(changed)?.code]).to.deep.equal([undefined, 'ERR_KEY_CHANGED'])
  })

  it('is refused after a comparison that failed, as receiving is, whatever else is known', () => {
    const mismatch = policy({ pin: { ...pinned, changedTo: OTHER, mismatchAtMs: 0 } })
    expect(codeOf(() => WritePermission.of(mismatch))).to.equal('ERR_KEY_MISMATCH')
    for (const key of [KEY, OTHER]) {
      expect(codeOf(() => ReceivePermission.of(mismatch, key))).to.equal('ERR_KEY_MISMATCH')
    }
    expect(conversationRefusal(mismatch)?.code).to.equal('ERR_KEY_MISMATCH')
    expect(conversationRefusal(policy({ pin: { ...pinned, changedTo: OTHER } }))).to.equal(undefined)
  })

  it('is good for its name and its key alone', () => {
    const permission = WritePermission.of(policy())
    permission.check('bob', KEY)
    permission.check('bob', undefined)
    expect(codeOf(() => permission.check('bob', OTHER))).to.equal('ERR_KEY_CHANGED')
    expect(() => permission.check('carol', KEY)).to.throw(TypeError)
  })
})

describe('ReceivePermission', () => {
  it('is given to the pinned key alone, though another is in doubt', () => {
    const pin = { identityKey: KEY, changedTo: OTHER }
    expect(ReceivePermission.of(policy({ pin }), KEY).name).to.equal('bob')
    expect(codeOf(() => ReceivePermission.of(policy({ pin }), OTHER))).to.equal('ERR_KEY_CHANGED')
    expect(codeOf(() => ReceivePermission.of(policy({ pin: undefined }), KEY))).to.equal('ERR_KEY_CHANGED')
    expect(codeOf(() => ReceivePermission.of(policy({ isBlocked: true }), KEY))).to.equal('ERR_BLOCKED')
  })

  it('is good for its name and its key alone', () => {
    const permission = ReceivePermission.of(policy(), KEY)
    permission.check('bob', KEY)
    expect(() => permission.check('bob', OTHER)).to.throw(TypeError)
    expect(() => permission.check('carol', KEY)).to.throw(TypeError)
  })
})
