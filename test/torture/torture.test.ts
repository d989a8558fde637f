import { expect } from 'chai'
import { addCounters, newCounters } from './counters.ts'
import { LETTER_FAULTS, SABOTAGES } from './sabotage.ts'
import { simulate } from './simulation.ts'
import { Violation } from './world.ts'

const MESSAGES = 500

/** Of each of the 20 conversations: half as many, as nearly as many faults happen in it. */
const MESSAGES_OF_MANY = 250

/** The first of the 20 seeds: among these every kind of fault happens. */
const FIRST_SEED = 110

describe('simulate', function () {
  // Two seconds of work, on a machine that may be busy.
  this.timeout(180_000)

  it('loses nothing, doubles nothing and keeps the order in 20 simulated conversations', async () => {
    const sum = newCounters()
    for (let seed = FIRST_SEED; seed < FIRST_SEED + 20; seed += 1) {
      const { counters, failure } = await simulate({ seed, messages: MESSAGES_OF_MANY })
      if (failure !== undefined)
        throw new Error(`npm run torture -- --seed ${seed} --messages ${MESSAGES_OF_MANY}`, { cause: failure })
      addCounters(sum, counters)
    }
    expect(sum.messages).to.equal(20 * MESSAGES_OF_MANY)
    // Every kind of fault happened.
    for (const count of [...Object.values({ ...sum, crashes: 1 }), ...Object.values(sum.crashes)]) {
      expect(count).to.be.greaterThan(0)
    }
  })

  it('gives the same transcript for the same seed, and another for another', async () => {
    const hashes: string[] = []
    for (const seed of [7, 7, 8]) hashes.push((await simulate({ seed, messages: MESSAGES })).hash)
    expect(hashes[1]).to.equal(hashes[0])
    expect(hashes[2]).not.to.equal(hashes[0])
  })

  for (const letterFault of LETTER_FAULTS) {
    it(`loses and doubles nothing, and keeps the order, whatever the mailboxes do: ${letterFault}`, async () => {
      for (const seed of [91, 95]) {
        const { failure, counters } = await simulate({ seed, messages: MESSAGES, letterFault })
        if (failure !== undefined) throw new Error(`seed ${seed}, --mailbox ${letterFault}`, { cause: failure })
        expect(counters.messages).to.equal(MESSAGES)
      }
    })
  }

  for (const sabotage of SABOTAGES) {
    it(`fails where a disk lies: ${sabotage}`, async () => {
      // A seed whose fault profile has bursts: the disk lies only about records of several messages.
      const { failure } = await simulate({ seed: 2, messages: MESSAGES, sabotage })
      expect(failure).to.be.instanceOf(Violation)
    })
  }
})
