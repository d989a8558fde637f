import { expect } from 'chai'
import { FileStatusState } from '#gen/sotto/peer/v1/record.ts'
import { shortId } from '../../../clients/files/report/file-events.ts'
import { EventWords } from '../../../clients/history/event-words.ts'
import { offered, statusOf } from '../../support/file-events.ts'
import { incomingText } from '../../support/stores.ts'

describe('EventWords', () => {
  it('tells what is offered, and of the same offer what has become of it', () => {
    const words = new EventWords()
    const [file, folder] = [offered({ 'report.pdf': 3_400_000 }), offered({ 'all/a': 1, 'all/b/': 0 })]
    expect(words.of(file)).to.deep.equal({ label: 'file', text: 'report.pdf, 3.4 MB' })
    expect(words.of(folder)).to.deep.equal({ label: 'file', text: 'all/ with 1 file, 1 B' })
    expect(words.of(statusOf(file, 'RECEIVED'))).to.deep.equal({ label: 'file', text: 'report.pdf received' })
    expect(words.of(statusOf(folder, 'DECLINED'))).to.deep.equal({ label: 'file', text: 'all/ declined' })
  })

  it('names an offer that was not shown by its id', () => {
    const offer = offered({ a: 1 })
    expect(new EventWords().of(statusOf(offer, 'ACCEPTED')).text).to.equal(`${shortId(offer.eventId)} accepted`)
  })

  it('has a sentence for every state of an offer', () => {
    const offer = offered({ a: 1 })
    const words = new EventWords()
    words.of(offer)
    const states = Object.keys(FileStatusState) as (keyof typeof FileStatusState)[]
    const told = states.filter((state) => state !== 'UNSPECIFIED').map((state) => words.of(statusOf(offer, state)).text)
    expect(new Set(told).size).to.equal(states.length - 1)
  })

  it('gives a message as it is, without a label', () => {
    expect(new EventWords().of(incomingText('hello\u001b'))).to.deep.equal({ label: undefined, text: 'hello\u001b' })
  })
})
