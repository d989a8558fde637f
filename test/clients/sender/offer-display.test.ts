import { expect } from 'chai'
import { Output } from '../../../clients/command/output.ts'
import { OfferDisplay } from '../../../clients/sender/offer-display.ts'
import type { Transfer } from '../../../clients/store/transfers/transfer.ts'
import { StatusLine } from '../../../clients/terminal/status-line.ts'
import { CapturedStream } from '../../support/captured-stream.ts'
import { FakeClock } from '../../support/clock.ts'

const GIVEN: Transfer = {
  id: 'ab'.repeat(16),
  contact: 'bob',
  direction: 'uploading',
  name: 'report.pdf',
  files: undefined,
  size: 10_000_000,
  state: 'offered',
  position: 0,
  path: '/home/alice/report.pdf',
  at: new Date(0),
}

describe('OfferDisplay', () => {
  function open({ json = false, isTTY = false }) {
    const [output, errors] = [new CapturedStream(), new CapturedStream({ isTTY })]
    const clock = new FakeClock()
    const statusLine = isTTY ? new StatusLine(errors) : undefined
    const shown = new Output({ output, errors, json, trace: false, bottomLine: statusLine })
    const display = new OfferDisplay({ output: shown, statusLine, json, clock })
    /** Let 10 MB flow in ten seconds. */
    const flow = (transfer = GIVEN) => {
      for (let position = 0; position <= GIVEN.size; position += 100_000) {
        display.changed({ ...transfer, state: 'accepted', position })
        clock.advance(100)
      }
    }
    return { output, errors, display, flow }
  }

  it('has a line for each step where nobody watches', () => {
    const { output, errors, display, flow } = open({})
    using _display = display
    display.changed(GIVEN)
    flow()
    display.changed({ ...GIVEN, state: 'received', position: GIVEN.size })
    const steps = ['offered', 'accepted', 'received']
    expect(errors.text).to.equal(steps.map((step) => `sotto: to bob: report.pdf, 10 MB, ${step}\n`).join(''))
    expect(output.text).to.equal('')
  })

  it('has an object for each step, and one a second of what flows', () => {
    const { output, errors, display, flow } = open({ json: true })
    using _display = display
    display.changed(GIVEN)
    flow()
    display.changed({ ...GIVEN, state: 'received', position: GIVEN.size })
    const lines = output.text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
    expect(lines.map(({ state }) => state).filter((state) => state !== 'accepted')).to.deep.equal([
      'offered',
      'received',
    ])
    const positions = lines.flatMap(({ state, position }) => (state === 'accepted' ? [position] : []))
    expect(positions).to.deep.equal(Array.from({ length: 11 }, (_, second) => second * 1_000_000))
    expect(errors.text).to.equal('')
  })

  it('has no more of what others offer', () => {
    const { output, display, flow } = open({ json: true })
    using _display = display
    flow({ ...GIVEN, direction: 'downloading' })
    expect(output.text.split('\n').slice(0, -1)).to.have.length(11)
  })

  it('writes a line over and over where a person watches, and leaves the end standing above it', () => {
    const { errors, display, flow } = open({ isTTY: true })
    display.changed(GIVEN)
    flow()
    display.changed({ ...GIVEN, id: 'cd'.repeat(16), name: 'other', state: 'received' })
    const row = 'to bob: report.pdf, 10 of 10 MB (100 %), '
    expect(errors.text).to.match(new RegExp(`^sotto: to bob: other, 10 MB, received\\n\\r\\S*K${RegExp.escape(row)}`))
    display[Symbol.dispose]()
    expect(errors.text.endsWith('\r\u001b[K')).to.equal(true)
  })

  it('tells of what the other side offers, and does not wait for it', () => {
    const { errors, display } = open({ isTTY: true })
    using _display = display
    display.changed({ ...GIVEN, direction: 'downloading' })
    expect(errors.text).to.equal('sotto: from bob: report.pdf, 10 MB, offered\n')
  })
})
