/** What those get who hold a part of what the handshake takes: a ticket, a key, a whole profile, a recording. */
import { expect } from 'chai'
import { HelloClear } from '#gen/sotto/peer/v1/handshake.ts'
import { KEM_SEED_BYTES, kemKeyPairFrom } from '#lib/channel/kem.ts'
import { prologueOf } from '#lib/channel/prologue.ts'
import { derivePsk } from '#lib/channel/psk.ts'
import { Initiator } from '#lib/noise/handshake.ts'
import { DH_BYTES, EMPTY, keyPairFrom } from '#lib/noise/primitives.ts'
import { Secret } from '#lib/secret.ts'
import { codeOf } from '../../support/code-of.ts'
import { ALICE, accept, BOB, BOB_CONTEXT, hello, REALM, sealedTicket } from '../../support/conversation.ts'
import { keyPairOf, randomFrom, secretOf } from '../../support/random.ts'

const MALLORY = keyPairOf('identity of mallory')

describe('a ticket alone', () => {
  it('calls nobody: the receiver wants the identity key that it names', () => {
    const stolen = hello({ identity: MALLORY })
    expect(codeOf(() => accept(stolen.hello))).to.equal('ERR_TICKET_SENDER')
  })

  it('tells nothing to anybody but the receiver', () => {
    const ticketKey = secretOf('ticket key of mallory')
    expect(codeOf(() => accept(hello().hello, { ticketKey }))).to.equal('ERR_TICKET_FORGED')
  })
})

describe('the identity key of the sender', () => {
  it('calls nobody without the secret, though it has a ticket too', () => {
    const thief = hello({ grant: { secret: secretOf('a guess') } })
    const { welcome, channel } = accept(thief.hello)
    expect(codeOf(() => thief.complete(welcome))).to.equal('ERR_DECRYPT')
    expect(() => channel.seal(Buffer.from('for alice'))).to.throw(TypeError)
  })
})

describe('the identity key of the receiver', () => {
  it('is called by nobody: it opens no ticket without the session', () => {
    const ticketKey = secretOf('ticket key of mallory')
    expect(codeOf(() => accept(hello().hello, { ticketKey }))).to.equal('ERR_TICKET_FORGED')
  })

  it('answers for nobody: a caller notices that the secret is not known', () => {
    const started = hello()
    // He cannot open the ticket, so he answers as if it had held a secret of his choice.
    const guess = sealedTicket({ secret: secretOf('a guess') })
    const { welcome } = accept(hello({ ticket: guess }).hello)
    expect(codeOf(() => started.complete(welcome))).to.equal('ERR_DECRYPT')
  })
})

describe('everything that both profiles hold, the secret of the conversation included,', () => {
  it('opens no conversation that is over: its ephemeral keys are gone', () => {
    const started = hello()
    const record = started.complete(accept(started.hello).welcome).seal(Buffer.from('said before the theft'))
    // The thief takes the recorded Hello in Bob's place, with all that Bob had, and needs an ephemeral key of his own.
    const thief = accept(started.hello, { random: randomFrom('ephemeral key of the thief') })
    expect(thief.ticket.secret.equals(secretOf('secret of the conversation'))).to.equal(true)
    expect(codeOf(() => thief.channel.open(record))).to.equal('ERR_DECRYPT')
  })

  it('finds no two conversations alike', () => {
    const hashes = [1, 2, 3].map((number) => {
      const started = hello({ random: randomFrom(`start ${number}`) })
      const { channel } = accept(started.hello)
      return [Buffer.from(channel.handshakeHash).toString('hex'), channel.exportSecret.fingerprint()]
    })
    expect(new Set(hashes.flat()).size).to.equal(6)
  })
})

describe('every X25519 key of both ends, as a quantum computer may find them in a recording,', () => {
  const random = randomFrom('random of alice')
  const started = hello({ random: randomFrom('random of alice') })
  const { welcome } = accept(started.hello)
  const { clear } = started.hello
  const { ticket, encapsulationKey } = HelloClear.decode(clear)
  const e = keyPairFrom(Secret.of(random(DH_BYTES)))
  const kemShared = kemKeyPairFrom(Secret.of(random(KEM_SEED_BYTES))).decapsulate(welcome.kemCiphertext)

  /** Go through the handshake again, as Alice, up to the first tag that the psk is in. */
  function readAgain(secret: Secret, kemShared: Secret): string {
    const pair = { senderName: 'alice', receiverName: 'bob', senderIdentityKey: ALICE.publicKey }
    const names = { ...pair, receiverIdentityKey: BOB.publicKey }
    const psk = derivePsk({
      ...names,
      secret,
      ticket,
      kemShared,
      encapsulationKey,
      kemCiphertext: welcome.kemCiphertext,
    })
    const again = new Initiator(prologueOf({ realm: REALM, ...names, clear }), { s: ALICE, e, rs: BOB.publicKey })
    expect(Buffer.from(again.writeMessage1(EMPTY))).to.deep.equal(started.hello.noiseMessage)
    return codeOf(() => again.readMessage2(welcome.noiseMessage, psk))
  }

  it('open nothing without both the secret of the conversation and the one of ML-KEM', () => {
    const secret = secretOf('secret of the conversation')
    expect(readAgain(secret, secretOf('a guess'))).to.equal('ERR_DECRYPT')
    expect(readAgain(secretOf('a guess'), kemShared)).to.equal('ERR_DECRYPT')
    expect(readAgain(secret, kemShared)).to.equal('none')
  })
})

describe('a Hello of less than the protocol', () => {
  const changed = (changes: Partial<HelloClear>): Uint8Array =>
    HelloClear.encode({ ...HelloClear.decode(hello().hello.clear), ...changes }).finish()
  const { noiseMessage } = hello().hello

  it('is refused: another version, another suite, no ML-KEM', () => {
    const refusals = [{ version: 0 }, { version: 2 }, { suite: 0 }, { suite: 2 }, { encapsulationKey: Buffer.alloc(0) }]
    const codes = refusals.map((change) => codeOf(() => accept({ clear: changed(change), noiseMessage })))
    expect(codes).to.deep.equal([...Array(4).fill('ERR_HELLO_VERSION'), 'ERR_HELLO_MALFORMED'])
  })

  it('cannot be made of an honest one on its way', () => {
    const other = HelloClear.decode(hello({ random: randomFrom('another') }).hello.clear)
    const clear = changed({ encapsulationKey: other.encapsulationKey })
    expect(codeOf(() => accept({ clear, noiseMessage }))).to.equal('ERR_DECRYPT')
  })

  it('is bound to the instance id that it names, and to no field that can be left out', () => {
    for (const missing of [{ instanceId: Buffer.alloc(0) }, { ticket: Buffer.alloc(0) }]) {
      expect(codeOf(() => accept({ clear: changed(missing), noiseMessage }))).to.match(/^ERR_TICKET_(INSTANCE|FORGED)$/)
    }
    expect(HelloClear.decode(hello().hello.clear).instanceId).to.deep.equal(Buffer.from(BOB_CONTEXT.instanceId))
  })
})
