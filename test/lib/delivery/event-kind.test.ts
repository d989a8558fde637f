import { expect } from 'chai'
import { Event } from '#gen/sotto/peer/v1/record.ts'
import { byKind } from '#lib/delivery/event-kind.ts'
import { codeOf } from '../../support/code-of.ts'
import { offered, statusOf } from '../../support/file-events.ts'
import { incomingText } from '../../support/stores.ts'

const NAMES = {
  text: ({ body }: { readonly body: Buffer }) => `text ${body}`,
  fileOffer: () => 'offer',
  fileStatus: () => 'status',
}

/** Field 1000 of Event, of length 0: a kind that this version does not know. */
const LATER_KIND = Buffer.from([0xc2, 0x3e, 0x00])

describe('byKind', () => {
  it('gives an event to the function for its kind, with what it holds', () => {
    const offer = offered({ a: 1 })
    const events = [incomingText('hello'), offer, statusOf(offer, 'DECLINED')]
    expect(events.map((event) => byKind(event, NAMES))).to.deep.equal(['text hello', 'offer', 'status'])
  })

  it('refuses an event of a later version, rather than take it for an empty text', () => {
    const { kind: _kind, ...rest } = incomingText('hello')
    const encoded = Buffer.concat([Event.encode(Event.fromPartial(rest)).finish(), LATER_KIND])
    expect(codeOf(() => byKind(Event.decode(encoded), NAMES))).to.equal('ERR_RECORD_MALFORMED')
  })
})
