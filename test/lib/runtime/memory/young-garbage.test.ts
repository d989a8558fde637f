import { constants, type PerformanceNodeEntry, PerformanceObserver, performance } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { leaveYoungGarbage } from '#lib/runtime/memory/young-garbage.ts'

const PIECE_BYTES = 64 * 1024
const { NODE_PERFORMANCE_GC_FLAGS_FORCED: FORCED } = constants

describe('leaveYoungGarbage', () => {
  it('has what was made last looked through each 2 MiB, and not before', async () => {
    /** When it was, in milliseconds. */
    const times: number[] = []
    const observer = new PerformanceObserver((list) => {
      for (const { detail, startTime } of list.getEntries() as PerformanceNodeEntry[]) {
        // V8 itself may find one due meanwhile; where it is about to look through all, being asked for less makes it do that.
        if (detail.flags === FORCED) times.push(startTime)
      }
    })
    observer.observe({ entryTypes: ['gc'] })
    /** When each piece had passed, in milliseconds. */
    const passed = Array.from({ length: 3 * 32 }, () => {
      leaveYoungGarbage(PIECE_BYTES)
      return performance.now()
    })
    // Node.js tells of it in a later turn.
    while (times.length < 3) await setImmediate()
    observer.disconnect()
    const pieces = times.map((time) => passed.findIndex((each) => each >= time))
    // Whatever other tests have left before.
    const [first = 0] = pieces
    expect(pieces).to.deep.equal([first, first + 32, first + 64])
  })
})
