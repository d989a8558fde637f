import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import {
  DirectoryServiceService,
  EndpointRefusal,
  LetterRefusal,
  Presence,
  type RefusedEndpoint,
  type RequestChatResponse,
  type WantedLetter,
  type WantedLetterResult,
} from '#gen/sotto/directory/v1/directory_service.ts'
import { SottoError } from '#lib/errors.ts'
import { SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import { type RpcServer, serve, startServer } from '#lib/rpc/server.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import { deriveSessionKeys } from '#lib/session/session-keys.ts'
import { type Grant, sealGrant } from '#lib/ticket/grant.ts'
import { type LetterGrant, sealLetterGrant } from '#lib/ticket/letter-grant.ts'
import { LETTER_LIFETIME_MS } from '#lib/ticket/letter-ticket.ts'
import { TICKET_BYTES, TICKET_LIFETIME_MS, ticketHash } from '#lib/ticket/ticket.ts'
import { DirectoryClient } from '../../../clients/session/directory-client.ts'
import { ServerClock } from '../../../clients/session/server-clock.ts'
import { bytesOf, secretOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { flip } from '../../support/tamper.ts'
import { tamperings } from '../../support/tampered-message.ts'
import { type TestAuthority, testAuthority } from '../../support/test-authority.ts'
import { testLog } from '../../support/test-log.ts'

const KEYS = deriveSessionKeys(secretOf('session of alice'))
const NEVER = new AbortController().signal
const TICKET = bytesOf('ticket', TICKET_BYTES)

/** A client of a directory that says what a test wants it to say. */
describe('DirectoryClient', () => {
  let authority: TestAuthority
  let server: RpcServer
  let client: DirectoryClient
  /** What RequestChat answers with, given the nonce of the request. */
  let answer: (nonce: Uint8Array) => RequestChatResponse
  /** How each announcement goes, in order: an error to end with. */
  let announcements: SottoError[]
  /** What RequestLetters answers with. */
  let letterResults: (letters: readonly WantedLetter[]) => WantedLetterResult[]
  /** What the first ones are refused with. */
  let refusals: SottoError[]
  let announced: number
  /** What the first ones answer with for a time. */
  let serverTimes: Date[]
  /** Of each announcement. */
  let refusedEndpoints: RefusedEndpoint[]
  let isSessionOver: boolean

  before(async () => {
    authority = await testAuthority()
  })
  after(() => authority[Symbol.asyncDispose]())

  beforeEach(async () => {
    announcements = []
    refusals = []
    refusedEndpoints = []
    announced = 0
    serverTimes = []
    isSessionOver = false
    server = await startServer({
      services: [
        serve(DirectoryServiceService, {
          getPresence: async () => {
            const refusal = refusals.shift()
            if (refusal !== undefined) throw refusal
            if (isSessionOver) throw new SottoError('ERR_SESSION_ENDED', 'over')
            return { presence: Presence.OFFLINE }
          },
          listUsers: async () => ({ users: [], nextPageToken: '' }),
          requestChat: async ({ nonce }) => answer(nonce),
          requestLetters: async ({ letters }) => ({ results: letterResults(letters) }),
          announce: async function* () {
            const refusal = refusals.shift()
            if (refusal !== undefined) throw refusal
            announced += 1
            const serverTime = serverTimes.shift() ?? new Date()
            yield { serverTime, sessionExpiresAt: new Date(0), replaced: 0, refusedEndpoints }
            throw announcements.shift() ?? new SottoError('ERR_ANNOUNCE_REPLACED', 'replaced')
          },
          watchPresence: async function* () {},
        }),
      ],
      host: '127.0.0.1',
      port: 0,
      security: { certificate: await authority.leaf('directory.sotto') },
      limits: SERVICE_LIMITS,
      log: testLog().log,
    })
    client = new DirectoryClient({
      account: {
        username: 'alice',
        authAddress: '127.0.0.1:1',
        directoryAddress: `127.0.0.1:${server.port}`,
        relayAddresses: [],
        authorityPem: authority.authorityPem,
        clockOffsetMs: 0,
        session: undefined,
        profileName: 'work',
      },
      session: { sessionId: randomBytes(16), keys: KEYS, expiresAtMs: 0 },
      clock,
      trace: undefined,
    })
  })
  afterEach(async () => {
    client.close()
    await server.stop(0)
  })

  const clock = new ServerClock(systemClock, 0)

  /** A grant as Auth would seal it, but for the changes. */
  function sealed(nonce: Uint8Array, changes: Partial<Grant> = {}, key = KEYS.grantKey, senderName = 'alice'): Buffer {
    const body: Grant = {
      nonce,
      ticketHash: ticketHash(TICKET),
      receiverName: 'bob',
      receiverSessionId: bytesOf('session', 16),
      receiverIdentityKey: bytesOf('bob', 32),
      receiverInstanceId: bytesOf('instance id', 16),
      expiresAtMs: clock.nowMs() + TICKET_LIFETIME_MS,
      maxSessionDurationMs: 1_000_000,
      secret: secretOf('chat'),
      ...changes,
    }
    return Buffer.from(
      sealGrant({ key, realm: realmOf(authority.authorityPem), senderName, nonce: randomBytes(12), body }),
    )
  }

  const respond = (grant: Uint8Array): RequestChatResponse => ({
    endpoints: [{ address: '192.0.2.7', port: 7100 }],
    ticket: Buffer.from(TICKET),
    grant: Buffer.from(grant),
  })

  describe('requestChat', () => {
    it('gives what Auth sealed for this request', async () => {
      answer = (nonce) => respond(sealed(nonce))
      const { endpoints, grant } = await client.requestChat('bob', NEVER)
      expect(endpoints).to.deep.equal([{ address: '192.0.2.7', port: 7100 }])
      expect(grant.receiverName).to.equal('bob')
    })

    it('gives loopback where the directory is at loopback itself', async () => {
      const endpoints = ['127.0.0.1', '::1', '192.0.2.7'].map((address) => ({ address, port: 7100 }))
      answer = (nonce) => ({ ...respond(sealed(nonce)), endpoints })
      expect((await client.requestChat('bob', NEVER)).endpoints).to.deep.equal(endpoints)
    })

    const lies: ReadonlyArray<readonly [what: string, code: string, lie: (nonce: Uint8Array) => RequestChatResponse]> =
      [
        ['an old grant', 'ERR_GRANT_NONCE', () => respond(sealed(bytesOf('an old nonce', 16)))],
        [
          'a grant with another ticket',
          'ERR_GRANT_TICKET',
          (nonce) => respond(sealed(nonce, { ticketHash: bytesOf('other', 32) })),
        ],
        [
          'a grant for another receiver',
          'ERR_GRANT_RECEIVER',
          (nonce) => respond(sealed(nonce, { receiverName: 'mallory' })),
        ],
        [
          'a grant for another sender',
          'ERR_GRANT_FORGED',
          (nonce) => respond(sealed(nonce, {}, KEYS.grantKey, 'carol')),
        ],
        ['a grant under another key', 'ERR_GRANT_FORGED', (nonce) => respond(sealed(nonce, {}, secretOf('guessed')))],
        ['a grant that was changed', 'ERR_GRANT_FORGED', (nonce) => respond(flip(sealed(nonce), 1_000))],
        ['a grant that was cut off', 'ERR_UNAVAILABLE', (nonce) => respond(sealed(nonce).subarray(1))],
        ['no grant', 'ERR_UNAVAILABLE', () => respond(new Uint8Array(0))],
        [
          'a ticket that was changed',
          'ERR_GRANT_TICKET',
          (nonce) => ({ ...respond(sealed(nonce)), ticket: Buffer.from(flip(TICKET, 0)) }),
        ],
      ]
    for (const [what, code, lie] of lies) {
      it(`refuses ${what}`, async () => {
        answer = lie
        expect((await rejection(client.requestChat('bob', NEVER))).code).to.equal(code)
      })
    }

    it('asks for the time before it takes a grant for too old', async () => {
      answer = (nonce) => respond(sealed(nonce, { expiresAtMs: clock.nowMs() - 3_600_000 }))
      // Nobody answers where Auth should be.
      expect((await rejection(client.requestChat('bob', NEVER))).code).to.equal('ERR_UNAVAILABLE')
    })
  })

  describe('requestLetters', () => {
    /** What Auth would seal for one, but for the changes. */
    function granted({ username, nonce }: WantedLetter, changes: Partial<LetterGrant> = {}): WantedLetterResult {
      const ticket = Buffer.from(bytesOf(`ticket for ${username}`, TICKET_BYTES))
      const body: LetterGrant = {
        nonce,
        ticketHash: ticketHash(ticket),
        receiverName: username,
        receiverSessionId: bytesOf(`session of ${username}`, 16),
        receiverIdentityKey: bytesOf(username, 32),
        expiresAtMs: clock.nowMs() + LETTER_LIFETIME_MS,
        secret: secretOf(`letter to ${username}`),
        ...changes,
      }
      const realm = realmOf(authority.authorityPem)
      const sealed = sealLetterGrant({ key: KEYS.grantKey, realm, senderName: 'alice', nonce: randomBytes(12), body })
      return { result: { $case: 'granted', value: { ticket, grant: Buffer.from(sealed) } } }
    }
    const refusal = (value: LetterRefusal): WantedLetterResult => ({ result: { $case: 'refusal', value } })
    const NAMES = ['bob', 'carol', 'dave']
    /** What comes of it: the receiver of each grant, or the code of what is wrong with it. */
    const request = async (names = NAMES) => {
      const requested = await client.requestLetters(names, NEVER)
      return requested.map((each) => (each instanceof SottoError ? each.code : each.grant.receiverName))
    }

    it('gives each its own, and says of each why there is none', async () => {
      letterResults = (letters) => letters.map((letter) => granted(letter))
      expect(await request()).to.deep.equal(NAMES)
      const { NO_SUCH_USER, NO_MAILBOX, WITH_SELF, UNSPECIFIED } = LetterRefusal
      letterResults = ([, bob]) => [
        ...[refusal(NO_SUCH_USER), granted(bob as WantedLetter), refusal(NO_MAILBOX), refusal(WITH_SELF)],
        ...[refusal(UNSPECIFIED), refusal(77 as LetterRefusal), { result: undefined }],
      ]
      expect(await request(['a', 'bob', 'c', 'd', 'e', 'f', 'g'])).to.deep.equal([
        ...['ERR_NO_SUCH_USER', 'bob', 'ERR_NO_MAILBOX', 'ERR_CHAT_WITH_SELF'],
        ...['ERR_INTERNAL', 'ERR_INTERNAL', 'ERR_INTERNAL'],
      ])
    })

    it('takes no grant for another than it was asked for, whoever swaps them', async () => {
      letterResults = (letters) => letters.map((letter) => granted(letter)).reverse()
      expect(await request()).to.deep.equal(['ERR_GRANT_NONCE', 'carol', 'ERR_GRANT_NONCE'])
      // A directory that asks Auth for other people than it was asked for.
      letterResults = (letters) =>
        letters.map((letter, index) => granted({ ...letter, username: letters.at(index - 1)?.username ?? '' }))
      expect(await request()).to.deep.equal(NAMES.map(() => 'ERR_GRANT_RECEIVER'))
      // The right grants, with the tickets of others.
      letterResults = (letters) => {
        const results = letters.map((letter) => granted(letter))
        const tickets = results.map(({ result }) => result?.$case === 'granted' && result.value.ticket)
        return results.map(({ result }, index) => {
          const ticket = tickets.at(index - 1)
          if (result?.$case !== 'granted' || !ticket) throw new Error('nothing to swap')
          return { result: { $case: 'granted', value: { ...result.value, ticket } } }
        })
      }
      expect(await request()).to.deep.equal(NAMES.map(() => 'ERR_GRANT_TICKET'))
    })

    it('takes an old grant, or one that is cut off, for none, and the others as they are', async () => {
      letterResults = ([bob, carol, dave]) => {
        const cut = granted(carol as WantedLetter)
        if (cut.result?.$case === 'granted') cut.result.value.grant = cut.result.value.grant.subarray(1)
        return [
          granted(bob as WantedLetter, { nonce: bytesOf('an old nonce', 16) }),
          cut,
          granted(dave as WantedLetter),
        ]
      }
      expect(await request()).to.deep.equal(['ERR_GRANT_NONCE', 'ERR_UNAVAILABLE', 'dave'])
    })

    it('takes no answer that has not one result for each', async () => {
      for (const count of [0, 2, 4]) {
        letterResults = ([bob]) => Array.from({ length: count }, () => granted(bob as WantedLetter))
        expect((await rejection(request())).code).to.equal('ERR_UNAVAILABLE')
      }
    })

    it('takes what is hostile in any byte for a refusal, or for an answer that breaks its contract', async () => {
      const { requestLetters } = DirectoryServiceService
      const nonce = Buffer.from(bytesOf('a nonce', 16))
      const results = [granted({ username: 'bob', nonce }), refusal(LetterRefusal.NO_MAILBOX)]
      for (const { bytes } of tamperings(
        requestLetters.responseSerialize({ results }),
        process.env['SEED'] ?? 'seed',
      )) {
        try {
          const answer = requestLetters.responseDeserialize(bytes)
          letterResults = () => answer.results
        } catch {
          continue
        }
        const codes = await request(['bob', 'carol']).catch((error: SottoError) => [error.code])
        for (const code of codes) expect(code).to.match(/^ERR_(GRANT|NO_|INTERNAL|UNAVAILABLE|CHAT_WITH_SELF)/)
      }
    })
  })

  it('asks again as late as the directory wants where it has asked too often, and gives up after a few', async () => {
    const busy = () => new SottoError('ERR_BUSY', 'too many calls', { retryAfterMs: 700 })
    refusals = [busy()]
    const startedMs = performance.now()
    expect(await client.getPresence('bob', NEVER)).to.equal(Presence.OFFLINE)
    expect(performance.now() - startedMs).to.be.at.least(700)
    refusals = Array.from({ length: 3 }, () => new SottoError('ERR_BUSY', 'too many calls', { retryAfterMs: 1 }))
    expect((await rejection(client.getPresence('bob', NEVER))).code).to.equal('ERR_BUSY')
  })

  it('says how to sign in again when the session has ended', async () => {
    isSessionOver = true
    const { code, hint } = await rejection(client.getPresence('bob', NEVER))
    expect([code, hint]).to.deep.equal(['ERR_SESSION_ENDED', 'sign in again with: sotto login alice --profile work'])
  })

  describe('announce', () => {
    const announce = (changes: object = {}) =>
      client.announce({
        endpoints: () => [{ address: '192.0.2.7', port: 7100 }],
        instanceId: bytesOf('instance id', 16),
        signal: NEVER,
        onOnline: () => {},
        onOffline: () => {},
        ...changes,
      })

    it('announces again when the link breaks, and tells', async () => {
      announcements = [new SottoError('ERR_UNAVAILABLE', 'stopping')]
      const told: string[] = []
      const onOnline = () => told.push('online')
      const onOffline = ({ code }: SottoError) => told.push(code)
      expect((await rejection(announce({ onOnline, onOffline }))).code).to.equal('ERR_ANNOUNCE_REPLACED')
      expect(told).to.deep.equal(['online', 'ERR_UNAVAILABLE', 'online'])
      expect(announced).to.equal(2)
    })

    it('tells which endpoints stand, and which do not', async () => {
      const offered = [
        { address: '192.0.2.7', port: 7100 },
        { address: '192.168.1.7', port: 7100 },
      ]
      const { NOT_YOURS } = EndpointRefusal
      const nobodys = { address: '203.0.113.1', port: 1 }
      refusedEndpoints = [
        { endpoint: offered[0], reason: NOT_YOURS },
        { endpoint: nobodys, reason: NOT_YOURS },
      ]
      const told: (readonly object[])[] = []
      const listen = (about: readonly object[]) => told.push(about)
      await rejection(announce({ endpoints: () => offered, onOnline: listen, onRefused: listen }))
      expect(told).to.deep.equal([[offered[1]], refusedEndpoints])
    })

    it('says of each endpoint why the directory tells nobody of it', async () => {
      const violations = [{ field: 'endpoints[0]', description: 'is a public address' }]
      refusals = [new SottoError('ERR_ENDPOINTS_REFUSED', 'none left', { violations })]
      const { code, message, hint } = await rejection(announce())
      expect([code, message]).to.deep.equal([
        'ERR_ENDPOINTS_REFUSED',
        'the directory tells others of none of your addresses; 192.0.2.7:7100 is a public address',
      ])
      expect(hint).to.include('SOTTO_DIRECTORY_ENDPOINTS')
    })

    it('is tried again where all endpoints are refused of somebody who was online', async () => {
      announcements = [new SottoError('ERR_UNAVAILABLE', 'stopping')]
      const told: string[] = []
      const onOnline = () => {
        if (told.length === 0) refusals = [new SottoError('ERR_ENDPOINTS_REFUSED', 'none left')]
        told.push('online')
      }
      await rejection(announce({ onOnline, onOffline: ({ code }: SottoError) => told.push(code) }))
      expect(told).to.deep.equal(['online', 'ERR_UNAVAILABLE', 'online'])
    })

    it('is not tried again before the directory wants it', async () => {
      refusals = [new SottoError('ERR_UNAVAILABLE', 'away', { retryAfterMs: 1_200 })]
      const startedMs = performance.now()
      await rejection(announce({ startsOffline: true }))
      expect(performance.now() - startedMs).to.be.at.least(1_200)
    })

    it('ends where the services are away at first, unless it starts offline: then it tells that once', async () => {
      const away = new SottoError('ERR_UNAVAILABLE', 'away')
      refusals = [away]
      expect((await rejection(announce())).code).to.equal('ERR_UNAVAILABLE')
      refusals = [away, away]
      const told: string[] = []
      const onOnline = () => told.push('online')
      const onOffline = ({ code }: SottoError) => told.push(code)
      const end = await rejection(announce({ onOnline, onOffline, startsOffline: true }))
      expect([end.code, told]).to.deep.equal(['ERR_ANNOUNCE_REPLACED', ['ERR_UNAVAILABLE', 'online']])
    })

    it('says how to sign in again when it was replaced, and prefers that the session has ended', async () => {
      const replaced = await rejection(announce())
      expect([replaced.code, replaced.hint]).to.deep.equal([
        'ERR_ANNOUNCE_REPLACED',
        'one of yours is online at a time, and the newest is: leave that one and start this again to take it back; if no other is yours, see whether this one still signs in: sotto login alice --profile work',
      ])
      isSessionOver = true
      const ended = await rejection(announce())
      expect(ended.code).to.equal('ERR_SESSION_ENDED')
      expect(ended.hint).to.match(/^if that is not you, .*: sotto login alice --profile work$/)
    })

    it('ends for good when it was replaced, or the session has ended', async () => {
      for (const code of ['ERR_ANNOUNCE_REPLACED', 'ERR_SESSION_ENDED'] as const) {
        announced = 0
        announcements = [new SottoError(code, 'over')]
        expect((await rejection(announce())).code).to.equal(code)
        expect(announced).to.equal(1)
      }
    })

    it('believes no time that no clock shows: the announcement does not stand, and the clock stays', async () => {
      serverTimes = [new Date(Date.UTC(20_000, 0)), new Date(-1)]
      const told: string[] = []
      const onOnline = () => told.push(`online, ${Math.abs(clock.nowMs() - Date.now()) < 5_000}`)
      const onOffline = ({ code }: SottoError) => told.push(code)
      await rejection(announce({ onOnline, onOffline, startsOffline: true }))
      expect(told).to.deep.equal(['ERR_UNAVAILABLE', 'online, true'])
    })
  })
})
