import { expect } from 'chai'
import { array, assert, integer, property } from 'fast-check'
import { MessageProgress } from '#lib/rpc/sockets/guard/message-progress.ts'
import { framed } from '../../../../support/raw-call.ts'

/** After each byte of something, whether a message is under way and how many have begun. */
function byteByByte(bytes: Uint8Array): [boolean, number][] {
  const progress = new MessageProgress()
  return [...bytes].map((byte) => {
    progress.push(Uint8Array.of(byte))
    return [progress.isInside, progress.begun]
  })
}

describe('MessageProgress', () => {
  it('is in a message from its first byte until its last', () => {
    const states = byteByByte(framed(Buffer.alloc(3)))
    expect(states.slice(0, -1)).to.deep.equal(Array(7).fill([true, 1]))
    expect(states.at(-1)).to.deep.equal([false, 1])
  })

  it('takes an empty message as whole with its head', () => {
    expect(byteByByte(framed(Buffer.alloc(0))).at(-1)).to.deep.equal([false, 1])
  })

  it('takes no length as too large', () => {
    const progress = new MessageProgress()
    progress.push(framed(Buffer.alloc(1_000), 0, 2 ** 32 - 1))
    expect([progress.isInside, progress.begun]).to.deep.equal([true, 1])
  })

  it('sees the same, wherever the bytes are split', () => {
    const lengths = array(integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 8 })
    const cuts = array(integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 })
    void assert(
      property(lengths, cuts, integer({ min: 0, max: 5 }), (sizes, pieces, missing) => {
        const all = Buffer.concat(sizes.map((size) => framed(Buffer.alloc(size, 0xff))))
        const bytes = all.subarray(0, all.length - missing)
        const progress = new MessageProgress()
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const end = at + (pieces[turn % pieces.length] ?? 1)
          progress.push(bytes.subarray(at, end))
          at = end
        }
        expect([progress.isInside, progress.begun]).to.deep.equal(byteByByte(bytes).at(-1) ?? [false, 0])
      }),
    )
  })
})
