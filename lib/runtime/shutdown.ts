/**
 * Stopping on SIGINT, SIGTERM and, where there is a terminal to hang up, SIGHUP.
 *
 * Under nohup SIGHUP is ignored when a program starts, and is to stay so. Node.js takes that back before any JavaScript
 * runs (ResetSignalHandlers in src/node.cc), so that it cannot be seen in /proc either. What can be seen is what nohup
 * does beside it: no standard stream is a terminal. A program without one loses nothing by a hangup, and goes on.
 *
 * @module
 */
import { isatty } from 'node:tty'
import { SottoError } from '../errors.ts'
import { type Clock, systemClock } from './clock.ts'

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * `npm run` and a terminal both pass Ctrl-C on, so it arrives twice: the same signal again within this time, in
 * milliseconds, is the same wish.
 */
const ECHO_MS = 500

/** The exit code of a program that was told to stop twice, as shells give it for SIGINT. */
const EXIT_INTERRUPTED = 130

export interface StopListener {
  /** Resolves with the first signal. */
  readonly stopped: Promise<NodeJS.Signals>
  /** The signal of the first stop, aborted with `ERR_INTERRUPTED`. */
  readonly signal: AbortSignal
  /** Listen no more. */
  dispose(): void
}

export interface StopOptions {
  /** Whether SIGHUP is a wish to stop; where a standard stream is a terminal unless set. */
  readonly hasTerminal?: boolean
  /** Ends the process; `process.exit` unless set. */
  readonly exit?: (code: number) => void
  /** Tells an echo; the machine's clock unless set. */
  readonly clock?: Clock
}

/** Listen for the wish to stop. The first signal is told; another one, later than an echo, ends the process at once. */
export function listenForStop(options: StopOptions = {}): StopListener {
  const { exit = (code) => process.exit(code), clock = systemClock, hasTerminal = [0, 1, 2].some(isatty) } = options
  const abort = new AbortController()
  const { promise: stopped, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let first: { signal: NodeJS.Signals; atMs: number } | undefined
  const onSignal = (signal: NodeJS.Signals) => {
    // Without a listener it would end the process.
    if (signal === 'SIGHUP' && !hasTerminal) return
    const nowMs = clock.monotonicMs()
    if (first === undefined) {
      first = { signal, atMs: nowMs }
      abort.abort(new SottoError('ERR_INTERRUPTED', 'interrupted'))
      resolve(signal)
    } else if (signal !== first.signal || nowMs - first.atMs > ECHO_MS) exit(EXIT_INTERRUPTED)
  }
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal)
  return {
    stopped,
    signal: abort.signal,
    dispose() {
      for (const signal of STOP_SIGNALS) process.off(signal, onSignal)
    },
  }
}
