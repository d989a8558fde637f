/**
 * What is done some time later, as an argument: a test lets the time pass.
 *
 * @module
 */

/** Run something after so many milliseconds, unless that is cancelled. */
export type Later = (ms: number, run: () => void) => { cancel(): void }

/** It keeps no process alive. */
export const later: Later = (ms, run) => {
  const timer = setTimeout(run, ms).unref()
  return { cancel: () => clearTimeout(timer) }
}

/** The process lives until then. */
export const laterForSure: Later = (ms, run) => {
  const timer = setTimeout(run, ms)
  return { cancel: () => clearTimeout(timer) }
}
