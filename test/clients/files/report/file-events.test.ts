import { expect } from 'chai'
import { FileStatusState } from '#gen/sotto/peer/v1/record.ts'
import { FileSentences, fileFields, shortId } from '../../../../clients/files/report/file-events.ts'
import { offered, statusOf } from '../../../support/file-events.ts'
import { incomingText } from '../../../support/stores.ts'

describe('FileSentences', () => {
  it('tells what is offered, and of the same offer what has become of it', () => {
    const sentences = new FileSentences()
    const [file, folder] = [offered({ 'report.pdf': 3_400_000 }), offered({ 'all/a': 1, 'all/b/': 0 })]
    expect(sentences.of(file)).to.equal('report.pdf, 3.4 MB')
    expect(sentences.of(folder)).to.equal('all/ with 1 file, 1 B')
    expect(sentences.of(statusOf(file, 'RECEIVED'))).to.equal('report.pdf received')
    expect(sentences.of(statusOf(folder, 'DECLINED'))).to.equal('all/ declined')
  })

  it('names an offer that was not shown by its id', () => {
    const offer = offered({ a: 1 })
    expect(new FileSentences().of(statusOf(offer, 'ACCEPTED'))).to.equal(`${shortId(offer.eventId)} accepted`)
  })

  it('has a sentence for every state, and for nothing else', () => {
    const offer = offered({ a: 1 })
    const sentences = new FileSentences()
    sentences.of(offer)
    const states = Object.keys(FileStatusState) as (keyof typeof FileStatusState)[]
    const told = states.filter((state) => state !== 'UNSPECIFIED').map((state) => sentences.of(statusOf(offer, state)))
    expect(new Set(told).size).to.equal(states.length - 1)
    expect(sentences.of(incomingText('hello'))).to.equal(undefined)
  })
})

describe('fileFields', () => {
  it('gives every entry of an offer', () => {
    expect(fileFields(offered({ 'all/a': 5, 'all/b/': 0 }))).to.deep.equal({
      type: 'file',
      size: 5,
      entries: [
        { path: 'all/a', size: 5, sha256: '00'.repeat(32) },
        { path: 'all/b', folder: true },
      ],
    })
  })

  it('gives the whole id of the offer with what has become of it', () => {
    const offer = offered({ a: 1 })
    const file = offer.eventId.toString('hex')
    expect(fileFields(statusOf(offer, 'SAVE_FAILED'))).to.deep.equal({
      type: 'fileStatus',
      file,
      status: 'save-failed',
    })
    expect(fileFields(incomingText('hello'))).to.equal(undefined)
  })
})
