/**
 * Gives memory back to the system once a process has come to rest.
 *
 * What a start or a flood took, V8 keeps as room for more: it looks for garbage as new objects are made, and whoever rests
 * makes none.
 *
 * @module
 */
import { performance } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { collect, collectWithCode } from './collector.ts'

/** How often to look whether the process rests, in milliseconds. */
const LOOK_MS = 1_000

/**
 * How many looks in a row have to find that it rests: at first, and again. What is given back has to be taken anew, and code that
 * was optimized for it be optimized again, half a second of work: whoever pauses for a moment is better off with it.
 */
const [LOOKS_AT_FIRST, LOOKS_AGAIN] = [1, 10]

/** The largest share of the time between two looks in which a process that rests does anything. */
const REST_UTILIZATION = 0.05

/** How much longer a process has to have worked since the last time than that took: it costs a twentieth of the work at most. */
const WORK_FACTOR = 20

/**
 * The largest heap that is looked through, in bytes, as it was when least garbage was in it. All stands still meanwhile: some
 * 25 ms with 4 MB of objects, 0.1 s with 26 and 0.4 s with 110, on a busy machine.
 */
const MOST_HEAP_BYTES = 128 * 1024 * 1024

/**
 * From now on, give memory back whenever the process has rested for a look, later for ten, and has worked since the last time.
 * It keeps no process alive.
 *
 * @returns what ends it.
 */
export function giveBackMemoryAtRest(lookMs = LOOK_MS): Disposable {
  /** How long the process is to have worked in all, in milliseconds, before it is done again. */
  let dueAtMs = 0
  /** How many looks in a row have found that it rests, and how many have to. */
  let [rested, due] = [0, LOOKS_AT_FIRST]
  let before = performance.eventLoopUtilization()
  /** The smallest heap since it was done: what a flood leaves is garbage for the most part, and costs nothing. */
  let leastHeapBytes = heapBytes()
  const look = () => {
    leastHeapBytes = Math.min(leastHeapBytes, heapBytes())
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    rested = utilization > REST_UTILIZATION ? 0 : rested + 1
    if (rested < due || now.active < dueAtMs || leastHeapBytes > MOST_HEAP_BYTES) return
    const beganMs = performance.now()
    // At first, what is compiled is of the start for the most part, and not needed again.
    if (due === LOOKS_AT_FIRST) collectWithCode()
    else collect({ type: 'major', flavor: 'last-resort' })
    due = LOOKS_AGAIN
    const tookMs = performance.now() - beganMs
    dueAtMs = now.active + (1 + WORK_FACTOR) * tookMs
    before = performance.eventLoopUtilization()
    leastHeapBytes = heapBytes()
  }
  const timer = setInterval(look, lookMs).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** The heap with all garbage that is not found yet. */
function heapBytes(): number {
  return getHeapStatistics().used_heap_size
}
