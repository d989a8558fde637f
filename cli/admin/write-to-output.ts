/**
 * Output that must have gone its way before a command goes on.
 *
 * @module
 */
import { outputFailure } from '../../clients/terminal/output-watch.ts'

/**
 * Write to standard output, and wait until all of it has gone there.
 *
 * @param hint - Of the error, in place of the one that it has otherwise.
 * @throws SottoError `ERR_OUTPUT` if it takes no more, be it because nobody reads any more.
 */
export function writeToOutput(text: string | Uint8Array, hint?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (cause) => (cause ? reject(outputFailure(cause, hint)) : resolve()))
  })
}
