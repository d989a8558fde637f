import { X509Certificate } from 'node:crypto'
import { expect } from 'chai'
import { Timestamp } from '#gen/google/protobuf/timestamp.ts'
import type {
  BeginSecondFactorResponse,
  GetServerInfoResponse,
  LoginResponse,
  RenewRecoveryCodesResponse,
} from '#gen/sotto/auth/v1/auth_service.ts'
import {
  AnnounceResponse,
  GetPresenceResponse,
  Presence,
  ReplacedAnnouncement,
  type RequestChatResponse,
} from '#gen/sotto/directory/v1/directory_service.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import {
  checkAnnounced,
  checkLogin,
  checkPresence,
  checkRecoveryCodes,
  checkRequestedChat,
  checkSecret,
  checkServerInfo,
  checkStates,
} from '../../../clients/session/answers.ts'
import { codeOf } from '../../support/code-of.ts'
import { EARLIER_AUTHORITY } from '../../support/earlier-authority.ts'

const AUTHORITY_PEM = EARLIER_AUTHORITY['ca.pem']
const AUTHORITY = new X509Certificate(AUTHORITY_PEM).raw
const NOW = new Date('2030-01-01T00:00:00Z')

/** Times that no honest server says: none, what no clock shows, before all clocks, after the last year of a Timestamp. */
const BAD_TIMES = [undefined, new Date(Number.NaN), new Date(8.64e15 + 1), new Date(-1), new Date(Date.UTC(10_000, 0))]

/** Bytes of every length but the right one: none, one too few, one too many, huge. */
const badBytes = (length: number) => [0, length - 1, length + 1, 200_000].map((each) => Buffer.alloc(each, 1))

const RECOVERY_CODES = Array<string>(10).fill('ABCD-EFGH-2345-67QR')
/** One too few, one too many, and what is no code: it would come to a person's terminal. */
const BAD_RECOVERY_CODES = [
  RECOVERY_CODES.slice(1),
  ['', ...RECOVERY_CODES],
  [...RECOVERY_CODES.slice(1), 'ABCD-EFGH-2345-67Q1'],
  [...RECOVERY_CODES.slice(1), '\u001b[2J'],
]

const BAD_ADDRESSES = ['', 'localhost', '192.0.2.256', 'fe80::1%eth0', ` ${'1'.repeat(5)}`, '1'.repeat(100_000)]
const BAD_PORTS = [0, 65_536, 0xffff_ffff]
const endpoint = { address: '192.0.2.7', port: 7100 }

interface Contract<T> {
  readonly name: string
  readonly right: T
  readonly check: (answer: T) => unknown
  /** What is refused, of every field. */
  readonly wrong: { readonly [Field in keyof T]: readonly T[Field][] }
  /** Where it is another code than that of an answer which did not come. */
  readonly codes?: { readonly [Field in keyof T]?: string }
}

const BAD_HOST_PORTS = ['', 'host', 'host:0', 'host:65536', 'a b:1', 'ho\nst:1', `${'a'.repeat(256)}:7002`]

/** So that each table is checked against its own message: a field that is added does not compile until it stands here. */
function contract<T extends object>(each: Contract<T>): Contract<T> {
  return each
}

const CONTRACTS = [
  contract<GetServerInfoResponse>({
    name: 'GetServerInfoResponse',
    right: {
      protocolVersion: 1,
      realm: Buffer.from(realmOf(AUTHORITY_PEM)),
      directoryAddress: ':7002',
      serverTime: NOW,
      authorities: [AUTHORITY],
      relayAddresses: [':7004', 'relay.example:443'],
    },
    check: (answer) => checkServerInfo(answer, { authorityPem: AUTHORITY_PEM }),
    wrong: {
      protocolVersion: [0, 2, 0xffff_ffff],
      realm: [...badBytes(32), Buffer.alloc(32)],
      directoryAddress: BAD_HOST_PORTS,
      relayAddresses: [...BAD_HOST_PORTS.map((address) => [':7004', address]), Array(17).fill(':7004')],
      serverTime: BAD_TIMES,
      authorities: [
        [Buffer.alloc(0)],
        [AUTHORITY.subarray(1)],
        [AUTHORITY, Buffer.alloc(9)],
        Array(66).fill(AUTHORITY),
      ],
    },
    codes: { realm: 'ERR_CA_MISMATCH', authorities: 'ERR_CA_MISMATCH' },
  }),
  contract<LoginResponse>({
    name: 'LoginResponse',
    right: {
      sessionToken: Buffer.alloc(32, 1),
      sessionId: Buffer.alloc(16, 1),
      expiresAt: NOW,
      serverTime: NOW,
      recoveryCodes: [],
    },
    check: checkLogin,
    wrong: {
      sessionToken: badBytes(32),
      sessionId: badBytes(16),
      expiresAt: BAD_TIMES,
      serverTime: BAD_TIMES,
      recoveryCodes: BAD_RECOVERY_CODES,
    },
  }),
  contract<RenewRecoveryCodesResponse>({
    name: 'RenewRecoveryCodesResponse',
    right: { recoveryCodes: RECOVERY_CODES },
    check: ({ recoveryCodes }) => checkRecoveryCodes(recoveryCodes),
    wrong: { recoveryCodes: [[], ...BAD_RECOVERY_CODES] },
  }),
  contract<BeginSecondFactorResponse>({
    name: 'BeginSecondFactorResponse',
    right: { secret: Buffer.alloc(20, 1) },
    check: checkSecret,
    wrong: { secret: badBytes(20) },
  }),
  contract<AnnounceResponse>({
    name: 'AnnounceResponse',
    right: { serverTime: NOW, sessionExpiresAt: NOW, replaced: ReplacedAnnouncement.UNSPECIFIED, refusedEndpoints: [] },
    check: checkAnnounced,
    // A value that is not known counts as none.
    wrong: {
      serverTime: BAD_TIMES,
      sessionExpiresAt: BAD_TIMES,
      replaced: [],
      refusedEndpoints: [new Array(9).fill({})],
    },
  }),
  contract<RequestChatResponse>({
    name: 'RequestChatResponse',
    right: { endpoints: [endpoint], ticket: Buffer.alloc(540, 1), grant: Buffer.alloc(540, 1), relay: undefined },
    check: checkRequestedChat,
    wrong: {
      endpoints: [
        [],
        new Array(9).fill(endpoint),
        new Array(5_000).fill(endpoint),
        ...BAD_ADDRESSES.map((address) => [endpoint, { ...endpoint, address }]),
        ...BAD_PORTS.map((port) => [endpoint, { ...endpoint, port }]),
      ],
      ticket: badBytes(540),
      grant: badBytes(540),
      relay: [
        { address: `${'a'.repeat(258)}:7004`, attendanceId: Buffer.alloc(16) },
        ...badBytes(16).map((attendanceId) => ({ address: ':7004', attendanceId })),
      ],
    },
  }),
] as readonly Contract<object>[]

describe('answers of the services', () => {
  for (const { name, right, check, wrong, codes } of CONTRACTS) {
    it(`takes a ${name} within its limits`, () => {
      expect(() => check(right)).not.to.throw()
    })

    for (const [field, values] of Object.entries(wrong) as [string, readonly unknown[]][]) {
      it(`refuses a ${name} whose ${field} is absent, out of range, of a wrong length or huge`, () => {
        const expected = (codes as Record<string, string> | undefined)?.[field] ?? 'ERR_UNAVAILABLE'
        for (const [n, value] of values.entries()) {
          expect(
            codeOf(() => check({ ...right, [field]: value })),
            `${n}`,
          ).to.equal(expected)
        }
      })
    }
  }

  it('gives nothing but times that a clock can show, whatever a Timestamp holds', () => {
    for (const seconds of [1n << 62n, -(1n << 62n), 253_402_300_800n, -1n]) {
      const answer = AnnounceResponse.decode(withTimestamps(seconds))
      expect(
        codeOf(() => checkAnnounced(answer)),
        `${seconds}`,
      ).to.equal('ERR_UNAVAILABLE')
    }
  })

  it('hears of nobody who was not asked for, and of each once', () => {
    const online = { username: 'bob', presence: Presence.ONLINE }
    const madeUp = ['', 'Bob', 'b\nb', 'b'.repeat(100_000), '__proto__', 'carol'].map((username) => ({
      ...online,
      username,
    }))
    const states = [...madeUp, online, { ...online, presence: 7 as Presence }]
    expect([...checkStates({ states }, ['bob', 'dave'])]).to.deep.equal([['bob', Presence.OFFLINE]])
  })

  it('takes a presence that it does not know for offline', () => {
    for (const presence of [0, 1, 3, -1, 0x7fff_ffff]) {
      const answer = GetPresenceResponse.decode(GetPresenceResponse.encode({ presence: presence as Presence }).finish())
      expect(checkPresence(answer)).to.equal(Presence.OFFLINE)
    }
    expect(checkPresence({ presence: Presence.ONLINE })).to.equal(Presence.ONLINE)
  })
})

/** An AnnounceResponse with one moment in both of its fields. */
function withTimestamps(seconds: bigint): Uint8Array {
  const time = Timestamp.encode({ seconds, nanos: 0 }).finish()
  return Buffer.concat([0x0a, 0x12].flatMap((tag) => [Uint8Array.of(tag, time.length), time]))
}
