import { mock } from 'node:test'
import { expect } from 'chai'
import { model } from '../../../../clients/web/page/model.ts'
import { upload, uploadsTo } from '../../../../clients/web/page/uploads.ts'
import { PageClient } from '../../../support/page-client.ts'

const PIECE_BYTES = 1024 * 1024

describe('upload', () => {
  let client: PageClient
  let pieces: number[]
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] })
    pieces = []
    client = new PageClient({
      putBytes({ data }) {
        if (pieces.length > 2) throw new Error('too many')
        pieces.push(data.length)
        return {}
      },
      offerFile: () => ({}),
    })
  })
  afterEach(async () => {
    model.notices = []
    await client[Symbol.asyncDispose]()
    mock.timers.reset()
  })

  it('gives a file to the client piece by piece, and has it offered', async () => {
    await upload('bob', new File([new Uint8Array(PIECE_BYTES + 3)], 'a.bin'))
    expect(pieces).to.deep.equal([PIECE_BYTES, 3])
    expect(client.calls.at(-1)).to.equal('offerFile')
    expect(model.notices).to.deep.equal([])
  })

  const unreadable = () => Promise.reject(new DOMException('it is a folder', 'NotReadableError'))
  for (const [what, read] of [
    ['cannot be read any more', unreadable],
    ['has less in it than before', async () => new ArrayBuffer(0)],
  ] as const) {
    it(`says so where a file ${what}, and offers nothing`, async () => {
      const file = new File([new Uint8Array(PIECE_BYTES + 3)], 'a.bin')
      const slice = file.slice.bind(file)
      file.slice = (start, end) =>
        start === 0 ? slice(start, end) : Object.assign(slice(start, end), { arrayBuffer: read })
      await upload('bob', file)
      expect(model.notices).to.have.length(1)
      expect(model.notices[0]).to.include({ text: 'a.bin cannot be read', contact: 'bob' })
      expect(uploadsTo('bob')).to.deep.equal([])
      expect([pieces, client.calls]).to.deep.equal([[PIECE_BYTES], ['putBytes']])
    })
  }
})
