import { expect } from 'chai'
import { isKeptCodeTaken, outputOf } from './programs.ts'

const MODULE = new URL('../../../../lib/runtime/memory/give-back-memory.ts', import.meta.url).href

/**
 * What a program begins with that looks every 20 ms whether it rests: it can `grow` by 100 MB of garbage, `work` at that for so
 * many milliseconds, and `pause`.
 */
const GIVE_BACK = `
  import { constants, PerformanceObserver } from 'node:perf_hooks'
  import { giveBackMemoryAtRest } from '${MODULE}'
  const { NODE_PERFORMANCE_GC_FLAGS_ALL_AVAILABLE_GARBAGE: ALL } = constants
  const grow = () => void Array.from({ length: 20 }, () => Array.from({ length: 100_000 }, (_, index) => ({ index })))
  const work = (ms) => {
    for (const endMs = performance.now() + ms; performance.now() < endMs; ) grow()
  }
  // Seldom enough to be rest on a slow machine, too.
  const until = async (isSo) => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const pause = (ms) => {
    const endMs = performance.now() + ms
    return until(() => performance.now() > endMs)
  }
  let collections = 0
  new PerformanceObserver((list) => {
    if (list.getEntries().some(({ detail }) => (detail.flags & ALL) !== 0)) collections += 1
  }).observe({ entryTypes: ['gc'] })
  giveBackMemoryAtRest(20)`

/** Run such a program. @returns what it prints. */
function printedBy(run: string): Promise<string> {
  return outputOf(`${GIVE_BACK}
    ${run}
    process.exit()`)
}

describe('giveBackMemoryAtRest', () => {
  it('gives back what a process has grown by when it comes to rest', async () => {
    const output = await printedBy(`
      grow()
      const grown = process.memoryUsage.rss()
      await until(() => process.memoryUsage.rss() < 0.7 * grown)
      console.log('given back')`)
    expect(output).to.equal('given back')
  })

  it('gives back what is compiled of functions that are not called again, and they can be', async () => {
    const output = await printedBy(`
      const { getHeapCodeStatistics } = await import('node:v8')
      const compiled = () => getHeapCodeStatistics().bytecode_and_metadata_size
      const before = compiled()
      const start = Array.from({ length: 2_000 }, (_, index) => new Function('value', \`return value + \${index}\`))
      for (const each of start) each(1)
      await until(() => collections > 0)
      console.log(compiled() < before, start.at(-1)(1))`)
    expect(output).to.equal('true 2000')
  })

  it('leaves a process alone that is busy, or has done little since', async () => {
    const output = await printedBy(`
      const endMs = performance.now() + 200
      // With what follows it is more garbage than a heap that is looked through may have of what lives.
      grow()
      for (; performance.now() < endMs; await new Promise(setImmediate)) grow()
      const busy = collections
      await until(() => collections > 0)
      const rested = collections
      let looks = 0
      setInterval(() => (looks += 1), 20)
      // More than it takes to give back again.
      await until(() => looks >= 20)
      console.log(busy, collections - rested)`)
    expect(output).to.equal('0 0')
  })

  it('does so again once the process has worked', async () => {
    const output = await printedBy(`
      await until(() => collections > 0)
      while (collections === 1) {
        work(400)
        await pause(400)
      }
      console.log(collections)`)
    expect(output).to.equal('2')
  })

  it('takes no pause for rest, once it has done so', async () => {
    const output = await printedBy(`
      await until(() => collections > 0)
      for (let pauses = 0; pauses < 10; pauses += 1) {
        work(100)
        await pause(60)
      }
      console.log(collections)`)
    expect(output).to.equal('1')
  })

  it('leaves the flags of V8 as they were: code that is kept then is taken by other processes', async () => {
    expect(await isKeptCodeTaken(`${GIVE_BACK}; await until(() => collections > 0)`)).to.equal(true)
  })
})
