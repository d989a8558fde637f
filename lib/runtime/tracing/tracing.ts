/**
 * Traces: the calls that one call led to, in whatever processes, and how long each took.
 *
 * Off unless somebody starts them; what makes and sends them is loaded only then.
 *
 * @module
 */
import { invalidSettings } from '../environment.ts'
import { withTimeout } from '../with-timeout.ts'

/** Where a program's traces go: `SOTTO_TRACES`. */
export const TRACE_MODES = ['off', 'otlp'] as const
export type TraceMode = (typeof TRACE_MODES)[number]

/** How long the end of a program waits for what is left to be sent, in milliseconds. */
const FLUSH_MS = 2_000

/** Read `SOTTO_TRACES`. @throws SottoError `ERR_CONFIG` if it is no mode. */
export function traceModeOf(text: string | undefined): TraceMode {
  if (text === undefined) return 'off'
  const mode = TRACE_MODES.find((each) => each === text)
  if (mode === undefined) throw invalidSettings([`SOTTO_TRACES: expected ${TRACE_MODES.join(' or ')}`])
  return mode
}

/**
 * Trace from now on.
 *
 * @param name - The program, unless `OTEL_SERVICE_NAME` says otherwise.
 * @param onFailure - Told why spans could not be sent.
 */
export async function startTracing(
  mode: TraceMode,
  name: string,
  onFailure: (message: string) => void = () => {},
): Promise<AsyncDisposable> {
  if (mode === 'off') return { async [Symbol.asyncDispose]() {} }
  const [{ createOtlpTracing }, { traceWith }] = await Promise.all([import('./otlp.ts'), import('./spans.ts')])
  const started = createOtlpTracing(name, onFailure)
  traceWith(started)
  return {
    async [Symbol.asyncDispose]() {
      traceWith(undefined)
      await withTimeout(started.stop(), FLUSH_MS)
    },
  }
}
