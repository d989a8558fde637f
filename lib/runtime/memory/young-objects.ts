/**
 * Keeps V8 from making new objects among the old ones.
 *
 * Where most of what a function makes was still in use when V8 looked for garbage, V8 makes it among the old objects from then
 * on (allocation site pretenuring). That is so of pages of messages which a reader happened to have just then, and they are no
 * less short-lived for it: but among the old ones they are found only when all is looked through, and so long they hold whatever
 * they refer to.
 *
 * @module
 */
import { setFlagsFromString } from 'node:v8'

/** How long a process has to start, in milliseconds: with other flags, V8 takes no code that is kept compiled. */
const START_MS = 1_000

/**
 * From then on, have objects made among the young ones. It keeps no process alive.
 *
 * @returns what ends it: before what was compiled is kept.
 */
export function keepObjectsYoung(startMs = START_MS): Disposable {
  const timer = setTimeout(() => setFlagsFromString('--no-allocation-site-pretenuring'), startMs).unref()
  return {
    [Symbol.dispose]() {
      clearTimeout(timer)
      setFlagsFromString('--allocation-site-pretenuring')
    },
  }
}
