import { expect } from 'chai'
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import { SottoError } from '#lib/errors.ts'
import { Unkept } from '../../../clients/messenger/unkept.ts'
import type { ConversationEnd } from '../../../clients/peer/close-reasons.ts'

const cutBy = (code: 'ERR_STORE' | 'ERR_CHANNEL_CUT'): ConversationEnd => {
  return { how: 'cut', error: new SottoError(code, 'the disk is full', { hint: 'free some space' }) }
}

describe('Unkept', () => {
  let notices: string[]
  let unkept: Unkept
  beforeEach(() => {
    notices = []
    unkept = new Unkept((text) => notices.push(text))
  })

  it('tells once that what somebody says cannot be kept, and once that it is again', () => {
    for (let attempt = 0; attempt < 3; attempt += 1) expect(unkept.parted('alice', cutBy('ERR_STORE'))).to.equal(true)
    expect(unkept.has('alice')).to.equal(true)
    for (let message = 0; message < 2; message += 1) unkept.received('alice')
    expect(notices).to.deep.equal([
      'what alice says cannot be kept, and waits with them: the disk is full; free some space',
      'what alice says is kept again',
    ])
  })

  it('tells once that somebody cannot keep what they are told', () => {
    const end: ConversationEnd = { how: 'closed', by: 'peer', reason: CloseReason.CANNOT_SAVE }
    for (let attempt = 0; attempt < 3; attempt += 1) expect(unkept.parted('bob', end)).to.equal(true)
    expect(unkept.has('bob')).to.equal(true)
    expect(unkept.parted('bob', { ...end, reason: CloseReason.SHUTDOWN })).to.equal(false)
    expect(unkept.has('bob')).to.equal(false)
    expect(notices).to.deep.equal(['bob’s machine cannot save what you write now; it waits here, and goes once it can'])
  })

  it('leaves other ends to others', () => {
    expect(unkept.parted('alice', cutBy('ERR_CHANNEL_CUT'))).to.equal(false)
    unkept.parted('alice', cutBy('ERR_STORE'))
    expect(unkept.parted('alice', cutBy('ERR_CHANNEL_CUT'))).to.equal(false)
    expect(unkept.has('alice')).to.equal(false)
    expect(notices).to.have.length(1)
  })
})
