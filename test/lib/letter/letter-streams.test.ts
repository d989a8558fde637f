import { expect } from 'chai'
import fc from 'fast-check'
import { RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { IncomingStream } from '#lib/delivery/incoming-stream.ts'
import { OutgoingStream } from '#lib/delivery/outgoing-stream.ts'
import { type KeptStreams, StreamPair } from '#lib/delivery/stream-pair.ts'
import { LETTER_ROOM_BYTES, parseLetterBody } from '#lib/letter/letter-body.ts'
import { type LetterNews, leftBehind, readLetter, writeLetter } from '#lib/letter/letter-streams.ts'
import { assertProperty } from '../../support/property.ts'
import { bytesOf } from '../../support/random.ts'
import { outgoingText, textsOf } from '../../support/stores.ts'

const idOf = (label: string): Uint8Array => bytesOf(`stream ${label}`, 16)
const pairOf = (label: string): StreamPair => new StreamPair(idOf(label))

/** Say texts. */
function say(streams: StreamPair, ...texts: string[]): void {
  for (const text of texts) streams.outgoing.append(outgoingText(text))
}

/** Post all that was not, a letter for each turn of this, and mark it as said. */
function post(streams: StreamPair, posted = streams.outgoing.acknowledged): Uint8Array {
  const { body, through } = writeLetter(streams, posted)
  streams.outgoing.markSaid(through)
  return body
}

/** Read a letter, and store what it brings. */
function read(streams: StreamPair, letter: Uint8Array): LetterNews {
  const news = readLetter(streams, parseLetterBody(letter))
  if (news.events.length > 0) streams.incoming?.markStored(news.events.length)
  return news
}

describe('letters between two streams', () => {
  it('carry events and acknowledgements, though the two never meet', () => {
    const [alice, bob] = [pairOf('alice'), pairOf('bob')]
    say(alice, 'one', 'two')
    expect(textsOf(read(bob, post(alice)).events)).to.deep.equal(['one', 'two'])
    say(bob, 'three')
    const { events, acknowledged } = read(alice, post(bob))
    expect(textsOf(events)).to.deep.equal(['three'])
    expect([acknowledged, alice.outgoing.unacknowledged]).to.deep.equal([2, 0])
    read(bob, writeLetter(alice, alice.outgoing.acknowledged).body)
    expect(bob.outgoing.unacknowledged).to.equal(0)
  })

  it('leave what the next one has, nothing, or what has room in none', () => {
    const alice = pairOf('alice')
    expect(leftBehind(alice, 0n)).to.equal('nothing')
    say(alice, 'one', 'x'.repeat(LETTER_ROOM_BYTES))
    expect(leftBehind(alice, 0n)).to.equal('more')
    const { through } = writeLetter(alice, 0n)
    expect(through).to.equal(1n)
    expect(leftBehind(alice, through)).to.equal('too large')
    expect(writeLetter(alice, through)).to.include({ count: 0, through })
    expect(leftBehind(alice, 2n)).to.equal('nothing')
  })

  it('bring each event once and in order, however often and in whatever order they come', () => {
    assertProperty(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
        fc.infiniteStream(fc.nat()),
        (sizes, chance) => {
          const [alice, bob] = [pairOf('alice'), pairOf('bob')]
          const letters: Uint8Array[] = []
          let posted = 0n
          for (const [turn, size] of sizes.entries()) {
            say(alice, ...Array.from({ length: size }, (_, index) => `${turn}.${index}`))
            const { body, through } = writeLetter(alice, posted)
            alice.outgoing.markSaid(through)
            posted = through
            letters.push(body)
          }
          const all = sizes.flatMap((size, turn) => Array.from({ length: size }, (_, index) => `${turn}.${index}`))
          const got: string[] = []
          const take = (letter: Uint8Array) => got.push(...textsOf(read(bob, letter).events))
          for (let count = 0; count < 20; count += 1) take(letters[chance.next().value % letters.length] as Uint8Array)
          expect(got).to.deep.equal(all.slice(0, got.length))
          for (const letter of letters) take(letter)
          expect(got).to.deep.equal(all)
        },
      ),
    )
  })

  it('are early where events before theirs are missing, and bring them once those are there', () => {
    const [alice, bob] = [pairOf('alice'), pairOf('bob')]
    say(alice, 'one')
    const first = post(alice)
    say(alice, 'two')
    const second = post(alice, 1n)
    expect(read(bob, second)).to.include({ isEarly: true })
    expect(textsOf(read(bob, first).events)).to.deep.equal(['one'])
    expect(textsOf(read(bob, second).events)).to.deep.equal(['two'])
  })

  it('bring what a conversation took in and did not store', () => {
    const [alice, bob] = [pairOf('alice'), pairOf('bob')]
    say(alice, 'one', 'two')
    const letter = post(alice)
    const { events } = parseLetterBody(letter)
    const body = { ...RecordBody.fromPartial({}), firstSequence: 1n, events: [...events].slice(0, 1) }
    bob.receive(idOf('alice'), { isAnswer: false })?.accept(body)
    expect(textsOf(read(bob, letter).events)).to.deep.equal(['one', 'two'])
  })

  it('take nobody from a stream of which something is stored to another', () => {
    const [alice, bob, restored] = [pairOf('alice'), pairOf('bob'), pairOf('alice anew')]
    say(alice, 'one')
    read(bob, post(alice))
    say(restored, 'else')
    expect(read(bob, post(restored))).to.deep.include({ events: [], isEarly: false })
    expect(bob.known?.streamId).to.deep.equal(idOf('alice'))
  })

  it('of one stream with another event under a known number bring nothing', () => {
    const [alice, bob] = [pairOf('alice'), pairOf('bob')]
    say(alice, 'one')
    read(bob, post(alice))
    const fork = pairOf('alice')
    say(fork, 'another one', 'two')
    expect(read(bob, post(fork))).to.deep.include({ events: [], isEarly: false })
    expect(bob.incoming?.isForked).to.equal(false)
  })

  it('acknowledge nothing where stream, number or event do not agree, or less than is known', () => {
    const [alice, bob] = [pairOf('alice'), pairOf('bob')]
    say(alice, 'one', 'two')
    const early = post(bob)
    read(bob, post(alice))
    const late = post(bob)
    read(alice, late)
    expect(alice.outgoing.unacknowledged).to.equal(0)
    expect(read(alice, early).acknowledged).to.equal(0)
    expect(alice.outgoing.acknowledged).to.equal(2n)

    const other = pairOf('alice')
    say(other, 'one', 'another two')
    post(other)
    expect(read(other, late).acknowledged).to.equal(0)
    const unsaid = pairOf('alice')
    say(unsaid, 'one', 'two')
    expect(read(unsaid, late).acknowledged).to.equal(0)
  })

  it('go on where a conversation stored before, and say so', () => {
    const kept: KeptStreams = {
      outgoing: new OutgoingStream(idOf('bob')),
      incoming: IncomingStream.resume({ streamId: idOf('alice'), stored: 1n, lastEventId: bytesOf('event 1', 16) }),
      recall: () => [],
    }
    const bob = new StreamPair(kept)
    const position = { streamId: idOf('alice'), acknowledged: 1n, sent: 2n }
    const alice = new StreamPair({
      ...kept,
      outgoing: OutgoingStream.resume(position, [outgoingText('two')]),
      incoming: undefined,
    })
    expect(textsOf(read(bob, post(alice)).events)).to.deep.equal(['two'])
    expect(parseLetterBody(post(bob)).resume.peerAcknowledged).to.equal(2n)
  })

  it('leave out events that have no room, and those behind them', () => {
    const alice = pairOf('alice')
    say(alice, 'small', 'x'.repeat(61_400), 'behind')
    const first = writeLetter(alice, 0n)
    expect(first.count).to.equal(1)
    expect(writeLetter(alice, first.through)).to.include({ count: 0, through: 1n })
  })
})
