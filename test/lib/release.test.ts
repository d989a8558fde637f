import { expect } from 'chai'
import { release } from '#lib/release.ts'

describe('release', () => {
  const half = Buffer.poolSize / 2

  it('empties bytes that have memory of their own, and what framing lies in front of', () => {
    const [alone, framed] = [Buffer.alloc(half), Buffer.alloc(half + 16).subarray(16)]
    for (const bytes of [alone, framed]) release(bytes)
    expect([alone.length, framed.length]).to.deep.equal([0, 0])
    release(alone)
  })

  it('leaves alone what shares its memory with others, at either end, and what may lie in the pool', () => {
    const shared = [
      Buffer.alloc(half + 17).subarray(17),
      Buffer.alloc(half + 1).subarray(0, half),
      Buffer.from(new SharedArrayBuffer(half)),
    ]
    const pooled = Array.from({ length: 100 }, () => Buffer.allocUnsafe(half - 1).fill(7))
    for (const bytes of [...shared, ...pooled]) release(bytes)
    expect(shared.map(({ length }) => length)).to.deep.equal([half, half, half])
    for (const bytes of pooled) expect(bytes.every((byte) => byte === 7)).to.equal(true)
  })
})
