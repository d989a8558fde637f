import { expect } from 'chai'
import { PostLettersRequest } from '#gen/sotto/relay/v1/mailbox_service.ts'
import { MAX_POST_BYTES } from '#lib/protocol.ts'
import { inRequests } from '../../../clients/letters/mailbox-results.ts'

const LONGEST_NAME = 'a'.repeat(32)
const SMALLEST = 1_690 + 96 + 256 + 6
const LARGEST = 65_024

const letterOf = (bytes: number, name = LONGEST_NAME) => {
  return { address: { name, sessionId: Buffer.alloc(16) }, letter: Buffer.alloc(bytes) }
}

/** The sizes of the letters in each request; none has more bytes than it may. */
function sizes(...letters: ReturnType<typeof letterOf>[]): number[][] {
  return inRequests(letters).map((request) => {
    const posted = request.map(({ address: { name, sessionId }, letter }) => ({ username: name, sessionId, letter }))
    expect(PostLettersRequest.encode({ letters: posted }).finish().length).to.be.at.most(MAX_POST_BYTES)
    return request.map(({ letter }) => letter.length)
  })
}

describe('inRequests', () => {
  it('has no request for no letter, and one for the largest', () => {
    expect(sizes()).to.deep.equal([])
    expect(sizes(letterOf(LARGEST))).to.deep.equal([[LARGEST]])
  })

  it('has as many of the smallest in one as the contract says', () => {
    const requests = sizes(...Array.from({ length: 62 }, () => letterOf(SMALLEST)))
    expect(requests.map(({ length }) => length)).to.deep.equal([31, 31])
  })

  it('has no more than 32 in one, however small they are', () => {
    const requests = sizes(...Array.from({ length: 33 }, () => letterOf(1, 'bob')))
    expect(requests.map(({ length }) => length)).to.deep.equal([32, 1])
  })

  it('keeps their order, and fills no request with what comes later', () => {
    const letters = [1, LARGEST, 2, 3, 40_000, 30_000, 4].map((bytes) => letterOf(bytes))
    expect(sizes(...letters)).to.deep.equal([[1, LARGEST, 2, 3], [40_000], [30_000, 4]])
  })
})
