import { PassThrough, Readable } from 'node:stream'
import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { inPieces } from '../../../clients/sender/pieces.ts'
import { rejection } from '../../support/rejection.ts'

const CHUNK_BYTES = 64 * 1024

/** The chunk with this number, all of whose bytes are that. */
const chunk = (number: number): Buffer => Buffer.alloc(CHUNK_BYTES, number)

describe('inPieces', () => {
  it('gives what comes in one go in few pieces, every byte of it and in order', async () => {
    const chunks = Array.from({ length: 40 }, (_, number) => chunk(number))
    const pieces = await Array.fromAsync(inPieces(Readable.from(chunks)))
    expect(Buffer.concat(pieces)).to.deep.equal(Buffer.concat(chunks))
    expect(pieces.length).to.be.at.most(10)
  })

  it('gives a line as soon as it comes, and a large chunk though nothing comes behind it', async () => {
    const input = new PassThrough()
    const pieces = inPieces(input)
    for (const bytes of [Buffer.from('hello\n'), chunk(1), Buffer.from('bye\n')]) {
      input.write(bytes)
      expect((await pieces.next()).value).to.deep.equal(bytes)
    }
    input.end()
    expect((await pieces.next()).done).to.equal(true)
  })

  it('gives what came before a failure, and then the failure', async () => {
    const input = Readable.from(
      (async function* () {
        yield chunk(1)
        throw new SottoError('ERR_STORE', 'the disk fails')
      })(),
    )
    const pieces = inPieces(input)
    expect((await pieces.next()).value).to.deep.equal(chunk(1))
    expect(await rejection(pieces.next())).to.have.property('code', 'ERR_STORE')
  })

  it('ends, with the input, for whoever wants no more', async () => {
    const input = new PassThrough()
    const pieces = inPieces(input)
    input.write('hello\n')
    await pieces.next()
    await pieces.return()
    expect(input.destroyed).to.equal(true)
  })
})
