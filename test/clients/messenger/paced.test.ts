import { expect } from 'chai'
import { Paced } from '../../../clients/messenger/paced.ts'
import { FakeTimers } from '../../support/timers.ts'

describe('Paced', () => {
  const EVERY_MS = 1_000

  function started() {
    const timers = new FakeTimers()
    const { monotonicMs, schedule } = timers
    const begun: number[] = []
    const paced = new Paced({ everyMs: EVERY_MS, monotonicMs, schedule, work: () => begun.push(monotonicMs()) })
    return { timers, begun, paced }
  }

  it('does at once what is asked for the first time, or after a while', () => {
    const { timers, begun, paced } = started()
    paced.ask()
    timers.advance(EVERY_MS)
    paced.ask()
    expect(begun).to.deep.equal([0, EVERY_MS])
  })

  it('does it once for all who ask before it may be done again', () => {
    const { timers, begun, paced } = started()
    for (let ms = 0; ms < 2_500; ms += 1) {
      paced.ask()
      timers.advance(1)
    }
    timers.advance(10 * EVERY_MS)
    expect(begun).to.deep.equal([0, 1_000, 2_000, 3_000])
  })

  it('does nothing more once it is over', () => {
    const { timers, begun, paced } = started()
    paced.ask()
    paced.ask()
    paced[Symbol.dispose]()
    paced.ask()
    timers.advance(10 * EVERY_MS)
    expect(begun).to.deep.equal([0])
  })
})
