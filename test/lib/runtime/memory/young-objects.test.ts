import { expect } from 'chai'
import { isKeptCodeTaken, outputOf } from './programs.ts'

const MODULE = new URL('../../../../lib/runtime/memory/young-objects.ts', import.meta.url).href

/** What a program begins with, to keep objects young from then on. */
const KEEP_YOUNG = `
  import { setTimeout } from 'node:timers/promises'
  import { keepObjectsYoung } from '${MODULE}'
  const young = keepObjectsYoung(1)
  await setTimeout(50)`

/** Make objects most of which are in use whenever V8 looks for garbage. @returns whether it makes them among the old ones. */
async function tenures(begin: string): Promise<boolean> {
  const output = await outputOf(
    `${begin}
    const make = (index) => ({ index, more: { index } })
    const held = []
    for (let turn = 0; turn < 500; turn += 1) held[turn % 20] = Array.from({ length: 2_000 }, (_, index) => make(index))`,
    // It decides where the room for new objects cannot grow.
    '--max-semi-space-size=1',
    '--trace-pretenuring-statistics',
  )
  return output.includes('=> tenure')
}

describe('keepObjectsYoung', () => {
  it('has V8 make no objects among the old ones, which it does otherwise', async () => {
    expect(await tenures('')).to.equal(true)
    expect(await tenures(KEEP_YOUNG)).to.equal(false)
  })

  it('leaves the flags of V8 as they were at its end: code that is kept then is taken by other processes', async () => {
    expect(await isKeptCodeTaken(KEEP_YOUNG)).to.equal(false)
    expect(await isKeptCodeTaken(`${KEEP_YOUNG}; young[Symbol.dispose]()`)).to.equal(true)
  })
})
