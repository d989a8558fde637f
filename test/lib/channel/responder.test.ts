import { expect } from 'chai'
import { HelloClear } from '#gen/sotto/peer/v1/handshake.ts'
import { MAX_CLEAR_BYTES } from '#lib/channel/hello.ts'
import { prologueOf } from '#lib/channel/prologue.ts'
import type { HelloArrival } from '#lib/channel/responder.ts'
import { Initiator } from '#lib/noise/handshake.ts'
import { EMPTY } from '#lib/noise/primitives.ts'
import { CLOCK_SKEW_MS } from '#lib/protocol.ts'
import { ReplayCache } from '#lib/ticket/replay-cache.ts'
import { TICKET_LIFETIME_MS, type Ticket } from '#lib/ticket/ticket.ts'
import { codeOf } from '../../support/code-of.ts'
import { ALICE, accept, BOB, type BOB_CONTEXT, hello, NOW_MS, REALM, sealedTicket } from '../../support/conversation.ts'
import { counting } from '../../support/counting-key-pair.ts'
import { LOW_ORDER_KEYS } from '../../support/low-order-keys.ts'
import { bytesOf, keyPairOf, randomFrom, secretOf } from '../../support/random.ts'
import { insideLargerBuffer } from '../../support/tamper.ts'

const CAROL = keyPairOf('identity of carol')

/** A Hello by somebody whose program does not do as ours does: any clear part, and a Noise message that fits it. */
function forgedHello(changes: Partial<HelloClear>, identity = ALICE): HelloArrival['hello'] {
  const honest = HelloClear.decode(hello().hello.clear)
  const clear = HelloClear.encode({ ...honest, ...changes }).finish()
  const prologue = prologueOf({ realm: REALM, senderName: 'alice', receiverName: 'bob', clear })
  const handshake = new Initiator(prologue, { s: identity, e: keyPairOf('e'), rs: BOB.publicKey })
  return { clear, noiseMessage: handshake.writeMessage1(EMPTY) }
}

const withTicket = (changes: Partial<Ticket>, context: Partial<typeof BOB_CONTEXT> = {}): HelloArrival['hello'] =>
  hello({ ticket: sealedTicket(changes, context) }).hello

/** What it costs Bob to judge a Hello: the code, Diffie-Hellmans with his key, and random bytes drawn. */
function judge(arriving: HelloArrival['hello'], changes: Partial<HelloArrival> = {}) {
  const identity = counting(BOB)
  let drawn = 0
  const random = (length: number): Uint8Array => {
    drawn += length
    return randomFrom('bob')(length)
  }
  const code = codeOf(() => accept(arriving, { identity, random, ...changes }))
  return { code, diffieHellmans: identity.count, drawn }
}

const free = (code: string) => ({ code, diffieHellmans: 0, drawn: 0 })

describe('acceptHello', () => {
  it('takes an honest Hello: two Diffie-Hellmans with its key, one fresh ephemeral key', () => {
    expect(judge(hello().hello)).to.deep.equal({ code: 'none', diffieHellmans: 2, drawn: 32 })
  })

  it('says who calls, in the words of the ticket', () => {
    const { ticket } = accept(hello().hello)
    expect(ticket.senderName).to.equal('alice')
    expect(ticket.senderIdentityKey).to.deep.equal(ALICE.publicKey)
    expect(ticket.senderAddress).to.equal('192.0.2.7')
  })

  it('reads a Hello out of the middle of a larger buffer', () => {
    const { clear, noiseMessage } = hello().hello
    const arriving = { clear: insideLargerBuffer(clear), noiseMessage: insideLargerBuffer(noiseMessage) }
    expect(judge(arriving).code).to.equal('none')
  })

  it('takes a Hello with fields of a later minor change, and binds them too', () => {
    const { clear } = hello().hello
    const longer = Buffer.concat([clear, Buffer.from('fa01026869', 'hex')])
    const prologue = prologueOf({ realm: REALM, senderName: 'alice', receiverName: 'bob', clear: longer })
    const handshake = new Initiator(prologue, { s: ALICE, e: keyPairOf('e'), rs: BOB.publicKey })
    const noiseMessage = handshake.writeMessage1(EMPTY)
    expect(judge({ clear: longer, noiseMessage }).code).to.equal('none')
    expect(judge({ clear, noiseMessage }).code).to.equal('ERR_DECRYPT')
  })
})

describe('acceptHello, before any Diffie-Hellman,', () => {
  const lastMs = NOW_MS + TICKET_LIFETIME_MS + CLOCK_SKEW_MS

  it('refuses a clear part that cannot be read', () => {
    for (const clear of [Buffer.from('not a message'), new Uint8Array(MAX_CLEAR_BYTES + 1)]) {
      expect(judge({ ...hello().hello, clear })).to.deep.equal(free('ERR_HELLO_MALFORMED'))
    }
  })

  it('refuses a Hello for another start of this receiver', () => {
    const instanceId = bytesOf('instance id after a restart', 16)
    expect(judge(hello().hello, { instanceId })).to.deep.equal(free('ERR_TICKET_INSTANCE'))
    expect(judge(forgedHello({ instanceId: Buffer.alloc(0) }))).to.deep.equal(free('ERR_TICKET_INSTANCE'))
  })

  it('refuses a ticket of another start under the instance id of this one', () => {
    const ticket = Buffer.from(sealedTicket({}, { instanceId: bytesOf('instance id before', 16) }))
    expect(judge(forgedHello({ ticket }))).to.deep.equal(free('ERR_TICKET_FORGED'))
  })

  it('refuses a forged ticket', () => {
    expect(judge(withTicket({}, { key: secretOf('not the key') }))).to.deep.equal(free('ERR_TICKET_FORGED'))
    expect(judge(forgedHello({ ticket: Buffer.alloc(0) }))).to.deep.equal(free('ERR_TICKET_FORGED'))
  })

  it('refuses a ticket for another receiver', () => {
    expect(judge(withTicket({}, { receiverName: 'carol' }))).to.deep.equal(free('ERR_TICKET_FORGED'))
    expect(judge(withTicket({ receiverIdentityKey: CAROL.publicKey }))).to.deep.equal(free('ERR_TICKET_RECEIVER'))
  })

  it('refuses another version and another suite', () => {
    expect(judge(forgedHello({ version: 2 }))).to.deep.equal(free('ERR_HELLO_VERSION'))
    expect(judge(forgedHello({ version: 0 }))).to.deep.equal(free('ERR_HELLO_VERSION'))
    expect(judge(forgedHello({ suite: 2 }))).to.deep.equal(free('ERR_HELLO_VERSION'))
  })

  it('refuses parts of another length', () => {
    const { clear, noiseMessage } = hello().hello
    expect(judge(forgedHello({ encapsulationKey: Buffer.alloc(1183) }))).to.deep.equal(free('ERR_HELLO_MALFORMED'))
    expect(judge({ clear, noiseMessage: noiseMessage.subarray(1) })).to.deep.equal(free('ERR_HELLO_MALFORMED'))
    const longer = Buffer.concat([noiseMessage, Buffer.alloc(1)])
    expect(judge({ clear, noiseMessage: longer })).to.deep.equal(free('ERR_HELLO_MALFORMED'))
  })

  it('refuses a call from itself', () => {
    expect(judge(withTicket({ senderName: 'bob' }))).to.deep.equal(free('ERR_CHAT_WITH_SELF'))
    expect(judge(withTicket({ senderIdentityKey: BOB.publicKey }))).to.deep.equal(free('ERR_CHAT_WITH_SELF'))
  })

  it('refuses a ticket that is over its time by a second beyond the skew, and takes it until then', () => {
    expect(judge(hello().hello, { nowMs: lastMs }).code).to.equal('none')
    expect(judge(hello().hello, { nowMs: lastMs + 1_000 })).to.deep.equal(free('ERR_TICKET_EXPIRED'))
  })

  it('refuses a ticket from the future', () => {
    const nowMs = NOW_MS - CLOCK_SKEW_MS - 1
    expect(judge(hello().hello, { nowMs })).to.deep.equal(free('ERR_TICKET_FUTURE'))
  })

  it('refuses a ticket that was used, with the same Hello or another', () => {
    const replayCache = new ReplayCache()
    expect(judge(hello().hello, { replayCache }).code).to.equal('none')
    expect(judge(hello().hello, { replayCache })).to.deep.equal(free('ERR_TICKET_REPLAYED'))
    const another = hello({ random: randomFrom('another attempt') }).hello
    expect(judge(another, { replayCache })).to.deep.equal(free('ERR_TICKET_REPLAYED'))
  })

  it('refuses a ticket that it could not remember', () => {
    expect(judge(hello().hello, { replayCache: new ReplayCache(0) })).to.deep.equal(free('ERR_TICKET_CACHE_FULL'))
  })

  it('reports the first of several faults, in the order of the protocol', () => {
    const stale = sealedTicket({
      receiverIdentityKey: CAROL.publicKey,
      senderName: 'bob',
      issuedAtMs: NOW_MS - 1e6,
      expiresAtMs: NOW_MS - 9e5,
    })
    const sealed = Buffer.from(stale)
    const forged = Buffer.from(sealedTicket({}, { key: secretOf('not the key') }))
    const short = Buffer.alloc(3)
    const faults: [Partial<HelloClear>, string][] = [
      [{ instanceId: Buffer.alloc(16), ticket: forged, version: 2, encapsulationKey: short }, 'ERR_TICKET_INSTANCE'],
      [{ ticket: forged, version: 2, encapsulationKey: short }, 'ERR_TICKET_FORGED'],
      [{ ticket: sealed, version: 2, encapsulationKey: short }, 'ERR_HELLO_VERSION'],
      [{ ticket: sealed, encapsulationKey: short }, 'ERR_HELLO_MALFORMED'],
      [{ ticket: sealed }, 'ERR_TICKET_RECEIVER'],
    ]
    for (const [changes, code] of faults) expect(judge(forgedHello(changes))).to.deep.equal(free(code))
  })
})

describe('acceptHello, in the handshake,', () => {
  it('refuses a caller whose key is not the ticket’s', () => {
    expect(judge(forgedHello({}, CAROL)).code).to.equal('ERR_TICKET_SENDER')
    expect(judge(withTicket({ senderIdentityKey: CAROL.publicKey })).code).to.equal('ERR_TICKET_SENDER')
  })

  it('refuses a Hello that was made under another name or in another realm', () => {
    expect(judge(hello({ ownName: 'alicia' }).hello).code).to.equal('ERR_DECRYPT')
    expect(judge(hello({ realm: bytesOf('another realm', 32) }).hello).code).to.equal('ERR_DECRYPT')
    expect(judge(hello({ grant: { receiverName: 'bobby' } }).hello).code).to.equal('ERR_DECRYPT')
  })

  it('refuses a Hello for another identity key', () => {
    expect(judge(hello({ grant: { receiverIdentityKey: CAROL.publicKey } }).hello).code).to.equal('ERR_DECRYPT')
  })

  it('refuses an ephemeral key of low order', () => {
    const { clear, noiseMessage } = hello().hello
    for (const key of LOW_ORDER_KEYS) {
      const changed = Buffer.concat([key, noiseMessage.subarray(32)])
      expect(judge({ clear, noiseMessage: changed }).code).to.equal('ERR_LOW_ORDER_KEY')
    }
  })

  it('refuses a static key of low order', () => {
    for (const key of LOW_ORDER_KEYS) {
      // A caller who encrypts such a key as its own; it cannot do the last Diffie-Hellman, and need not.
      const s = { ...ALICE, publicKey: key, dh: (publicKey: Uint8Array) => ALICE.dh(publicKey) }
      expect(judge(forgedHello({}, s)).code).to.equal('ERR_LOW_ORDER_KEY')
    }
  })

  it('refuses an encapsulation key that is none', () => {
    expect(judge(forgedHello({ encapsulationKey: Buffer.alloc(1184, 0xff) })).code).to.equal('ERR_HELLO_MALFORMED')
  })

  it('spends the ticket even if the handshake fails', () => {
    const replayCache = new ReplayCache()
    expect(judge(forgedHello({}, CAROL), { replayCache }).code).to.equal('ERR_TICKET_SENDER')
    expect(judge(hello().hello, { replayCache })).to.deep.equal(free('ERR_TICKET_REPLAYED'))
  })
})
