/** A short `npm run torture -- --processes`, with a file. */
import { expect } from 'chai'
import { tortureProcesses } from '../../torture/processes/run.ts'

describe('tortureProcesses', function () {
  this.timeout(300_000)
  it('loses nothing of a conversation, and sends no file twice, while programs are killed', async () => {
    const reported: string[] = []
    await tortureProcesses({
      seed: 2,
      messages: 500,
      kills: 6,
      fileBytes: 2 ** 25,
      report: (line) => reported.push(line),
    })
    // Six kills in the conversation, and six in the file transfer.
    expect(reported.filter((line) => line.startsWith('kill '))).to.have.length(12)
  })
})
