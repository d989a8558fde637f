import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import { Delivery } from '#lib/delivery/delivery.ts'
import { encodeTextEvent } from '#lib/delivery/event.ts'
import { EVENT_ID_BYTES, STREAM_ID_BYTES } from '#lib/delivery/limits.ts'
import { parseRecordBody } from '#lib/delivery/record-body.ts'
import { StreamPair } from '#lib/delivery/stream-pair.ts'

/** Two deliveries of one conversation that have agreed on their streams. */
function resumed() {
  const drawStreamId = (): Uint8Array => randomBytes(STREAM_ID_BYTES)
  const [there, back] = [new StreamPair(drawStreamId()), new StreamPair(drawStreamId())]
  const opener = new Delivery({ opener: true, streams: there, drawStreamId })
  const host = new Delivery({ opener: false, streams: back, drawStreamId })
  host.receive(parseRecordBody(opener.next() ?? randomBytes(1)))
  opener.receive(parseRecordBody(host.next() ?? randomBytes(1)))
  const hear = () => {
    const plaintext = opener.next()
    return plaintext && host.receive(parseRecordBody(plaintext))
  }
  return { opener, streams: there, hear }
}

describe('Delivery.sayTyping', () => {
  it('is heard at the other side, each time it is said', () => {
    const { opener, hear } = resumed()
    expect(hear()).to.equal(undefined)
    for (const isActive of [true, true, false]) {
      opener.sendTyping(isActive)
      expect(hear()?.typing).to.equal(isActive)
      expect(hear()).to.equal(undefined)
    }
  })

  it('says only the latest, beside whatever else goes', () => {
    const { opener, streams, hear } = resumed()
    opener.sendTyping(true)
    opener.sendTyping(false)
    const eventId = randomBytes(EVENT_ID_BYTES)
    streams.outgoing.append(encodeTextEvent({ eventId, writtenAt: new Date(0), body: Buffer.from('done') }))
    const heard = hear()
    expect([heard?.events.length, heard?.typing]).to.deep.equal([1, false])
    expect(hear()).to.equal(undefined)
  })

  it('waits for Resume, and is not said with a Close', () => {
    const drawStreamId = (): Uint8Array => randomBytes(STREAM_ID_BYTES)
    const opener = new Delivery({ opener: true, streams: new StreamPair(drawStreamId()), drawStreamId })
    opener.sendTyping(true)
    const said = [opener.next(), opener.next()].map((plaintext) => plaintext && parseRecordBody(plaintext))
    expect(said.map((body) => body?.control?.$case)).to.deep.equal(['resume', 'typing'])
    opener.sendTyping(true)
    opener.close(CloseReason.DONE)
    const last = parseRecordBody(opener.next() ?? randomBytes(1))
    expect([last.control?.$case, opener.next()]).to.deep.equal(['close', undefined])
  })
})
