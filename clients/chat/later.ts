/**
 * What is done some time later, as an argument: a test lets the time pass.
 *
 * @module
 */

/** Run something after so many milliseconds. It keeps no process alive. */
export type Later = (ms: number, run: () => void) => { cancel(): void }

export const later: Later = (ms, run) => {
  const timer = setTimeout(run, ms).unref()
  return { cancel: () => clearTimeout(timer) }
}
