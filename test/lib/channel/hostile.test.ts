/**
 * Everything that somebody on the wire can do to the first messages of a conversation: a bit of every byte of each of
 * them flipped, with SLOW every bit, and each cut to every shorter length.
 */
import { expect } from 'chai'
import { CloseReason, RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { Channel } from '#lib/channel/channel.ts'
import { CipherState } from '#lib/noise/cipher-state.ts'
import { EMPTY } from '#lib/noise/primitives.ts'
import { Transport } from '#lib/noise/transport.ts'
import { codeOf } from '../../support/code-of.ts'
import { accept, BOB, hello } from '../../support/conversation.ts'
import { counting } from '../../support/counting-key-pair.ts'
import { bytesOf, secretOf } from '../../support/random.ts'
import { flips, flipsOf, flipsOfEachByte, truncations } from '../../support/tamper.ts'

/** How often each code was the answer. */
class Tally {
  readonly codes: Record<string, number> = {}

  add(code: string): void {
    this.codes[code] = (this.codes[code] ?? 0) + 1
  }

  get total(): number {
    return Object.values(this.codes).reduce((sum, count) => sum + count, 0)
  }
}

describe('a Hello changed on its way', () => {
  const { clear, noiseMessage } = hello().hello

  it('is refused, whichever byte of its clear part has a bit flipped', () => {
    const tally = new Tally()
    for (const changed of flipsOfEachByte(clear)) tally.add(codeOf(() => accept({ clear: changed, noiseMessage })))
    expect(tally.codes).to.not.have.property('none')
    expect(tally.total).to.equal(flipsOf(clear))
  }).timeout(20_000)

  it('is refused, whichever bit of its Noise message is flipped', () => {
    const tally = new Tally()
    for (const changed of flips(noiseMessage)) tally.add(codeOf(() => accept({ clear, noiseMessage: changed })))
    expect(tally.codes).to.deep.equal({ ERR_DECRYPT: noiseMessage.length * 8 })
  })

  it('is refused at every shorter length, without a Diffie-Hellman', () => {
    const identity = counting(BOB)
    const tally = new Tally()
    for (const cut of truncations(clear)) tally.add(codeOf(() => accept({ clear: cut, noiseMessage }, { identity })))
    for (const cut of truncations(noiseMessage))
      tally.add(codeOf(() => accept({ clear, noiseMessage: cut }, { identity })))
    expect(tally.codes).to.not.have.property('none')
    expect(tally.total).to.equal(clear.length + noiseMessage.length)
    expect(identity.count).to.equal(0)
  })
})

describe('a Welcome changed on its way', () => {
  const { welcome } = accept(hello().hello)

  it('is refused, whichever byte of its ML-KEM ciphertext has a bit flipped', () => {
    const tally = new Tally()
    for (const kemCiphertext of flipsOfEachByte(welcome.kemCiphertext)) {
      const started = hello()
      tally.add(codeOf(() => started.complete({ ...welcome, kemCiphertext })))
    }
    expect(tally.codes).to.deep.equal({ ERR_DECRYPT: flipsOf(welcome.kemCiphertext) })
  }).timeout(30_000)

  it('is refused, whichever bit of its Noise message is flipped', () => {
    const tally = new Tally()
    for (const noiseMessage of flips(welcome.noiseMessage)) {
      const started = hello()
      tally.add(codeOf(() => started.complete({ ...welcome, noiseMessage })))
    }
    expect(tally.codes).to.deep.equal({ ERR_DECRYPT: welcome.noiseMessage.length * 8 })
  })

  it('is refused at every shorter length', () => {
    const tally = new Tally()
    for (const kemCiphertext of truncations(welcome.kemCiphertext)) {
      const started = hello()
      tally.add(codeOf(() => started.complete({ ...welcome, kemCiphertext })))
    }
    for (const noiseMessage of truncations(welcome.noiseMessage)) {
      const started = hello()
      tally.add(codeOf(() => started.complete({ ...welcome, noiseMessage })))
    }
    const total = welcome.kemCiphertext.length + welcome.noiseMessage.length
    expect(tally.codes).to.deep.equal({ ERR_HELLO_MALFORMED: total })
  })
})

describe('one of the first three records, changed on its way', () => {
  const bodies = [
    RecordBody.fromPartial({ control: { $case: 'resume', value: { streamId: Buffer.from(bytesOf('stream', 16)) } } }),
    RecordBody.fromPartial({
      firstSequence: 1n,
      events: [
        {
          eventId: Buffer.from(bytesOf('event', 16)),
          writtenAt: new Date(0),
          kind: { $case: 'text', value: { body: Buffer.from('hello, bob') } },
        },
      ],
    }),
    RecordBody.fromPartial({ control: { $case: 'close', value: { reason: CloseReason.DONE, lastSequence: 1n } } }),
  ].map((body) => RecordBody.encode(body).finish())

  /** Both ends of one channel, the same each time: cheaper than a handshake, and as good a target. */
  function channels(): { alice: Channel; bob: Channel } {
    const cipher = (label: string): CipherState => {
      const state = new CipherState()
      state.initializeKey(bytesOf(label, 32))
      return state
    }
    const end = (send: string, receive: string): Transport =>
      new Transport({
        send: cipher(send),
        receive: cipher(receive),
        handshakeHash: bytesOf('h', 32),
        exportSecret: secretOf('exported'),
      })
    return {
      alice: new Channel(end('there', 'back'), { isConfirmed: true }),
      bob: new Channel(end('back', 'there'), { isConfirmed: false }),
    }
  }

  const { alice } = channels()
  const records = bodies.map((body) => alice.seal(body))

  /** What Bob says to the bytes that come in place of a record, and to the right ones after them. */
  function attack(place: number, changed: Uint8Array): string[] {
    const { bob } = channels()
    for (const [index, record] of records.slice(0, place).entries())
      expect(bob.open(record)).to.deep.equal(bodies[index])
    const first = codeOf(() => bob.open(changed))
    const after = codeOf(() => bob.open(records[place] ?? EMPTY))
    if (place === 0) expect(() => bob.seal(EMPTY)).to.throw(TypeError)
    return [first, after]
  }

  for (const [place, record] of records.entries()) {
    it(`ends the channel, whichever bit of record ${place + 1} is flipped`, () => {
      const tally = new Tally()
      for (const changed of flips(record)) for (const code of attack(place, changed)) tally.add(code)
      expect(tally.codes).to.deep.equal({ ERR_DECRYPT: record.length * 8 * 2 })
    })

    it(`ends the channel at every shorter length of record ${place + 1}`, () => {
      const tally = new Tally()
      for (const cut of truncations(record)) for (const code of attack(place, cut)) tally.add(code)
      expect(tally.codes).to.deep.equal({ ERR_RECORD_SIZE: 16 * 2, ERR_DECRYPT: (record.length - 16) * 2 })
    })
  }

  it('ends the channel when a record is dropped, repeated, exchanged with another or sent back', () => {
    const [first = EMPTY, second = EMPTY, third = EMPTY] = records
    const orders = [[second], [first, third], [first, first], [first, second, first], [second, first, third]]
    for (const order of orders) {
      const { bob } = channels()
      const codes = order.map((record) => codeOf(() => bob.open(record)))
      expect(codes.at(-1)).to.equal('ERR_DECRYPT')
    }
    const fresh = channels().alice
    expect(codeOf(() => fresh.open(first))).to.equal('ERR_DECRYPT')
  })
})
