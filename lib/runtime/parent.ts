/**
 * The messages between a service and the program that started it as its child, over the channel that Node.js opens
 * between the two (`stdio: 'ipc'`).
 *
 * The child says once how its start went; an open channel says that the parent is alive and wants it to run. A service
 * that nobody started as a child, as in a container, has no such channel: then nothing here does anything.
 *
 * @module
 */
import { type ErrorCode, SottoError } from '../errors.ts'

/** What a service serves, and where. */
export interface Serving {
  /** The addresses that the service listens on, by what it serves there: HOST:PORT; undefined where it does not. */
  readonly addresses: Readonly<Record<string, string | undefined>>
  /** The authority of the installation, of the service that keeps it: the file of its certificate, and SHA-256 of that. */
  readonly authority?: { readonly file: string; readonly fingerprint: string }
}

/** A child serves. */
export interface ReadyReport extends Serving {
  readonly state: 'ready'
}

/** The result of a child's start. */
export type StartReport =
  | ReadyReport
  | {
      readonly state: 'failed'
      readonly code: ErrorCode
      readonly message: string
      readonly hint: string | undefined
    }

/** Tell the parent, if there is one, that this service is up. */
export function reportReady({ addresses, authority }: Serving): void {
  report({ state: 'ready', addresses, ...(authority && { authority }) })
}

/** Tell the parent, if there is one, why this service did not start. */
export function reportFailure({ code, message, hint }: SottoError): void {
  report({ state: 'failed', code, message, hint })
}

/**
 * A signal that the parent has gone, or asks to stop by closing the channel; it never fires where there is no parent.
 */
export function parentGone(): AbortSignal {
  const gone = new AbortController()
  const notify = () =>
    gone.abort(new SottoError('ERR_INTERRUPTED', 'the program that started this one stops it, or has gone'))
  // Without a parent it is undefined; false means that the channel was closed before anybody listened.
  if (process.connected === false) notify()
  process.once('disconnect', notify)
  // Listening alone must not keep a process alive that has nothing else to do.
  process.channel?.unref()
  return gone.signal
}

function report(message: StartReport): void {
  // A parent that has gone meanwhile is told of by the 'disconnect' event, not by an error here.
  process.send?.(message, undefined, undefined, () => {})
}
