import { expect } from 'chai'
import { eventFields } from '../../../clients/command/event-fields.ts'
import { offered, statusOf } from '../../support/file-events.ts'
import { incomingText } from '../../support/stores.ts'

describe('eventFields', () => {
  it('gives the text of a message', () => {
    expect(eventFields(incomingText('hello'))).to.deep.equal({ type: 'message', text: 'hello' })
  })

  it('gives every entry of an offer', () => {
    expect(eventFields(offered({ 'all/a': 5, 'all/b/': 0 }))).to.deep.equal({
      type: 'file',
      size: 5,
      entries: [
        { path: 'all/a', size: 5, sha256: '00'.repeat(32) },
        { path: 'all/b', folder: true },
      ],
    })
  })

  it('gives the whole id of the offer with what has become of it', () => {
    const offer = offered({ a: 1 })
    const file = offer.eventId.toString('hex')
    expect(eventFields(statusOf(offer, 'SAVE_FAILED'))).to.deep.equal({
      type: 'fileStatus',
      file,
      status: 'save-failed',
    })
  })
})
