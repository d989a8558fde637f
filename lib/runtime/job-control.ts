/**
 * Stopping and going on while a terminal is in raw mode: by Ctrl-Z, which is a key like others then and sends no signal,
 * or by a signal from anywhere.
 *
 * @module
 */

/** The terminal that keys come from. */
export interface RawInput {
  setRawMode?(isRaw: boolean): unknown
}

/** The part of the process that is needed here. */
export type JobProcess = Pick<NodeJS.Process, 'kill' | 'on' | 'off'>

/** The target of kill(2) that means every process of the caller's own group. */
const OWN_GROUP = 0

/**
 * Put a terminal in raw mode again whenever the program continues after a stop, whatever caused it: a shell gives the
 * terminal its own mode meanwhile.
 *
 * @param onResumed - Called each time, in raw mode: what the terminal shows is the shell's by then.
 */
export function keepRaw(input: RawInput, onResumed: () => void, job: JobProcess = process): Disposable {
  const onContinue = (): void => {
    // Node.js believes it to be raw still, and would not set it.
    input.setRawMode?.(false)
    input.setRawMode?.(true)
    onResumed()
  }
  job.on('SIGCONT', onContinue)
  return { [Symbol.dispose]: () => void job.off('SIGCONT', onContinue) }
}

/**
 * Stop as the terminal itself would: with the whole process group. npm, or the launcher in bin/, may stand between this
 * process and the shell; if they went on, the shell would never get the terminal back. {@link keepRaw} takes it back.
 */
export function suspend(input: RawInput, job: JobProcess = process): void {
  input.setRawMode?.(false)
  job.kill(OWN_GROUP, 'SIGTSTP')
}
