import { expect } from 'chai'
import { Violation } from '../world.ts'
import type { ShownMessage } from './shown.ts'
import { judgeShown } from './verdict.ts'

describe('judgeShown', () => {
  const run = (...numbers: number[]): ShownMessage[] =>
    numbers.map((number) => ({ from: 'alice', number, id: `id of ${number}` }))
  const judge = (...runs: ShownMessage[][]) => judgeShown('it', runs, [1, 4])

  it('accepts messages that came once and in order, and counts those that a run repeats of an earlier one', () => {
    expect(judge(run(1, 2, 3, 4))).to.equal(0)
    expect(judge(run(1, 2, 3), run(2, 3, 4))).to.equal(2)
  })

  const faults: Readonly<Record<string, ShownMessage[][]>> = {
    'a message that is missing': [run(1, 3, 4)],
    'the last that are missing': [run(1, 2, 3)],
    'one out of order': [run(1, 3, 2, 4)],
    'one that comes again under another id': [run(1, 2), [{ from: 'alice', number: 2, id: 'another' }, ...run(3, 4)]],
    'an id that comes again with another message': [run(1, 2), [{ from: 'alice', number: 3, id: 'id of 2' }]],
    'one without an id': [[{ from: 'alice', number: 1, id: undefined }]],
  }
  for (const [what, runs] of Object.entries(faults)) {
    it(`refuses ${what}`, () => {
      expect(() => judge(...runs)).to.throw(Violation)
    })
  }
})
