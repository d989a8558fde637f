import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import {
  checkAuthenticateRequest,
  checkFindAccountRequest,
  checkLoginRequest,
  checkSealChatsRequest,
  MAX_PASSWORD_BYTES,
} from '../../../services/auth/validation.ts'
import { LOW_ORDER_KEYS } from '../../support/low-order-keys.ts'
import { keyPairOf } from '../../support/random.ts'

const LOGIN = {
  username: 'bob',
  password: 'x',
  identityKey: Buffer.from(keyPairOf('bob').publicKey),
  replaceIdentityKey: false,
  code: '',
}

const CHAT = {
  senderBearer: Buffer.alloc(32),
  receiverSessionId: Buffer.alloc(16),
  receiverInstanceId: Buffer.alloc(16),
  nonce: Buffer.alloc(16),
  senderAddress: '',
  requestId: 'r',
}

/** The fields that a check refuses. */
function refused(check: () => void): string[] {
  try {
    check()
  } catch (error) {
    if (!(error instanceof SottoError)) throw error
    expect(error.code).to.equal('ERR_INVALID_ARGUMENT')
    return error.violations.map(({ field }) => field)
  }
  return []
}

describe('checkLoginRequest', () => {
  it('takes names from 1 to 32 characters of the allowed alphabet', () => {
    for (const username of ['a', '0', 'a.b_c-d', 'z'.repeat(32)]) {
      expect(refused(() => checkLoginRequest({ ...LOGIN, username }))).to.deep.equal([])
    }
    for (const username of ['', 'z'.repeat(33), 'Bob', '.bob', '-bob', 'b b', 'bob\n', 'b\u00f6b', 'bob\0']) {
      expect(
        refused(() => checkLoginRequest({ ...LOGIN, username })),
        username,
      ).to.deep.equal(['username'])
    }
  })

  it('takes passwords from 1 to 1,024 bytes, counted in UTF-8', () => {
    for (const password of ['x', 'x'.repeat(MAX_PASSWORD_BYTES), '\u00f6'.repeat(MAX_PASSWORD_BYTES / 2), '\0']) {
      expect(refused(() => checkLoginRequest({ ...LOGIN, password }))).to.deep.equal([])
    }
    for (const password of ['', 'x'.repeat(MAX_PASSWORD_BYTES + 1), '\u00f6'.repeat(MAX_PASSWORD_BYTES / 2 + 1)]) {
      expect(refused(() => checkLoginRequest({ ...LOGIN, password }))).to.deep.equal(['password'])
    }
  })

  it('refuses identity keys of another length or of low order', () => {
    for (const identityKey of [Buffer.alloc(0), Buffer.alloc(31, 9), Buffer.alloc(33, 9), ...LOW_ORDER_KEYS]) {
      const request = { ...LOGIN, identityKey: Buffer.from(identityKey) }
      expect(refused(() => checkLoginRequest(request))).to.deep.equal(['identity_key'])
    }
  })

  it('names every field that is wrong', () => {
    const request = { ...LOGIN, username: '', password: '', identityKey: Buffer.alloc(0) }
    expect(refused(() => checkLoginRequest(request))).to.deep.equal(['username', 'password', 'identity_key'])
  })
})

describe('checkAuthenticateRequest', () => {
  const [none, bearer] = [Buffer.alloc(0), Buffer.alloc(32)]
  const faults = (directoryBearer: Buffer, relayBearer: Buffer, isRelay: boolean) =>
    refused(() => checkAuthenticateRequest({ directoryBearer, relayBearer }, isRelay))

  it('takes a bearer of 32 bytes, and from each service its own', () => {
    expect(faults(bearer, none, false)).to.deep.equal([])
    expect(faults(none, bearer, true)).to.deep.equal([])
    for (const length of [0, 31, 33]) {
      expect(faults(Buffer.alloc(length), none, false)).to.deep.equal(['directory_bearer'])
      expect(faults(none, Buffer.alloc(length), true)).to.deep.equal(['relay_bearer'])
    }
  })

  it('takes no bearer from the other service, and no two', () => {
    expect(faults(none, bearer, false)).to.deep.equal(['directory_bearer', 'relay_bearer'])
    expect(faults(bearer, none, true)).to.deep.equal(['directory_bearer', 'relay_bearer'])
    expect(faults(bearer, bearer, false)).to.deep.equal(['relay_bearer'])
    expect(faults(bearer, bearer, true)).to.deep.equal(['directory_bearer'])
  })
})

describe('checkFindAccountRequest', () => {
  it('takes a name', () => {
    expect(refused(() => checkFindAccountRequest({ username: 'bob' }))).to.deep.equal([])
    expect(refused(() => checkFindAccountRequest({ username: 'BOB' }))).to.deep.equal(['username'])
  })
})

describe('checkSealChatsRequest', () => {
  it('takes no address, and IPv4 and IPv6 literals up to the longest', () => {
    const longest = '0000:0000:0000:0000:0000:ffff:255.255.255.255'
    expect(longest).to.have.length(45)
    for (const senderAddress of ['', '192.0.2.1', '::1', longest]) {
      expect(refused(() => checkSealChatsRequest({ chats: [{ ...CHAT, senderAddress }] }))).to.deep.equal([])
    }
    for (const senderAddress of ['example.org', '1.2.3', '::1 ', `fe80::1%${'x'.repeat(60)}`, 'fe80::1%\u001b[2J']) {
      const request = { chats: [{ ...CHAT, senderAddress }] }
      expect(
        refused(() => checkSealChatsRequest(request)),
        senderAddress,
      ).to.deep.equal(['chats[0].sender_address'])
    }
  })

  it('names every field that is wrong', () => {
    const bytes = Buffer.alloc(15)
    const chat = { senderBearer: bytes, receiverSessionId: bytes, receiverInstanceId: bytes, nonce: bytes }
    const wrong = { ...chat, senderAddress: 'x', requestId: '' }
    expect(refused(() => checkSealChatsRequest({ chats: [wrong, CHAT, { ...CHAT, nonce: bytes }] }))).to.deep.equal([
      'chats[0].sender_bearer',
      'chats[0].receiver_session_id',
      'chats[0].receiver_instance_id',
      'chats[0].nonce',
      'chats[0].sender_address',
      'chats[0].request_id',
      'chats[2].nonce',
    ])
  })
})
