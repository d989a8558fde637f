import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { createScreen } from '../../../../clients/chat/screen/create-screen.ts'
import type { Entry } from '../../../../clients/chat/screen/entry.ts'
import type { Screen } from '../../../../clients/chat/screen/screen.ts'
import { CapturedStream } from '../../../support/captured-stream.ts'

const NOW = new Date(Date.UTC(2026, 10, 22, 14, 2))
const entry: Entry = { id: '1', kind: 'message', who: 'bob', own: false, time: NOW, text: 'hello' }

describe('createScreen without a terminal', () => {
  let input: PassThrough
  let output: CapturedStream
  let screen: Screen
  let submitted: unknown[]
  beforeEach(() => {
    input = new PassThrough()
    output = new CapturedStream()
    screen = createScreen({ input, output, timeZone: 'UTC', now: () => NOW })
    submitted = []
    screen.on('submit', (submission) => submitted.push(submission))
  })
  afterEach(() => screen.close())

  it('writes an entry as a line, without a prompt', () => {
    screen.setStatus({ to: 'bob', contacts: [] })
    screen.add(entry)
    screen.add({ ...entry, kind: 'file', text: 'report.pdf' })
    screen.add({ ...entry, kind: 'notice', text: 'bob is back' }, { bell: true })
    expect(output.text.split('\n')).to.deep.equal([
      '2026-11-22 14:02 bob: hello',
      '2026-11-22 14:02 bob, file: report.pdf',
      '2026-11-22 14:02 * bob is back',
      '',
    ])
  })

  it('writes one line whatever the text', () => {
    screen.add({ ...entry, text: 'one\ntwo\r\u001b[2J\u202e' })
    expect(output.text).to.equal('2026-11-22 14:02 bob: one\\ntwo\\r\\e[2J\\u{202e}\n')
  })

  it('lets no text begin at the left edge of a terminal that obeys nothing', () => {
    const dumb = Object.assign(output, { isTTY: true, columns: 40 })
    screen.add({ ...entry, text: `hello${' '.repeat(12)}2026-11-22 14:02 carol: forged` })
    expect(dumb.text.split('\n')).to.deep.equal([
      '2026-11-22 14:02 bob: hello            ',
      '  | 2026-11-22 14:02 carol: forged',
      '',
    ])
  })

  it('writes nothing again', () => {
    screen.add(entry)
    screen.change('1', { state: 'read' })
    screen.newPage()
    expect(output.text.split('\n')).to.have.lengthOf(2)
  })

  it('reads messages and commands, and leaves at the end of the input', async () => {
    const left = new Promise((resolve) => screen.once('leave', () => resolve(undefined)))
    input.end('hello\n\n/who\n@carol hi')
    await left
    expect(submitted).to.deep.equal([
      { kind: 'message', to: undefined, text: 'hello' },
      { kind: 'command', name: 'who', argument: undefined },
      { kind: 'message', to: 'carol', text: 'hi' },
    ])
  })

  it('answers a line that is neither', async () => {
    input.write('/nonsense\n')
    await output.until((text) => text.includes('\n'))
    expect(output.text).to.match(/^2026-11-22 14:02 \* .*\/nonsense.*\n$/)
    expect(submitted).to.deep.equal([])
  })

  it('leaves when the input breaks off', async () => {
    const left = new Promise((resolve) => screen.once('leave', () => resolve(undefined)))
    input.destroy(new Error('EIO'))
    await left
  })

  it('leaves when whoever reads has gone', () => {
    let left = 0
    screen.on('leave', () => {
      left += 1
    })
    output.destroy(new Error('EPIPE'))
    return new Promise<void>((resolve) => {
      output.once('close', () => {
        expect(left).to.equal(1)
        resolve()
      })
    })
  })

  it('says nothing of leaving when it is closed', () => {
    screen.on('leave', () => expect.fail('left'))
    screen.close()
  })
})
