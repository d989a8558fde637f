import { expect } from 'chai'
import { environmentOf } from '../../../support/environment.ts'
import { TestProcess } from '../../../support/processes.ts'

const MODULE = new URL('../../../../lib/runtime/memory/young-objects.ts', import.meta.url).href

/** Run a program. @returns what it prints. */
async function outputOf(run: string, ...options: string[]): Promise<string> {
  const program = `
    import { setTimeout } from 'node:timers/promises'
    import { Script } from 'node:vm'
    import { keepObjectsYoung } from '${MODULE}'
    ${run}`
  const child = new TestProcess(process.execPath, [...options, '--input-type=module', '--eval', program], {
    env: environmentOf(''),
  })
  expect(await child.ended, child.errors.text).to.equal(0)
  return child.output.text
}

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
    expect(await tenures('keepObjectsYoung(1); await setTimeout(50)')).to.equal(false)
  })

  it('leaves the flags of V8 as they were at its end: code that is kept then is taken by other processes', async () => {
    const source = 'function answer() { return 42 }; answer()'
    const code = await outputOf(`
      const young = keepObjectsYoung(1)
      await setTimeout(50)
      young[Symbol.dispose]()
      console.log(new Script(${JSON.stringify(source)}).createCachedData().toString('base64'))`)
    const output = await outputOf(`
      const cachedData = Buffer.from('${code.trim()}', 'base64')
      console.log(new Script(${JSON.stringify(source)}, { cachedData }).cachedDataRejected)`)
    expect(output).to.equal('false\n')
  })
})
