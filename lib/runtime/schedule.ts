/**
 * Schedules work for later. It is passed as an argument, so that a test can let the time pass.
 *
 * @module
 */

/** Run something after so many milliseconds, unless that is cancelled. */
export type Schedule = (ms: number, run: () => void) => { cancel(): void }

/** The schedule of real time. It keeps no process alive. */
export const schedule: Schedule = (ms, run) => {
  const timer = setTimeout(run, ms).unref()
  return { cancel: () => clearTimeout(timer) }
}

/** The process lives until then. */
export const scheduleRef: Schedule = (ms, run) => {
  const timer = setTimeout(run, ms)
  return { cancel: () => clearTimeout(timer) }
}
