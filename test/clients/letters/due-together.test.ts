import { expect } from 'chai'
import { DueTogether } from '../../../clients/letters/due-together.ts'
import { FakeTimers } from '../../support/timers.ts'

describe('DueTogether', () => {
  function started() {
    const timers = new FakeTimers()
    const { monotonicMs, schedule } = timers
    const due: string[] = []
    const onDue = (names: readonly string[]) => due.push(`${monotonicMs()}: ${names.join(' ')}`)
    return { timers, due, together: new DueTogether({ monotonicMs, schedule, onDue }) }
  }

  it('has a lone one’s time come when it is there, and not later', () => {
    const { timers, due, together } = started()
    together.add('bob', 10_000)
    expect(together.has('bob')).to.equal(true)
    timers.advance(60_000)
    expect(due).to.deep.equal(['10000: bob'])
    expect(together.has('bob')).to.equal(false)
  })

  it('takes along whose time comes within a second, each once, and nobody else', () => {
    const { timers, due, together } = started()
    together.add('bob', 10_000)
    timers.advance(1_000)
    together.add('carol', 10_000)
    timers.advance(1)
    together.add('dave', 10_000)
    together.add('erin', 9_500)
    timers.advance(60_000)
    expect(due).to.deep.equal(['10000: bob carol erin', '11001: dave'])
  })

  it('goes by the time that was said first', () => {
    const { timers, due, together } = started()
    together.add('bob', 10_000)
    together.add('bob', 1)
    timers.advance(5_000)
    together.add('bob', 60_000)
    timers.advance(60_000)
    expect(due).to.deep.equal(['10000: bob'])
  })

  it('has nobody’s time come once it is over', () => {
    const { timers, due, together } = started()
    together.add('bob', 10)
    together[Symbol.dispose]()
    timers.advance(60_000)
    expect(due).to.deep.equal([])
  })
})
