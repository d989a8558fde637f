import { expect } from 'chai'
import { tortureProcesses } from '../../../torture/processes/run.ts'

describe('tortureProcesses', function () {
  // Some seconds of work, on a machine that may have much else to do.
  this.timeout(60_000)

  it('loses nothing, doubles nothing and keeps the order while programs are killed', async () => {
    const told: string[] = []
    await tortureProcesses({ seed: 1, messages: 200, kills: 3, fileBytes: 0, tell: (line) => told.push(line) })
    expect(told.filter((line) => line.startsWith('kill '))).to.have.length(3)
  })
})
