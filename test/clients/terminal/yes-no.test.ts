import { Readable } from 'node:stream'
import { expect } from 'chai'
import { isYes } from '../../../clients/terminal/yes-no.ts'
import { CapturedStream } from '../../support/captured-stream.ts'

describe('isYes', () => {
  it('takes y and yes for it, and nothing else', async () => {
    const answers = ['y', 'YES\nno', ' yes ', 'n', 'yes please', '\n', '\ny']
    const output = new CapturedStream()
    const taken = await Promise.all(answers.map((answer) => isYes('Sure? ', Readable.from([answer]), output)))
    expect(taken).to.deep.equal([true, true, true, false, false, false, false])
    expect(output.text).to.equal('Sure? '.repeat(answers.length))
  })

  it('takes an input that ends for a no, and ends the line of the question', async () => {
    const output = new CapturedStream()
    expect(await isYes('Sure? ', Readable.from([]), output)).to.equal(false)
    expect(output.text).to.equal('Sure? \n')
  })
})
