/** A brief `npm run attack`: each attack once, by two connections, all that are slow at the same time. */
import { expect } from 'chai'
import { attackAll } from '../../attack/attack-all.ts'
import { isHeld, PROMISE_SECONDS, terminalLine } from '../../attack/report.ts'

/** What a machine may be late by that runs other things beside. */
const LATE_SECONDS = 8

describe('attacks', () => {
  it('are cut within two seconds of crossing their bound, and counted, and nobody else fails', async () => {
    const outcomes = await attackAll({ given: undefined, isBrief: true, report: () => {} })
    expect(outcomes).to.have.length.above(60)
    const broken = outcomes.filter((outcome) => !isHeld(outcome, PROMISE_SECONDS + LATE_SECONDS))
    expect(broken.map(terminalLine)).to.deep.equal([])
  })
})
