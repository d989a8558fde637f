import { expect } from 'chai'
import { deriveSessionKeys } from '#lib/session/session-keys.ts'
import type { ProfileState } from '../../../clients/profile/state.ts'
import { encodeState, parseState } from '../../../clients/profile/state-form.ts'
import { codeOf } from '../../support/code-of.ts'
import { bytesOf, keyPairOf, secretOf } from '../../support/random.ts'

const STATE: ProfileState = {
  identity: keyPairOf('alice'),
  account: {
    username: 'alice',
    authAddress: 'localhost:1',
    directoryAddress: 'localhost:2',
    relayAddresses: [':5', 'relay.example:443'],
    authorityPem: 'a certificate',
    clockOffsetMs: 3,
    session: { sessionId: bytesOf('session', 16), keys: deriveSessionKeys(secretOf('token')), expiresAtMs: 4 },
  },
  pins: new Map([
    ['bob', { identityKey: keyPairOf('bob').publicKey, pinnedAtMs: 5, verifiedAtMs: undefined, changedTo: undefined }],
  ]),
  blocked: new Set(['eve']),
  receipts: true,
  reach: 'relay',
}

/** The JSON of the state, with a change to what it says of the account. */
function withAccount(change: (account: { [field: string]: unknown; session: Record<string, unknown> }) => unknown) {
  const json = JSON.parse(Buffer.from(encodeState(STATE)).toString())
  const changed = change(json.account)
  return Buffer.from(JSON.stringify({ ...json, account: changed ?? json.account }))
}

describe('encodeState', () => {
  it('writes nothing that could not be read again', () => {
    const { account, pins } = STATE as ProfileState & { account: NonNullable<ProfileState['account']> }
    const session = account.session as NonNullable<typeof account.session>
    const bob = [...pins.values()][0] as NonNullable<ReturnType<typeof pins.get>>
    const broken: Partial<ProfileState>[] = [
      ...[Number.NaN, Number.POSITIVE_INFINITY, 1e300].map((expiresAtMs) => ({
        account: { ...account, session: { ...session, expiresAtMs } },
      })),
      { account: { ...account, clockOffsetMs: Number.NaN } },
      { account: { ...account, session: { ...session, sessionId: bytesOf('short', 15) } } },
      { account: { ...account, directoryAddress: undefined as unknown as string } },
      { pins: new Map([['bob', { ...bob, identityKey: bytesOf('short', 31) }]]) },
      { pins: new Map([['bob', { ...bob, pinnedAtMs: Number.NaN }]]) },
    ]
    for (const change of broken) expect(() => encodeState({ ...STATE, ...change })).to.throw(TypeError)
  })
})

describe('parseState', () => {
  it('reads what was written', () => {
    const { account, pins } = parseState(encodeState(STATE))
    expect(account?.session?.keys.grantKey.equals(deriveSessionKeys(secretOf('token')).grantKey)).to.equal(true)
    expect([...pins.keys()]).to.deep.equal(['bob'])
  })

  const damages: ReadonlyArray<readonly [what: string, content: Uint8Array]> = [
    ['a session without a time', withAccount(({ session }) => void Object.assign(session, { expiresAtMs: null }))],
    [
      'a session that ends when no clock can be',
      withAccount(({ session }) => void Object.assign(session, { expiresAtMs: 1e300 })),
    ],
    ['a session with half a key', withAccount(({ session }) => void Object.assign(session, { grantKey: 'AAAA' }))],
    ['a session that is none', withAccount((account) => ({ ...account, session: 7 }))],
    ['a clock that is no number', withAccount((account) => ({ ...account, clockOffsetMs: null }))],
  ]
  for (const [what, content] of damages) {
    it(`keeps identity, pins and the account of a profile with ${what}: it is signed out`, () => {
      const { identity, account, pins, blocked, isLoginDamaged } = parseState(content)
      expect(identity.secretKey.equals(STATE.identity.secretKey)).to.equal(true)
      expect([account?.username, account?.session, isLoginDamaged]).to.deep.equal(['alice', undefined, true])
      expect([[...pins.keys()], blocked]).to.deep.equal([['bob'], STATE.blocked])
    })
  }

  it('keeps identity and pins where the account as a whole cannot be read', () => {
    const { account, pins, isLoginDamaged } = parseState(withAccount((whole) => ({ ...whole, username: 7 })))
    expect([account, [...pins.keys()], isLoginDamaged]).to.deep.equal([undefined, ['bob'], true])
  })

  it('does not open without a pin: a key that is left out would be trusted anew', () => {
    const broken = Buffer.from(encodeState(STATE)).toString().replace('"pinnedAtMs":5', '"pinnedAtMs":null')
    expect(codeOf(() => parseState(Buffer.from(broken)))).to.equal('ERR_PROFILE_DAMAGED')
  })

  it('takes a session whose grants were called replies for none, and keeps all else', () => {
    const before = Buffer.from(encodeState(STATE)).toString().replace('"grantKey"', '"replyKey"')
    const { identity, account, pins, blocked, receipts } = parseState(Buffer.from(before))
    expect(account).to.deep.equal({ ...STATE.account, session: undefined })
    expect(identity.secretKey.equals(STATE.identity.secretKey)).to.equal(true)
    expect(pins).to.deep.equal(
      // Nor had pins of before a time of their doubt, or of a comparison that failed.
      new Map([['bob', { ...STATE.pins.get('bob'), changedAtMs: undefined, mismatchAtMs: undefined }]]),
    )
    expect([blocked, receipts]).to.deep.equal([STATE.blocked, true])
  })
})
