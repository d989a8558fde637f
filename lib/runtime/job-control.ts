/**
 * Ctrl-Z while a terminal is in raw mode, where it is a key like others and no signal comes of it.
 *
 * @module
 */

/** The terminal that the key came from. */
export interface RawInput {
  setRawMode?(isRaw: boolean): unknown
}

/** What is needed of the process. */
export type JobProcess = Pick<NodeJS.Process, 'kill' | 'once'>

/** In kill(2): every process of the caller's own group. */
const OWN_GROUP = 0

/**
 * Stop as the terminal itself would: with the whole process group. npm, or the launcher in bin/, may stand between this
 * process and the shell; if they went on, the shell would never get the terminal back.
 *
 * @param onResumed - Called when the program goes on, in raw mode again.
 */
export function suspend(input: RawInput, onResumed: () => void, job: JobProcess = process): void {
  job.once('SIGCONT', () => {
    input.setRawMode?.(true)
    onResumed()
  })
  input.setRawMode?.(false)
  job.kill(OWN_GROUP, 'SIGTSTP')
}
