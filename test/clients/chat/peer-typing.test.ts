import { expect } from 'chai'
import { PeerTyping, SHOWN_MS } from '../../../clients/chat/peer-typing.ts'
import { FakeTimers } from '../../support/timers.ts'

describe('PeerTyping', () => {
  let timers: FakeTimers
  let changes: number
  let typing: PeerTyping
  beforeEach(() => {
    timers = new FakeTimers()
    changes = 0
    typing = new PeerTyping({ later: timers.later, onChange: () => changes++ })
  })

  it('shows somebody for ten seconds after they said so last', () => {
    typing.set('bob', true)
    timers.advance(SHOWN_MS - 1)
    typing.set('bob', true)
    timers.advance(SHOWN_MS - 1)
    expect([typing.has('bob'), changes]).to.deep.equal([true, 1])
    timers.advance(1)
    expect([typing.has('bob'), changes]).to.deep.equal([false, 2])
  })

  it('shows nobody who has stopped', () => {
    typing.set('bob', true)
    typing.set('carol', true)
    typing.set('bob', false)
    expect([typing.has('bob'), typing.has('carol'), changes]).to.deep.equal([false, true, 3])
    timers.advance(SHOWN_MS)
    expect(changes).to.equal(4)
  })

  it('says nothing new of somebody who never began', () => {
    typing.set('bob', false)
    expect(changes).to.equal(0)
  })
})
