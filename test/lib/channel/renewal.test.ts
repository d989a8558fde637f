/** What somebody gets who holds the keys of a channel, and lacks what a renewal takes beside. */
import { expect } from 'chai'
import { HelloClear } from '#gen/sotto/peer/v1/handshake.ts'
import type { HelloBytes } from '#lib/channel/hello.ts'
import { acceptRenewal, type RenewalArrival, startRenewal } from '#lib/channel/renewal.ts'
import { codeOf } from '../../support/code-of.ts'
import { converse, hello, NOW_MS } from '../../support/conversation.ts'
import { counting } from '../../support/counting-key-pair.ts'
import { keyPairOf, randomFrom, secretOf } from '../../support/random.ts'
import { ALICE_ENDS, BOB_ENDS, bobsAdmission, issueTicket } from '../../support/renewing-pair.ts'
import { flip, truncations } from '../../support/tamper.ts'

const MALLORY = keyPairOf('identity of mallory')

/** One bit of each byte flipped, another at every place. */
function* flippedBytes(bytes: Uint8Array): Generator<Uint8Array> {
  for (let index = 0; index < bytes.length; index += 1) yield flip(bytes, index * 8 + (index % 8))
}

/** A renewal of one channel, as Bob gets it, with a place to change each piece. */
function arrival(changes: Partial<RenewalArrival> = {}): Omit<RenewalArrival, 'hello'> {
  return {
    ends: BOB_ENDS,
    admission: bobsAdmission(),
    old: OLD,
    nowMs: NOW_MS,
    monotonicMs: 0,
    random: randomFrom('renewal of bob'),
    ...changes,
  }
}

const OLD = converse().alice
const ISSUED = issueTicket('renewal')

const HELLOS = {
  'with a ticket': startOf({ issued: ISSUED }).hello,
  'without a ticket': startOf({ issued: undefined }).hello,
}

function startOf(changes: Partial<Parameters<typeof startRenewal>[0]>) {
  return startRenewal({
    ends: ALICE_ENDS,
    old: OLD,
    issued: ISSUED,
    random: randomFrom('renewal of alice'),
    ...changes,
  })
}

/** With which code Bob refuses a Hello of somebody who holds the channel's keys. */
function refusal(arriving: HelloBytes, changes: Partial<RenewalArrival> = {}): string {
  return codeOf(() => acceptRenewal({ ...arrival(changes), hello: arriving }))
}

describe('acceptRenewal', () => {
  for (const [what, { clear, noiseMessage }] of Object.entries(HELLOS)) {
    it(`refuses a Hello ${what} of which any byte was changed`, () => {
      expect(refusal({ clear, noiseMessage })).to.equal('none')
      for (const changed of flippedBytes(clear)) expect(refusal({ clear: changed, noiseMessage })).to.not.equal('none')
      for (const changed of flippedBytes(noiseMessage)) {
        expect(refusal({ clear, noiseMessage: changed })).to.equal('ERR_DECRYPT')
      }
    }).timeout(20_000)

    it(`refuses a Hello ${what} at every shorter length, without a Diffie-Hellman`, () => {
      const identity = counting(BOB_ENDS.identity)
      const changes = { ends: { ...BOB_ENDS, identity }, admission: { ...bobsAdmission(), identity } }
      for (const cut of truncations(clear)) expect(refusal({ clear: cut, noiseMessage }, changes)).to.not.equal('none')
      for (const cut of truncations(noiseMessage)) {
        const admission = { ...bobsAdmission(), identity }
        expect(refusal({ clear, noiseMessage: cut }, { ...changes, admission })).to.equal('ERR_HELLO_MALFORMED')
      }
      expect(identity.count).to.equal(0)
    })

    it(`refuses a Hello ${what} that was made for another channel of the same two`, () => {
      const other = { handshakeHash: keyPairOf('another channel').publicKey, exportSecret: OLD.exportSecret }
      expect(refusal({ clear, noiseMessage }, { old: other })).to.equal('ERR_DECRYPT')
    })

    it(`refuses a Hello ${what} of somebody who holds the channel and not the identity key`, () => {
      const ends = { ...ALICE_ENDS, identity: MALLORY }
      const stolen = startOf({ ends, issued: what === 'with a ticket' ? ISSUED : undefined })
      expect(refusal(stolen.hello)).to.equal('ERR_TICKET_SENDER')
    })
  }

  it('refuses a ticket that another person was given, before any Diffie-Hellman', () => {
    const identity = counting(BOB_ENDS.identity)
    const admission = { ...bobsAdmission(), identity }
    const ends = { ...BOB_ENDS, identity }
    for (const ticket of [{ senderName: 'mallory' }, { senderIdentityKey: MALLORY.publicKey }]) {
      const { hello: foreign } = startOf({ issued: issueTicket('foreign', { ticket }) })
      expect(refusal(foreign, { ends, admission: { ...admission, ...freshCache() } })).to.equal('ERR_TICKET_SENDER')
    }
    expect(identity.count).to.equal(0)
  })

  it('refuses a ticket that was used, and one that is over its time', () => {
    const admission = bobsAdmission()
    expect(refusal(HELLOS['with a ticket'], { admission })).to.equal('none')
    expect(refusal(HELLOS['with a ticket'], { admission })).to.equal('ERR_TICKET_REPLAYED')
    expect(refusal(HELLOS['with a ticket'], { nowMs: NOW_MS + 181_000 })).to.equal('ERR_TICKET_EXPIRED')
  })

  it('refuses a Hello that began a conversation, and is refused as one', () => {
    expect(refusal(hello().hello)).to.equal('ERR_DECRYPT')
  })

  it('refuses a Hello that names an instance id and no ticket, or a ticket and no instance id', () => {
    const { clear, noiseMessage } = HELLOS['with a ticket']
    const changed = (changes: Partial<HelloClear>): HelloBytes => ({
      clear: HelloClear.encode({ ...HelloClear.decode(clear), ...changes }).finish(),
      noiseMessage,
    })
    expect(refusal(changed({ ticket: Buffer.alloc(0) }))).to.equal('ERR_TICKET_FORGED')
    expect(refusal(changed({ instanceId: Buffer.alloc(0) }))).to.equal('ERR_TICKET_INSTANCE')
    expect(refusal(changed({ version: 2 }))).to.equal('ERR_HELLO_VERSION')
    expect(refusal(changed({ ticket: Buffer.alloc(0), instanceId: Buffer.alloc(0) }))).to.equal('ERR_DECRYPT')
  })
})

describe('startRenewal', () => {
  for (const [what, issued] of [
    ['with a ticket', ISSUED],
    ['without a ticket', undefined],
  ] as const) {
    const { welcome } = acceptRenewal({ ...arrival(), hello: HELLOS[what] })

    it(`completes with the Welcome to its Hello, ${what}, to the same channel`, () => {
      const accepted = acceptRenewal({ ...arrival(), hello: HELLOS[what] })
      const channel = startOf({ issued }).complete(accepted.welcome)
      expect(channel.handshakeHash).to.deep.equal(accepted.channel.handshakeHash)
      expect(channel.exportSecret.equals(accepted.channel.exportSecret)).to.equal(true)
      const first = Buffer.from('the host may speak first')
      expect(channel.open(accepted.channel.seal(first))).to.deep.equal(first)
    })

    it(`refuses a Welcome of which any byte was changed, ${what}`, () => {
      for (const kemCiphertext of flippedBytes(welcome.kemCiphertext)) {
        expect(codeOf(() => startOf({ issued }).complete({ ...welcome, kemCiphertext }))).to.equal('ERR_DECRYPT')
      }
      for (const noiseMessage of flippedBytes(welcome.noiseMessage)) {
        expect(codeOf(() => startOf({ issued }).complete({ ...welcome, noiseMessage }))).to.equal('ERR_DECRYPT')
      }
    }).timeout(20_000)

    it(`refuses a Welcome at every shorter length, ${what}`, () => {
      const cuts = [
        ...[...truncations(welcome.kemCiphertext)].map((kemCiphertext) => ({ ...welcome, kemCiphertext })),
        ...[...truncations(welcome.noiseMessage)].map((noiseMessage) => ({ ...welcome, noiseMessage })),
      ]
      for (const cut of cuts) {
        expect(codeOf(() => startOf({ issued }).complete(cut))).to.equal('ERR_HELLO_MALFORMED')
      }
    }).timeout(20_000)

    it(`refuses a Welcome of somebody who knows the channel and both names, and not the secret: ${what}`, () => {
      const guess = { handshakeHash: OLD.handshakeHash, exportSecret: secretOf('a guess') }
      const admission = bobsAdmission()
      const forged = { ...ISSUED, grant: { ...ISSUED.grant, secret: secretOf('a guess') } }
      const accepted = acceptRenewal({ ...arrival({ admission, old: guess }), hello: HELLOS[what] })
      const started = startOf({ issued: issued && forged })
      expect(codeOf(() => started.complete(accepted.welcome))).to.equal('ERR_DECRYPT')
    })
  }
})

function freshCache() {
  const { replayCache } = bobsAdmission()
  return { replayCache }
}
