import { expect } from 'chai'
import { environmentOf } from '../../../support/environment.ts'
import { TestProcess } from '../../../support/processes.ts'

const MODULE = new URL('../../../../lib/runtime/memory/give-back-memory.ts', import.meta.url).href

/** Run a program that can `grow` by 100 MB of garbage, and looks every 20 ms whether it rests. @returns what it prints. */
async function outputOf(run: string): Promise<string> {
  const program = `
    import { constants, PerformanceObserver } from 'node:perf_hooks'
    import { Script } from 'node:vm'
    import { giveBackMemoryAtRest } from '${MODULE}'
    const { NODE_PERFORMANCE_GC_FLAGS_ALL_AVAILABLE_GARBAGE: ALL } = constants
    const grow = () => void Array.from({ length: 20 }, () => Array.from({ length: 100_000 }, (_, index) => ({ index })))
    // Seldom enough to be rest on a slow machine, too.
    const until = async (isSo) => {
      while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 50))
    }
    let collections = 0
    new PerformanceObserver((list) => {
      if (list.getEntries().some(({ detail }) => (detail.flags & ALL) !== 0)) collections += 1
    }).observe({ entryTypes: ['gc'] })
    giveBackMemoryAtRest(20)
    ${run}
    process.exit()`
  const child = new TestProcess(process.execPath, ['--input-type=module', '--eval', program], {
    env: environmentOf(''),
  })
  expect(await child.ended, child.errors.text).to.equal(0)
  return child.output.text.trim()
}

describe('giveBackMemoryAtRest', () => {
  it('gives back what a process has grown by when it comes to rest', async () => {
    const output = await outputOf(`
      grow()
      const grown = process.memoryUsage.rss()
      await until(() => process.memoryUsage.rss() < 0.7 * grown)
      console.log('given back')`)
    expect(output).to.equal('given back')
  })

  it('leaves a process alone that is busy, or has done little since', async () => {
    const output = await outputOf(`
      const endMs = performance.now() + 200
      // With what follows it is more garbage than a heap that is looked through may have of what lives.
      grow()
      for (; performance.now() < endMs; await new Promise(setImmediate)) grow()
      const busy = collections
      await until(() => collections > 0)
      const rested = collections
      let looks = 0
      setInterval(() => (looks += 1), 20)
      await until(() => looks >= 10)
      console.log(busy, collections - rested)`)
    expect(output).to.equal('0 0')
  })

  it('does so again once the process has worked', async () => {
    const output = await outputOf(`
      await until(() => collections > 0)
      while (collections === 1) {
        const endMs = performance.now() + 400
        while (performance.now() < endMs) grow()
        const restedMs = performance.now() + 400
        await until(() => performance.now() > restedMs)
      }
      console.log(collections)`)
    expect(output).to.equal('2')
  })

  it('takes no pause for rest, once it has done so', async () => {
    const output = await outputOf(`
      await until(() => collections > 0)
      for (let pauses = 0; pauses < 10; pauses += 1) {
        const endMs = performance.now() + 100
        while (performance.now() < endMs) grow()
        const pausedMs = performance.now() + 60
        await until(() => performance.now() > pausedMs)
      }
      console.log(collections)`)
    expect(output).to.equal('1')
  })

  it('leaves the flags of V8 as they were: code that is kept then is taken by other processes', async () => {
    const source = 'function answer() { return 42 }; answer()'
    const code = await outputOf(`
      await until(() => collections > 0)
      console.log(new Script(${JSON.stringify(source)}).createCachedData().toString('base64'))`)
    const output = await outputOf(`
      const cachedData = Buffer.from('${code}', 'base64')
      console.log(new Script(${JSON.stringify(source)}, { cachedData }).cachedDataRejected)`)
    expect(output).to.equal('false')
  })
})
