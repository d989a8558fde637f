import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { SharedTerminal } from '../../cli/shared-terminal.ts'
import { CapturedStream } from '../support/captured-stream.ts'

describe('SharedTerminal', () => {
  /** Two desks at a terminal, and what each of them read. */
  function twoDesks() {
    const input = new PassThrough()
    const output = Object.assign(new CapturedStream(), { columns: 80, rows: 24 })
    const terminal = new SharedTerminal(input, output)
    const desks = [terminal.desk(), terminal.desk()] as const
    const typed = desks.map((desk) => {
      const read: string[] = []
      desk.input.on('data', (bytes: Buffer) => void read.push(bytes.toString()))
      return read
    })
    return { input, output, terminal, desks, typed }
  }

  it('gives what is typed to the one that is shown, and turns to the other at Ctrl-O', async () => {
    const { input, desks, typed } = twoDesks()
    const turned: string[] = []
    for (const [index, { output }] of desks.entries()) output.on('resize', () => void turned.push(`${index}`))
    input.write('to the first\u000fto the second\u000f\u000f')
    input.write('again')
    await new Promise(setImmediate)
    expect(typed.map((read) => read.join(''))).to.deep.equal(['to the first', 'to the secondagain'])
    expect(turned).to.deep.equal(['1', '0', '1'])
  })

  for (const which of ['input', 'output'] as const) {
    it(`lets both leave where the terminal is closed under them, and its ${which} fails`, async () => {
      const terminal = twoDesks()
      const ended = terminal.desks.map(({ input }) => once(input, 'end'))
      terminal[which].destroy(new Error('EIO'))
      await Promise.all(ended)
    })
  }

  it('lets only the one draw that is shown, and tells that one alone of another size', async () => {
    const { input, output, desks, terminal } = twoDesks()
    const resized: number[] = []
    for (const [index, desk] of desks.entries()) desk.output.on('resize', () => void resized.push(index))
    desks[0].output.write('a')
    desks[1].output.write('b')
    output.columns = 50
    output.emit('resize')
    await new Promise(setImmediate)
    expect(output.text).to.equal('a')
    expect([desks[1].output.columns, desks[1].output.rows, resized]).to.deep.equal([50, 24, [0]])
    terminal.close()
    output.emit('resize')
    input.write('x')
    expect(resized).to.deep.equal([0])
  })
})
