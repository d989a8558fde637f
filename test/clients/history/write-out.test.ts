import { createWriteStream, existsSync } from 'node:fs'
import { PassThrough, Writable } from 'node:stream'
import { expect } from 'chai'
import { writeOut } from '../../../clients/history/write-out.ts'
import { CapturedStream } from '../../support/captured-stream.ts'
import { rejection } from '../../support/rejection.ts'

async function* pieces(count: number, onPiece: () => void = () => {}): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) {
    onPiece()
    yield Buffer.alloc(1_000, String(index % 10))
  }
}

describe('writeOut', () => {
  it('writes all of it, in order', async () => {
    const output = new CapturedStream()
    await writeOut(output, pieces(1_000))
    expect(output.bytes.equals(Buffer.concat(await Array.fromAsync(pieces(1_000))))).to.equal(true)
    await writeOut(output, pieces(0))
    expect(output.bytes).to.have.length(1_000_000)
  })

  it('shows every piece at once on a terminal', async () => {
    const output = new CapturedStream({ isTTY: true })
    let written = 0
    await writeOut(
      output,
      pieces(3, () => expect(output.bytes).to.have.length(1_000 * written++)),
    )
    expect(written).to.equal(3)
  })

  it('reads on only when what it wrote was taken', async () => {
    let read = 0
    const output = new PassThrough({ highWaterMark: 1 })
    const done = writeOut(
      output,
      pieces(1_000, () => (read += 1)),
    )
    await new Promise((resolve) => setImmediate(resolve))
    expect(read).to.be.within(1, 132)
    output.resume()
    await done
    expect(read).to.equal(1_000)
  })

  it('ends in peace when the reader has gone away', async () => {
    const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
    let read = 0
    const output = new Writable({ write: (_chunk, _encoding, done) => done(gone) })
    await writeOut(
      output,
      pieces(1_000, () => (read += 1)),
    )
    expect(read).to.be.below(100)
  })

  it('refuses a full disk', async function () {
    // Only Linux has one that is always full.
    if (!existsSync('/dev/full')) this.skip()
    const output = createWriteStream('/dev/full')
    expect((await rejection(writeOut(output, pieces(1)))).code).to.equal('ERR_OUTPUT')
  })
})
