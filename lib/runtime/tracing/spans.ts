/**
 * Spans: a call at one end of it, as a trace has it. There are none, and a call pays for one look at a variable, unless
 * something has been set that makes them (tracing.ts).
 *
 * @module
 */

/** One call, at one end of it. */
export interface CallSpan {
  /** The header of that name (W3C Trace Context), by which the other end goes on with the trace. */
  readonly traceparent: string
  /** Say that the call is over. @param outcome - How it ended. Nothing of it but what {@link SpanOutcome} has is kept. */
  end(outcome: SpanOutcome): void
}

export interface SpanOutcome {
  /** The name of the gRPC status. */
  readonly status: string
  /** Our code for a failure. */
  readonly code?: string | undefined
}

/** Makes spans of calls. They carry methods, request ids and outcomes: no names, no addresses, nothing of a message. */
export interface Tracing {
  /**
   * Begin the span of a call that this process makes.
   *
   * @param requestId - It belongs to the call that this process serves under the same id, if it serves one.
   */
  make(path: string, requestId: string): CallSpan
  /**
   * Begin the span of a call that this process serves.
   *
   * @param traceparent - As the caller gave it, whatever that is.
   */
  serve(path: string, requestId: string, traceparent: string | undefined): CallSpan
  /** Send what is left. */
  stop(): Promise<void>
}

/** Calls of services of ours; health checks and the like are in no trace. */
const TRACED = /^\/sotto\./

let tracing: Tracing | undefined

/** Have spans made from now on, or no more. */
export function traceWith(made: Tracing | undefined): void {
  tracing = made
}

/** Begin the span of a call that this process makes; undefined where there are no traces. */
export function spanOfMade(path: string, requestId: string): CallSpan | undefined {
  return tracing !== undefined && TRACED.test(path) ? tracing.make(path, requestId) : undefined
}

/** Begin the span of a call that this process serves; undefined where there are no traces. */
export function spanOfServed(path: string, requestId: string, traceparent: string | undefined): CallSpan | undefined {
  return tracing !== undefined && TRACED.test(path) ? tracing.serve(path, requestId, traceparent) : undefined
}
