import { expect } from 'chai'
import { addCounters, newCounters } from './counters.ts'
import { SABOTAGES } from './sabotage.ts'
import { simulate } from './simulation.ts'
import { Violation } from './world.ts'

const MESSAGES = 500

/** Where the 20 seeds begin: among these everything that can go wrong does. */
const FIRST_SEED = 51

describe('torture', function () {
  // Two seconds of work, on a machine that may have much else to do.
  this.timeout(60_000)

  it('loses nothing, doubles nothing and keeps the order in 20 simulated conversations', async () => {
    const sum = newCounters()
    for (let seed = FIRST_SEED; seed < FIRST_SEED + 20; seed += 1) {
      const { counters, failure } = await simulate({ seed, messages: MESSAGES })
      if (failure !== undefined)
        throw new Error(`npm run torture -- --seed ${seed} --messages ${MESSAGES}`, { cause: failure })
      addCounters(sum, counters)
    }
    expect(sum.messages).to.equal(20 * MESSAGES)
    // Everything that can go wrong did.
    for (const count of [...Object.values({ ...sum, crashes: 1 }), ...Object.values(sum.crashes)]) {
      expect(count).to.be.greaterThan(0)
    }
  })

  it('happens again in the same way with the same seed, and otherwise with another', async () => {
    const hashes: string[] = []
    for (const seed of [7, 7, 8]) hashes.push((await simulate({ seed, messages: MESSAGES })).hash)
    expect(hashes[1]).to.equal(hashes[0])
    expect(hashes[2]).not.to.equal(hashes[0])
  })

  for (const sabotage of SABOTAGES) {
    it(`notices a disk that lies: ${sabotage}`, async () => {
      // A seed whose fault profile has bursts: the disk lies only about records of several messages.
      const { failure } = await simulate({ seed: 2, messages: MESSAGES, sabotage })
      expect(failure).to.be.instanceOf(Violation)
    })
  }
})
