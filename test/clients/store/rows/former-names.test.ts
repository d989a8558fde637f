import { expect } from 'chai'
import { decodeContact, encodeContact, newContact, newKey } from '../../../../clients/store/rows/contact-state.ts'
import { inCurrentWords } from '../../../../clients/store/rows/former-names.ts'
import { BOB_KEY } from '../../../support/stores.ts'

describe('rows of a store from before the first release', () => {
  it('keep the marks of a contact', () => {
    const key = { ...newKey(BOB_KEY, Buffer.alloc(16, 1)), received: 7, read: 5, unreadFrom: 3 }
    const { received: heard, read: seen, unreadFrom: unseenFrom, ...rest } = key
    const contact = { ...newContact('bob'), lastBatch: 4 }
    const before = encodeContact({ ...contact, keys: [{ ...rest, heard, seen, unseenFrom } as never] })
    expect(decodeContact(before)).to.deep.equal(decodeContact(encodeContact({ ...contact, keys: [key] })))
  })

  it('have dropped nothing', () => {
    const key = newKey(BOB_KEY, Buffer.alloc(16, 1))
    const { dropped: _, ...outgoing } = key.outgoing
    const before = encodeContact({ ...newContact('bob'), keys: [{ ...key, outgoing: outgoing as never }] })
    expect(decodeContact(before).keys[0]?.outgoing.dropped).to.deep.equal([])
  })

  it('keep where a transfer stands, and what has become of it', () => {
    const before = [
      { direction: 'getting', state: 'unkept', goal: '/home/bob/a.txt' },
      { direction: 'giving', state: 'gone' },
      { direction: 'giving', state: 'received', name: 'gone' },
    ]
    expect(before.map((row) => JSON.parse(JSON.stringify(row), inCurrentWords))).to.deep.equal([
      { direction: 'downloading', state: 'save-failed', targetPath: '/home/bob/a.txt' },
      { direction: 'uploading', state: 'source-changed' },
      { direction: 'uploading', state: 'received', name: 'gone' },
    ])
  })
})
