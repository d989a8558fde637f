import { expect } from 'chai'
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { decodeEvent } from '#lib/delivery/text-event.ts'
import { ReceivedIds } from '../../../../clients/store/log/received-ids.ts'
import type { Batch } from '../../../../clients/store/rows/batch.ts'
import type { Contact } from '../../../../clients/store/rows/contacts.ts'
import { outgoingText } from '../../../support/stores.ts'

describe('ReceivedIds', () => {
  /** What was received, a batch each. */
  let stored: Uint8Array[]
  /** The batches that were read, from one to another. */
  let reads: [from: number, to: number][]
  const batches = {
    readWhatOpens(_contact: number, from: number, to: number) {
      reads.push([from, to])
      return stored.slice(from - 1, to).map((event, index) => {
        const batch: Batch = {
          direction: 'incoming',
          storedAt: new Date(0),
          key: 0,
          first: from + index,
          events: [event],
        }
        return { number: from + index, batch }
      })
    },
  }
  const contact = () => ({ id: 1, state: { lastBatch: stored.length } }) as Contact
  const eventsOf = (...encoded: readonly Uint8Array[]): Event[] => encoded.map((each) => decodeEvent(each))

  beforeEach(() => {
    stored = Array.from({ length: 300 }, (_, index) => outgoingText(`text ${index}`))
    reads = []
  })

  it('counts what is known from the first on', () => {
    const ids = new ReceivedIds(batches, 0)
    const [first, , third] = stored as [Uint8Array, Uint8Array, Uint8Array]
    expect(ids.countRepeats(contact(), eventsOf(first, third))).to.equal(2)
    expect(ids.countRepeats(contact(), eventsOf(third, outgoingText('new'), first))).to.equal(1)
    expect(ids.countRepeats(contact(), eventsOf(outgoingText('new')))).to.equal(0)
  })

  it('reads a conversation once, and then what has come since, however often something is repeated', () => {
    const ids = new ReceivedIds(batches, 0)
    const [old] = stored as [Uint8Array]
    for (let count = 1; count <= 3; count += 1) {
      expect(ids.countRepeats(contact(), eventsOf(old, outgoingText('new')))).to.equal(1)
    }
    stored.push(outgoingText('another'))
    expect(ids.countRepeats(contact(), eventsOf(stored.at(-1) as Uint8Array))).to.equal(1)
    expect(reads).to.deep.equal([
      [1, 256],
      [257, 300],
      [301, 301],
    ])
  })
})
