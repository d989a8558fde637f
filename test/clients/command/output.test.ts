import { expect } from 'chai'
import { Output } from '../../../clients/command/output.ts'
import { CapturedStream } from '../../support/captured-stream.ts'
import { offered, statusOf } from '../../support/file-events.ts'
import { incomingText } from '../../support/stores.ts'

describe('Output', () => {
  function outputTo({ isTTY = false, json = false }) {
    const [output, errors] = [new CapturedStream({ isTTY }), new CapturedStream()]
    return { output, errors, shown: new Output({ output, errors, json, trace: false, bottomLine: undefined }) }
  }

  const offer = offered({ 'report, v2.pdf': 3_400_000 })
  const events = [incomingText('before'), offer, statusOf(offer, 'CANCELLED'), incomingText('after')]

  it('keeps files out of what people read, for whoever follows transfers tells of them', async () => {
    for (const isTTY of [false, true]) {
      const { output, errors, shown } = outputTo({ isTTY })
      await shown.show('bob', events)
      await shown.show('bob', [offer])
      if (isTTY) expect(output.text).to.match(/^\S*bob:\S* before\n\S*bob:\S* after\n$/)
      else expect(output.text).to.equal('before\nafter\n')
      expect(errors.text).to.equal('')
    }
  })

  it('writes files as JSON lines of their own types', async () => {
    const { output, errors, shown } = outputTo({ json: true })
    await shown.show('bob', events)
    const lines = output.text.trimEnd().split('\n')
    const [text, file, status] = lines.map((line) => JSON.parse(line))
    expect(lines).to.have.length(4)
    expect(text).to.include({ type: 'message', from: 'bob', text: 'before' })
    expect(file).to.include({ type: 'file', from: 'bob', id: offer.eventId.toString('hex'), size: 3_400_000 })
    expect(file.entries).to.have.length(1)
    expect(status).to.include({ type: 'fileStatus', from: 'bob', file: file.id, status: 'cancelled' })
    expect(errors.text).to.equal('')
  })
})
