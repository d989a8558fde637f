import { expect } from 'chai'
import { WaitingNotice } from '../../../clients/command/waiting-notice.ts'
import { FakeTimers } from '../../support/timers.ts'

describe('WaitingNotice', () => {
  let timers: FakeTimers
  let told: string[]
  beforeEach(() => {
    timers = new FakeTimers()
    told = []
  })

  const waiting = (isWatched = true) =>
    new WaitingNotice({ isWatched, notice: (text) => told.push(text), schedule: timers.schedule })

  it('says once for what it waits, when that takes longer than a few seconds', () => {
    const notice = waiting()
    notice.begin('the directory')
    timers.advance(2_000)
    notice.begin('bob')
    timers.advance(60_000)
    notice.begin('carol')
    timers.advance(60_000)
    expect(told).to.deep.equal(['waiting for bob; Ctrl-C gives up'])
  })

  it('says nothing of what comes soon, and begins anew after it', () => {
    const notice = waiting()
    notice.begin('the directory')
    timers.advance(2_000)
    notice.stop()
    timers.advance(60_000)
    expect(told).to.deep.equal([])
    notice.begin('bob')
    timers.advance(60_000)
    expect(told).to.have.length(1)
  })

  it('says nothing where nobody watches', () => {
    waiting(false).begin('bob')
    timers.advance(60_000)
    expect(told).to.deep.equal([])
  })
})
