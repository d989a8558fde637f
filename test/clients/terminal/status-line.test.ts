import { expect } from 'chai'
import { StatusLine } from '../../../clients/terminal/status-line.ts'
import { CapturedStream } from '../../support/captured-stream.ts'

const ERASE = '\r\u001b[K'

describe('StatusLine', () => {
  let output: CapturedStream & { columns?: number }
  let line: StatusLine
  beforeEach(() => {
    output = new CapturedStream({ isTTY: true })
    line = new StatusLine(output)
  })

  it('is written over, and not where nothing changes', () => {
    line.set('one')
    line.set('one')
    line.set('two')
    line.set('')
    expect(output.text).to.equal(`${ERASE}one${ERASE}two${ERASE}`)
  })

  it('never touches the edge of the terminal', () => {
    output.columns = 10
    line.set('0123456789')
    expect(output.text).to.equal(`${ERASE}01234567…`)
  })

  it('makes room for what is written above it', () => {
    line.printAbove(() => output.write('first\n'))
    line.set('line')
    expect(line.printAbove(() => output.write('second\n'))).to.equal(true)
    expect(output.text).to.equal(`first\n${ERASE}line${ERASE}second\nline`)
  })
})
