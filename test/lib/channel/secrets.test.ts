/** Nothing of the core gives its secrets away to whoever prints it. */
import { inspect } from 'node:util'
import { expect } from 'chai'
import { pino } from 'pino'
import { kemKeyPairFrom } from '#lib/channel/kem.ts'
import { startRenewal } from '#lib/channel/renewal.ts'
import { CipherState } from '#lib/noise/cipher-state.ts'
import { Initiator, Responder } from '#lib/noise/handshake.ts'
import { SymmetricState } from '#lib/noise/symmetric-state.ts'
import { Secret } from '#lib/secret.ts'
import { deriveSessionKeys } from '#lib/session/session-keys.ts'
import { ReplayCache } from '#lib/ticket/replay-cache.ts'
import {
  accept,
  BOB,
  BOB_CONTEXT,
  converse,
  grantBody,
  hello,
  sealedTicket,
  ticketBody,
} from '../../support/conversation.ts'
import { bytesOf, keyPairOf, randomFrom, secretOf } from '../../support/random.ts'
import { ALICE_ENDS, issueTicket, RenewingPair } from '../../support/renewing-pair.ts'

const KEY = bytesOf('a key', 32)
const cipher = new CipherState()
cipher.initializeKey(KEY)
const symmetric = new SymmetricState('Noise_IKpsk2_25519_AESGCM_SHA256')
symmetric.mixKey(KEY)
const [s, e] = [keyPairOf('static'), keyPairOf('ephemeral')]
const started = hello()
const { alice } = converse()
const sessionKeys = deriveSessionKeys(secretOf('token'))
const kemSeed = bytesOf('seed', 64)

const renewing = new RenewingPair()
renewing.renew()

const OBJECTS: Record<string, unknown> = {
  KeyPair: s,
  CipherState: cipher,
  SymmetricState: symmetric,
  Initiator: new Initiator(KEY, { s, e, rs: BOB.publicKey }),
  Responder: new Responder(KEY, s),
  SessionKeys: sessionKeys,
  Ticket: ticketBody(),
  TicketContext: BOB_CONTEXT,
  Grant: grantBody(sealedTicket()),
  ReplayCache: new ReplayCache(),
  KemKeyPair: kemKeyPairFrom(Secret.of(kemSeed)),
  StartedConversation: started,
  AcceptedHello: accept(started.hello),
  Channel: alice,
  RenewingChannel: renewing.alice.channel,
  IssuedTicket: issueTicket('ticket'),
  StartedRenewal: startRenewal({ ends: ALICE_ENDS, old: alice, issued: undefined, random: randomFrom('renewal') }),
}

const SECRETS = [
  KEY,
  kemSeed,
  ...[
    s.secretKey,
    e.secretKey,
    BOB.secretKey,
    BOB_CONTEXT.key,
    ticketBody().secret,
    alice.exportSecret,
    issueTicket('ticket').grant.secret,
  ],
  ...Object.values(sessionKeys),
].map((secret) => (secret instanceof Secret ? secret.reveal() : secret))

/** Every way in which bytes are commonly printed; of lists, the beginning. */
function printed(secret: Uint8Array): string[] {
  const bytes = Buffer.from(secret)
  const encodings = ['hex', 'base64', 'base64url', 'latin1'] as const
  const first = [...bytes.subarray(0, 8)]
  const asObject = first.map((byte, index) => `"${index}":${byte}`).join(',')
  return [...encodings.map((encoding) => bytes.toString(encoding)), first.join(','), first.join(', '), asObject]
}

function logged(value: unknown): string {
  const lines: string[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) })
  log.trace({ value }, 'nested')
  log.trace(value as object, 'bare')
  log.trace({}, 'formatted %o %j', value as object, value as object)
  return lines.join('')
}

describe('the objects of the core', () => {
  for (const [name, value] of Object.entries(OBJECTS)) {
    it(`print no secret: ${name}`, () => {
      const output = [
        logged(value),
        JSON.stringify(value),
        inspect(value, { depth: 10, showHidden: true }),
        String(value),
      ].join()
      const ways = SECRETS.flatMap(printed)
      expect(ways.filter((way) => output.includes(way))).to.deep.equal([])
    })
  }

  it('are searched by a search that finds', () => {
    for (const careless of [KEY, Buffer.from(KEY), Uint8Array.from(KEY), Buffer.from(KEY).toString('base64')]) {
      expect(printed(KEY).some((way) => logged({ careless }).includes(way))).to.equal(true)
    }
  })
})
