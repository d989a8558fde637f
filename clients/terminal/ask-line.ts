/**
 * A question that a person answers with a line that they see as they type it.
 *
 * @module
 */
import { createInterface } from 'node:readline/promises'
import { SottoError } from '#lib/errors.ts'

/**
 * Ask a person at a terminal.
 *
 * @param question - Without the colon.
 * @returns the line, without spaces around; empty where the input ends without one.
 * @throws SottoError `ERR_INTERRUPTED` on Ctrl-C; what the signal was aborted with.
 */
export async function askLine(
  question: string,
  { input, output, signal }: { input: NodeJS.ReadableStream; output: NodeJS.WritableStream; signal: AbortSignal },
): Promise<string> {
  const lines = createInterface({ input, output, terminal: true, historySize: 0 })
  const interrupted = new AbortController()
  lines.on('SIGINT', () => interrupted.abort(new SottoError('ERR_INTERRUPTED', 'interrupted')))
  lines.on('close', () => interrupted.abort())
  try {
    return (await lines.question(`${question}: `, { signal: AbortSignal.any([signal, interrupted.signal]) })).trim()
  } catch (error) {
    output.write('\n')
    signal.throwIfAborted()
    if (interrupted.signal.reason instanceof SottoError) throw interrupted.signal.reason
    if (interrupted.signal.aborted) return ''
    throw error
  } finally {
    lines.close()
  }
}
