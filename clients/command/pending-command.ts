/**
 * A command that is under way.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import { ExitCode } from './exit-codes.ts'

/** The longest that a timer of Node.js waits, in milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Keeps the process alive until a command settles, whatever it waits for: a timer or a connection of a library may not
 * do so, and Node.js would then end in the middle, in silence. An end in the middle that comes all the same is reported
 * as a fault.
 */
export class PendingCommand implements Disposable {
  readonly #handle = setInterval(() => {}, LONGEST_TIMER_MS)
  readonly #onExit: (code: number) => void

  /** @param report - Tells the fault, and gives the exit code that it ends with. */
  constructor(report: (error: SottoError) => number) {
    this.#onExit = (code) => {
      // Whoever pressed Ctrl-C twice did not want to wait for it.
      if (code !== ExitCode.Interrupted) process.exitCode = report(new SottoError('ERR_INTERNAL', ENDED_EARLY))
    }
    process.once('exit', this.#onExit)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#handle)
    process.off('exit', this.#onExit)
  }
}

const ENDED_EARLY = 'the command ended in the middle'
