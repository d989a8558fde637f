import { expect } from 'chai'
import { MOST_CHANGES, PeerTyping, SHOWN_MS } from '../../../clients/messenger/peer-typing.ts'
import { FakeTimers } from '../../support/timers.ts'

describe('PeerTyping', () => {
  let timers: FakeTimers
  let changes: number
  let typing: PeerTyping
  beforeEach(() => {
    timers = new FakeTimers()
    changes = 0
    typing = new PeerTyping({ schedule: timers.schedule, onChange: () => changes++ })
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

  it('tells of one who begins and stops without end now and then, and of the last change', () => {
    for (let count = 0; count < 10_000; count += 1) typing.set('bob', count % 2 === 0)
    typing.set('bob', true)
    typing.set('carol', true)
    expect([typing.has('bob'), typing.has('carol'), changes]).to.deep.equal([true, true, MOST_CHANGES + 1])
    timers.advance(SHOWN_MS - 1)
    expect(changes).to.equal(MOST_CHANGES + 1)
    timers.advance(1)
    // Bob, who was last told of as one who had stopped, writes, and then both have stopped.
    expect([typing.has('bob'), typing.has('carol'), changes]).to.deep.equal([false, false, MOST_CHANGES + 4])
    typing.set('bob', true)
    expect(changes).to.equal(MOST_CHANGES + 5)
  })
})
