import { expect } from 'chai'
import { TYPING_EVERY_MS, TypingReports } from '../../../../clients/web/page/conversation/typing-reports.ts'

describe('the reports of typing on the page', () => {
  let nowMs: number
  let told: [contact: string, active: boolean][]
  let timers: Set<{ readonly atMs: number; readonly work: () => void }>
  let reports: TypingReports
  beforeEach(() => {
    nowMs = 0
    told = []
    timers = new Set()
    reports = new TypingReports({
      tell: (contact, active) => void told.push([contact, active]),
      nowMs: () => nowMs,
      later(ms, work) {
        const timer = { atMs: nowMs + ms, work }
        timers.add(timer)
        return () => void timers.delete(timer)
      },
    })
  })

  function pass(ms: number): void {
    nowMs += ms
    for (const timer of timers) {
      if (timer.atMs > nowMs) continue
      timers.delete(timer)
      timer.work()
    }
  }

  it('say now and then that it goes on, and that it has ended after a pause', () => {
    for (let n = 0; n < 5; n += 1) {
      reports.typed('bob', 'text')
      pass(TYPING_EVERY_MS / 2)
    }
    expect(told).to.deep.equal(Array(3).fill(['bob', true]))
    pass(TYPING_EVERY_MS / 2)
    expect(told.at(-1)).to.deep.equal(['bob', false])
    expect(timers.size).to.equal(0)
  })

  it('say that it has ended when the line is empty, once', () => {
    reports.typed('bob', '')
    reports.typed('bob', 'a')
    reports.typed('bob', '')
    reports.typed('bob', '')
    expect([told, timers.size]).to.deep.equal([
      [
        ['bob', true],
        ['bob', false],
      ],
      0,
    ])
  })

  it('tell who was written to before, and who is written to now', () => {
    reports.typed('bob', 'a')
    reports.typed('carol', 'b')
    reports.stop()
    reports.stop()
    pass(10 * TYPING_EVERY_MS)
    expect(told).to.deep.equal([
      ['bob', true],
      ['bob', false],
      ['carol', true],
      ['carol', false],
    ])
  })
})
