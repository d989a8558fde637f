import { expect } from 'chai'
import { EVENT_ID_BYTES } from '#lib/delivery/limits.ts'
import { drawEventId } from '../../../clients/peer/event-ids.ts'

describe('drawEventId', () => {
  it('never gives an id twice, nor one of another length', () => {
    const ids = Array.from({ length: 1_000 }, drawEventId)
    expect(ids.every((id) => id.length === EVENT_ID_BYTES)).to.equal(true)
    expect(new Set(ids.map((id) => Buffer.from(id).toString('hex'))).size).to.equal(ids.length)
  })
})
