/**
 * Gives memory back to the system once a process has come to rest.
 *
 * What a start or a flood took, V8 keeps as room for more: it looks for garbage as new objects are made, and whoever rests
 * makes none.
 *
 * @module
 */
import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** How often to look whether the process rests, in milliseconds. */
const LOOK_MS = 1_000

/** The largest share of that time in which a process that rests does anything. */
const REST_UTILIZATION = 0.05

/**
 * How much a process has to have grown since it gave back, in bytes: more than the new objects of a service have room for,
 * so that few calls are no reason. To look through all takes some 30 ms.
 */
const LEAST_BYTES = 8 * 1024 * 1024

/** The collector. Of this flavor it gives back the room that it finds; otherwise it keeps that for later. */
type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void

/**
 * From now on, give memory back whenever the process has rested for as long as that, and has grown since the last time.
 * It keeps no process alive.
 *
 * @returns what ends it.
 */
export function giveBackMemoryAtRest(lookMs = LOOK_MS): Disposable {
  let collect: Collect | undefined
  let keptBytes = 0
  let before = performance.eventLoopUtilization()
  const look = () => {
    const { utilization } = performance.eventLoopUtilization(before)
    if (utilization <= REST_UTILIZATION && process.memoryUsage.rss() >= keptBytes + LEAST_BYTES) {
      collect ??= createCollect()
      collect({ type: 'major', flavor: 'last-resort' })
      keptBytes = process.memoryUsage.rss()
    }
    before = performance.eventLoopUtilization()
  }
  const timer = setInterval(look, lookMs).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/**
 * Node.js has it where it is started with that option, and V8 in each context that is made after it. The option is taken
 * back: code that is kept compiled serves only who has the options that it was made with.
 */
function createCollect(): Collect {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as Collect
  setFlagsFromString('--no-expose-gc')
  return collect
}
