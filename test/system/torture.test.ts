/** A small `npm run torture -- --processes`, with a file; the whole of it takes minutes. */
import { expect } from 'chai'
import { tortureProcesses } from '../torture/processes/run.ts'

describe('tortureProcesses', () => {
  it('loses nothing of a conversation, and sends no file twice, while programs are killed', async () => {
    const reported: string[] = []
    await tortureProcesses({
      seed: 2,
      messages: 500,
      kills: 6,
      fileBytes: 2 ** 25,
      report: (line) => reported.push(line),
    })
    // Of the conversation, and of the file.
    expect(reported.filter((line) => line.startsWith('kill '))).to.have.length(12)
  })
})
