import { expect } from 'chai'
import { IDLE_MS, OwnTyping, REPEAT_INTERVAL_MS } from '../../../clients/chat/own-typing.ts'
import { FakeTimers } from '../../support/timers.ts'

describe('OwnTyping', () => {
  let timers: FakeTimers
  let told: string[]
  let typing: OwnTyping
  beforeEach(() => {
    timers = new FakeTimers()
    told = []
    const send = (name: string, isActive: boolean) => void told.push(`${name} ${isActive ? 'on' : 'off'}`)
    typing = new OwnTyping({ send, ...timers })
  })

  it('tells at the first key, and every five seconds while keys come', () => {
    for (let ms = 0; ms < 2 * REPEAT_INTERVAL_MS; ms += 1_000) {
      typing.typed('bob')
      timers.advance(1_000)
    }
    expect(told).to.deep.equal(['bob on', 'bob on'])
  })

  it('tells that it has ended when the line is empty, and only once', () => {
    typing.typed('bob')
    typing.typed(undefined)
    typing.typed(undefined)
    expect(told).to.deep.equal(['bob on', 'bob off'])
    timers.advance(IDLE_MS)
    expect(told).to.have.length(2)
  })

  it('tells so five seconds after the last key', () => {
    typing.typed('bob')
    timers.advance(IDLE_MS - 1)
    typing.typed('bob')
    timers.advance(IDLE_MS - 1)
    expect(told).to.not.include('bob off')
    timers.advance(1)
    expect(told.at(-1)).to.equal('bob off')
    typing.typed('bob')
    expect(told.at(-1)).to.equal('bob on')
  })

  it('tells the one it was for when the line is for another', () => {
    typing.typed('bob')
    typing.typed('carol')
    expect(told).to.deep.equal(['bob on', 'bob off', 'carol on'])
  })

  it('tells nothing of what is no message', () => {
    typing.typed(undefined)
    timers.advance(IDLE_MS)
    expect(told).to.deep.equal([])
  })
})
