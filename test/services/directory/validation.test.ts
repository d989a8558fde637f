import { expect } from 'chai'
import { isSottoError } from '#lib/errors.ts'
import { INSTANCE_ID_BYTES } from '#lib/protocol.ts'
import { REQUEST_NONCE_BYTES } from '#lib/ticket/grant.ts'
import {
  checkAnnounceRequest,
  checkGetPresenceRequest,
  checkRequestChatRequest,
  checkRequestLettersRequest,
  MAX_ENDPOINTS,
} from '../../../services/directory/validation.ts'

const endpoint = { address: '192.0.2.7', port: 4000 }
const instanceId = Buffer.alloc(INSTANCE_ID_BYTES)
const nonce = Buffer.alloc(REQUEST_NONCE_BYTES)

/** The fields that the check complains of; empty if it passes. */
function faultsOf(check: () => void): string[] {
  try {
    check()
    return []
  } catch (error) {
    if (!isSottoError(error, 'ERR_INVALID_ARGUMENT')) throw error
    return error.violations.map(({ field }) => field)
  }
}

describe('checkAnnounceRequest', () => {
  it('accepts one endpoint, and as many as are allowed', () => {
    for (const count of [1, MAX_ENDPOINTS]) {
      expect(
        faultsOf(() => checkAnnounceRequest({ endpoints: Array(count).fill(endpoint), instanceId })),
      ).to.deep.equal([])
    }
  })

  it('refuses none, and one too many', () => {
    for (const count of [0, MAX_ENDPOINTS + 1]) {
      const faults = faultsOf(() => checkAnnounceRequest({ endpoints: Array(count).fill(endpoint), instanceId }))
      expect(faults).to.deep.equal(['endpoints'])
    }
  })

  const relay = { address: ':7004', attendanceId: Buffer.alloc(16) }

  it('accepts no endpoint where a relay is named', () => {
    for (const address of [':7004', 'relay.example:443', '[2001:db8::7]:7004', `${'a'.repeat(256)}:65535`]) {
      const request = { endpoints: [], instanceId, relay: { ...relay, address } }
      expect(faultsOf(() => checkAnnounceRequest(request))).to.deep.equal([])
    }
  })

  for (const address of ['', '7004', 'relay.example', 're lay:1', 're\u001blay:1', `${'a'.repeat(257)}:65535`]) {
    it(`refuses a relay at ${JSON.stringify(address.slice(-20))}`, () => {
      const request = { endpoints: [endpoint], instanceId, relay: { ...relay, address } }
      expect(faultsOf(() => checkAnnounceRequest(request))).to.deep.equal(['relay.address'])
    })
  }

  it('refuses an attendance id one byte shorter or longer', () => {
    for (const bytes of [0, 15, 17]) {
      const request = { endpoints: [], instanceId, relay: { ...relay, attendanceId: Buffer.alloc(bytes) } }
      expect(faultsOf(() => checkAnnounceRequest(request))).to.deep.equal(['relay.attendance_id'])
    }
  })

  it('names a thousand bad endpoints no more often than eight may be sent', () => {
    const endpoints = Array(1000).fill({ address: '', port: 4000 })
    expect(faultsOf(() => checkAnnounceRequest({ endpoints, instanceId }))).to.have.length(1 + MAX_ENDPOINTS)
  })

  for (const address of ['127.0.0.1', '::1', '2001:db8::7', 'abcd:abcd:abcd:abcd:abcd:abcd:255.255.255.255']) {
    it(`accepts the address ${address}`, () => {
      expect(faultsOf(() => checkAnnounceRequest({ endpoints: [{ address, port: 4000 }], instanceId }))).to.deep.equal(
        [],
      )
    })
  }

  const noLiterals = ['', 'localhost', 'bob.example', '192.0.2', '[::1]', 'fe80::1%eth0', '192.0.2.7:80', ' ::1']
  const nobodys = ['0.0.0.0', '0.1.2.3', '224.0.0.1', '239.9.9.9', '255.255.255.255', '240.0.0.1', '::', 'ff02::1']
  const disguised = ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8']
  for (const address of [...noLiterals, ...nobodys, ...disguised]) {
    it(`refuses the address ${JSON.stringify(address)}`, () => {
      const faults = faultsOf(() => checkAnnounceRequest({ endpoints: [{ address, port: 4000 }], instanceId }))
      expect(faults).to.deep.equal(['endpoints[0].address'])
    })
  }

  it('accepts the first port and the last, and refuses what lies beyond', () => {
    const faults = [1_024, 65_535, 1_023, 22, 0, 65_536, 2 ** 32 - 1].map((port) =>
      faultsOf(() => checkAnnounceRequest({ endpoints: [{ ...endpoint, port }], instanceId })),
    )
    const refused = ['endpoints[0].port']
    expect(faults).to.deep.equal([[], [], refused, refused, refused, refused, refused])
  })

  it('names every field at fault at once', () => {
    const endpoints = [endpoint, { address: 'x', port: 0 }]
    expect(
      faultsOf(() => checkAnnounceRequest({ endpoints, instanceId: Buffer.alloc(INSTANCE_ID_BYTES + 1) })),
    ).to.deep.equal(['endpoints[1].address', 'endpoints[1].port', 'instance_id'])
  })
})

describe('checkGetPresenceRequest', () => {
  it('accepts names of 1 and of 32 characters', () => {
    for (const username of ['a', '0', 'a'.repeat(32), 'a.b_c-d']) {
      expect(faultsOf(() => checkGetPresenceRequest({ username }))).to.deep.equal([])
    }
  })

  it('refuses every other name', () => {
    for (const username of ['', 'a'.repeat(33), 'Alice', '.a', '-a', '_a', 'a b', 'a\n', 'ä', 'a/b']) {
      expect(
        faultsOf(() => checkGetPresenceRequest({ username })),
        JSON.stringify(username),
      ).to.deep.equal(['username'])
    }
  })
})

describe('checkRequestChatRequest', () => {
  it('accepts a name and a nonce', () => {
    expect(faultsOf(() => checkRequestChatRequest({ username: 'bob', nonce, hideAddress: false }))).to.deep.equal([])
  })

  it('refuses a nonce one byte shorter or longer', () => {
    for (const bytes of [0, REQUEST_NONCE_BYTES - 1, REQUEST_NONCE_BYTES + 1]) {
      const faults = faultsOf(() =>
        checkRequestChatRequest({ username: 'bob', nonce: Buffer.alloc(bytes), hideAddress: false }),
      )
      expect(faults).to.deep.equal(['nonce'])
    }
  })

  it('names both fields at fault at once', () => {
    const faults = faultsOf(() =>
      checkRequestChatRequest({ username: 'Bob', nonce: Buffer.alloc(0), hideAddress: false }),
    )
    expect(faults).to.deep.equal(['username', 'nonce'])
  })
})

describe('checkRequestLettersRequest', () => {
  const letters = (count: number) => Array.from({ length: count }, () => ({ username: 'bob', nonce }))

  it('accepts 1 to 32 letters', () => {
    for (const count of [1, 32])
      expect(faultsOf(() => checkRequestLettersRequest({ letters: letters(count) }))).to.deep.equal([])
    for (const count of [0, 33]) {
      expect(faultsOf(() => checkRequestLettersRequest({ letters: letters(count) }))).to.deep.equal(['letters'])
    }
  })

  it('names all that are wrong, and looks at no more than are allowed', () => {
    const wrong = { username: 'Bob', nonce: Buffer.alloc(17) }
    const mixed = { letters: [wrong, ...letters(1), wrong] }
    const faults = ['letters[0, 2].username', 'letters[0, 2].nonce']
    expect(faultsOf(() => checkRequestLettersRequest(mixed))).to.deep.equal(faults)
    const beyond = { letters: [...letters(32), wrong] }
    expect(faultsOf(() => checkRequestLettersRequest(beyond))).to.deep.equal(['letters'])
  })
})
