import { stripVTControlCharacters } from 'node:util'
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
  const storedAt = new Date(0)
  const events = [incomingText('before'), offer, statusOf(offer, 'CANCELLED'), incomingText('after')]
  const messages = events.map((event) => ({ event, storedAt }))

  it('keeps files out of what people read, for whoever follows transfers tells of them', async () => {
    for (const isTTY of [false, true]) {
      const { output, errors, shown } = outputTo({ isTTY })
      await shown.show('bob', messages)
      await shown.show('bob', [{ event: offer, storedAt }])
      if (isTTY) expect(output.text).to.match(/^\S*bob:\S* before\n\S*bob:\S* after\n$/)
      else expect(output.text).to.equal('before\nafter\n')
      expect(errors.text).to.equal('')
    }
  })

  it('writes files as JSON lines of their own types', async () => {
    const { output, errors, shown } = outputTo({ json: true })
    await shown.show('bob', messages)
    const lines = output.text.trimEnd().split('\n')
    const [text, file, status] = lines.map((line) => JSON.parse(line))
    expect(lines).to.have.length(4)
    expect(text).to.include({ type: 'message', from: 'bob', text: 'before' })
    expect(text).to.include({ writtenAt: '1970-01-01T00:00:00.000Z', storedAt: '1970-01-01T00:00:00.000Z' })
    expect(file).to.include({ type: 'file', from: 'bob', id: offer.eventId.toString('hex'), size: 3_400_000 })
    expect(file.entries).to.have.length(1)
    expect(status).to.include({ type: 'fileStatus', from: 'bob', file: file.id, status: 'cancelled' })
    expect(errors.text).to.equal('')
  })

  it('lets no text begin at the left edge of a terminal, where it could pass for somebody else’s', async () => {
    const output = Object.assign(new CapturedStream({ isTTY: true }), { columns: 20 })
    const shown = new Output({ output, errors: new CapturedStream(), json: false, trace: false, bottomLine: undefined })
    await shown.show('bob', [{ event: incomingText(`hello${' '.repeat(9)}carol: forged`), storedAt }])
    expect(stripVTControlCharacters(output.text).split('\n')).to.deep.equal([
      'bob: hello         ',
      '  | carol: forged',
      '',
    ])
  })

  it('says of a message that it came by letter, to a person and to a script, and leaves it out of what is piped', async () => {
    const letter = [{ event: incomingText('hello'), storedAt, isLetter: true }]
    const [terminal, script, pipe] = [outputTo({ isTTY: true }), outputTo({ json: true }), outputTo({})]
    for (const { shown } of [terminal, script, pipe]) await shown.show('bob', letter)
    expect(stripVTControlCharacters(terminal.output.text)).to.equal('bob (by letter): hello\n')
    expect(JSON.parse(script.output.text)).to.include({ from: 'bob', letter: true, text: 'hello' })
    expect(pipe.output.text).to.equal('hello\n')
  })

  it('says to a person when it was written, where it arrived at another time', async () => {
    const { output, shown } = outputTo({ isTTY: true })
    const event = incomingText('See you at eight?', new Date(2026, 10, 20, 14, 2))
    await shown.show('bob', [{ event, storedAt: new Date(2026, 10, 20, 14, 3) }])
    await shown.show('bob', [{ event, storedAt: new Date(2026, 10, 23, 9, 1) }])
    expect(output.text.split('\n').map(stripVTControlCharacters)).to.deep.equal([
      'bob: See you at eight?',
      'bob (written 2026-11-20 14:02, arrived 2026-11-23 09:01): See you at eight?',
      '',
    ])
  })
})
