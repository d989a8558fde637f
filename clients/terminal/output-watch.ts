/**
 * Watches for standard output that takes no more, for every command alike: a stream reports that at any time.
 *
 * A reader that has gone away, as in `sotto contacts | head -1`, has seen what it wanted: that is no failure. A full
 * disk is one.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'

/** The part of a stream that this is about. */
export type WatchedOutput = Pick<NodeJS.WritableStream, 'on' | 'off' | 'write'> & {
  readonly isTTY?: boolean | undefined
}

export class OutputWatch implements Disposable {
  readonly #output: WatchedOutput
  #cause: Error | undefined

  /** Watch a stream: from now on no failure of it ends the process. */
  constructor(output: WatchedOutput) {
    this.#output = output
    output.on('error', this.#onError)
  }

  readonly #onError = (cause: Error): void => {
    this.#cause ??= cause
  }

  /**
   * Wait until all that was written has gone its way, or has failed.
   *
   * @returns `ERR_OUTPUT` if something has failed that somebody would have read.
   */
  async settle(): Promise<SottoError | undefined> {
    const { promise, resolve } = Promise.withResolvers<void>()
    // A stream tells of a failure after it has called back.
    this.#output.write('', () => setImmediate(resolve))
    await promise
    if (this.#cause === undefined || isReaderGone(this.#cause, this.#output)) return undefined
    return outputFailure(this.#cause)
  }

  [Symbol.dispose](): void {
    this.#output.off('error', this.#onError)
  }
}

/** Whether the failure is that nobody reads any more: the other end of a pipe, or the terminal, is closed. */
export function isReaderGone(cause: unknown, { isTTY }: Pick<WatchedOutput, 'isTTY'>): boolean {
  if (!(cause instanceof Error && 'code' in cause)) return false
  return cause.code === 'EPIPE' || (isTTY === true && cause.code === 'EIO')
}

/** The error for any other failure to write, which also says that output is missing. */
export function outputFailure(
  cause: unknown,
  hint = 'what was written so far is not all; check the disk that it goes to',
): SottoError {
  return new SottoError('ERR_OUTPUT', 'standard output takes no more', { cause, hint })
}
