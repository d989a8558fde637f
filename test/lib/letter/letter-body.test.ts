import { expect } from 'chai'
import { CloseReason, RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { countFitting, encodeLetterBody, LETTER_ROOM_BYTES, parseLetterBody } from '#lib/letter/letter-body.ts'
import { MAX_LETTER_BODY_BYTES } from '#lib/letter/payload.ts'
import { codeOf } from '../../support/code-of.ts'
import { letterResume } from '../../support/letter.ts'
import { bytesOf } from '../../support/random.ts'

const resume = letterResume()
const event = {
  eventId: Buffer.from(bytesOf('event', 16)),
  writtenAt: new Date(0),
  kind: { $case: 'text', value: { body: Buffer.from('hello') } },
} as const
const parse = (body: Partial<RecordBody>) =>
  parseLetterBody(RecordBody.encode({ ...RecordBody.fromPartial({}), ...body }).finish())

describe('parseLetterBody', () => {
  it('reads a Resume, alone or with events', () => {
    expect(parseLetterBody(encodeLetterBody(resume, undefined))).to.deep.equal({
      resume,
      firstSequence: 0n,
      events: [],
    })
    const control = { $case: 'resume', value: resume } as const
    const { firstSequence, events } = parse({ control, firstSequence: 7n, events: [event, event] })
    expect([firstSequence, events.length]).to.deep.equal([7n, 2])
  })

  const control = { $case: 'resume', value: resume } as const
  const part = { $case: 'part', value: { offset: 0, data: Buffer.of(1), last: true } } as const
  const fileChunk = { $case: 'fileChunk', value: { offerId: event.eventId, offset: 0n, data: Buffer.of(1) } } as const
  const broken: Record<string, Partial<RecordBody>> = {
    'no Resume': { firstSequence: 1n, events: [event] },
    'a Close in its place': { control: { $case: 'close', value: { reason: CloseReason.DONE, lastSequence: 0n } } },
    'a Ping in its place': { control: { $case: 'ping', value: {} } },
    'a piece of an event': { control, firstSequence: 1n, piece: part },
    'a piece of a file': { control, piece: fileChunk },
    'the progress of a file': { control, fileProgress: { offerId: event.eventId, received: 1n, pause: 0 } },
    'a read receipt': { control, read: 1n },
    'an acknowledgement beside the Resume': { control, acknowledged: 1n },
  }
  for (const [what, body] of Object.entries(broken)) {
    it(`refuses a letter with ${what}`, () => {
      expect(codeOf(() => parse(body))).to.equal('ERR_LETTER_MALFORMED')
    })
  }

  it('refuses what a record may not have either', () => {
    expect(codeOf(() => parse({ control, events: [event] }))).to.equal('ERR_RECORD_MALFORMED')
    expect(codeOf(() => parse({ control, firstSequence: 1n }))).to.equal('ERR_RECORD_MALFORMED')
    expect(codeOf(() => parseLetterBody(bytesOf('noise', 40)))).to.equal('ERR_RECORD_MALFORMED')
  })
})

describe('countFitting', () => {
  it('takes events as long as there is room for them and the longest Resume', () => {
    const longest = letterResume({
      peerStreamId: resume.streamId,
      peerAcknowledged: 2n ** 63n,
      peerLastEventId: event.eventId,
    })
    const largest = new Uint8Array(LETTER_ROOM_BYTES - 4)
    expect(countFitting([largest, Buffer.of(1)])).to.equal(1)
    expect(countFitting([new Uint8Array(largest.length + 1)])).to.equal(0)
    expect(countFitting([])).to.equal(0)
    const small = Array.from({ length: 10_000 }, () => new Uint8Array(98))
    const count = countFitting(small)
    expect(count).to.equal(Math.floor(LETTER_ROOM_BYTES / 100))
    const batch = { firstSequence: 2n ** 63n, events: small.slice(0, count) }
    expect(encodeLetterBody(longest, batch).length).to.be.at.most(MAX_LETTER_BODY_BYTES)
    expect(encodeLetterBody(longest, { firstSequence: 2n ** 63n, events: [largest] }).length).to.be.at.most(
      MAX_LETTER_BODY_BYTES,
    )
  })
})
