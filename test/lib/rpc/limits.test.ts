import { expect } from 'chai'
import { relayLimits, serviceLimits } from '#lib/rpc/limits.ts'

const MIB = 1024 * 1024

describe('the budget of what is held', () => {
  it('grows with the people behind an address, and with the rate of an account, up to that of all', () => {
    const { held: usual } = serviceLimits(1_000, 1)
    expect(usual).to.deep.equal({
      totalBytes: 64 * MIB,
      networkBytes: 16 * MIB,
      accountBytes: 4 * MIB,
      connectionBytes: 2 * MIB,
    })
    const { held: more } = serviceLimits(2_000, 3)
    expect(more).to.deep.equal({ ...usual, networkBytes: 32 * MIB, accountBytes: 12 * MIB })
    const { held: most } = serviceLimits(10_000, 100)
    expect(most).to.deep.equal({ ...usual, networkBytes: 64 * MIB, accountBytes: 64 * MIB })
  })

  it('is no less for fewer people, and as large at a relay as its own says', () => {
    expect(serviceLimits(8, 1).held).to.deep.equal(serviceLimits(1_000, 1).held)
    expect(relayLimits(3_000, 1).held).to.include({ totalBytes: 256 * MIB, networkBytes: 256 * MIB })
  })
})
