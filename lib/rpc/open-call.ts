/**
 * A call that is open on a server: its request id, its signal, its place among strangers, its limits, and its one line in
 * the log.
 *
 * @module
 */
import type { Metadata, ServerInterceptingCallInterface } from '@grpc/grpc-js'
import { Code } from '#gen/google/rpc/code.ts'
import { asSottoError, isSottoError, SottoError } from '../errors.ts'
import type { Logger } from '../runtime/log.ts'
import { LIMITED, type LimitedEvent } from '../runtime/metrics/limited-events.ts'
import { type CallSpan, spanOfServed } from '../runtime/tracing/spans.ts'
import type { CallLimiter, LimitedCall } from './call-limits/call-limiter.ts'
import { logCall } from './call-log.ts'
import { bearerOf, requestIdOf, traceparentOf } from './call-metadata.ts'
import type { CallContext } from './service.ts'
import type { CallAtDoor } from './sockets/call-at-door.ts'
import type { Callers } from './sockets/callers.ts'
import type { ArrivingCall } from './sockets/guard/arriving-call.ts'
import type { ConnectionGuard } from './sockets/guard/connection-guard.ts'
import { networkOf } from './sockets/network-of.ts'
import { type OutgoingStatus, statusOf } from './status.ts'
import { statusName } from './status-table.ts'

export interface OpenCallOptions {
  readonly log: Logger
  /** The callers of all connections. */
  readonly callers: Callers
  /** The roles of which a caller's certificate must have one; undefined lets everybody in. */
  readonly onlyRoles: readonly string[] | undefined
  /** How long a call may take until its (first) request message is there whole, in milliseconds. */
  readonly firstMessageTimeoutMs: number
  /** Holds calls to their limits; undefined where there are none. */
  readonly limiter: CallLimiter | undefined
}

/**
 * The reason with which a signal is aborted once nobody waits: one object for all calls, as a stack trace takes its
 * time.
 */
const CALLER_GONE = new SottoError('ERR_CHANNEL_CUT', 'the caller has gone away')

interface Begun {
  /** The method's, as on the wire. */
  readonly path: string
  readonly isStream: boolean
  readonly native: ServerInterceptingCallInterface
  /** Ends the call with a status. */
  readonly send: ServerInterceptingCallInterface['sendStatus']
  readonly metadata: Metadata
}

/** A call under way. */
export class OpenCall {
  readonly context: CallContext
  /** Whether the caller has the role that it must have. */
  readonly isAllowed: boolean
  readonly #path: string
  readonly #send: Begun['send']
  readonly #abort = new AbortController()
  readonly #startedMs = performance.now()
  readonly #requestTimer: NodeJS.Timeout
  /** The call's place among strangers; undefined if the connection is closed already. */
  readonly #door: CallAtDoor | undefined
  readonly #guard: ConnectionGuard | undefined
  readonly #arriving: ArrivingCall | undefined
  #limited: LimitedCall | undefined
  #lastsTimer: NodeJS.Timeout | undefined
  #failure: unknown
  #account: string | undefined
  /** Undefined where there are no traces, and of a stream, which may last for days. */
  readonly #span: CallSpan | undefined
  #isOver = false

  constructor({ path, isStream, native, send, metadata }: Begun, options: OpenCallOptions) {
    const requestId = requestIdOf(metadata)
    const caller = options.callers.at(native.getConnectionInfo())
    const readRole = () => commonName(native)
    const role = options.onlyRoles === undefined ? undefined : (caller?.certificateName(readRole) ?? readRole())
    this.#path = path
    this.#span = isStream ? undefined : spanOfServed(path, requestId, traceparentOf(metadata))
    this.#send = send
    this.isAllowed = options.onlyRoles === undefined || (role !== undefined && options.onlyRoles.includes(role))
    this.context = {
      requestId,
      bearer: bearerOf(metadata),
      // The other end of the socket may be somebody who passes calls on.
      remoteAddress: caller?.address ?? '',
      peerCertificateName: role,
      caller: {
        vouch: () => this.#door?.vouch(),
        admit: () => this.#door?.admit(),
        settle: () => this.#door?.settle(),
      },
      log: options.log.child({ requestId }),
      noteAccount: (account) => {
        this.#account = account
      },
      countFor: (account, calls) => {
        this.#limited?.countFor(account, calls)
        this.#arriving?.countFor(account)
      },
      signal: this.#abort.signal,
    }
    this.#requestTimer = setTimeout(() => {
      const error = new SottoError('ERR_PEER_SILENT', 'the request did not come in time')
      this.end(error)
      caller?.late(error)
    }, options.firstMessageTimeoutMs)
    this.#guard = caller?.guard
    this.#arriving = caller?.guard.newest
    if (this.#arriving !== undefined) this.#arriving.onEvicted = (error) => this.#evict(error)
    this.#door = caller?.begin((error) => this.end(error))
    if (options.limiter !== undefined && !this.#isOver) this.#limit(options.limiter)
  }

  #limit(limiter: CallLimiter): void {
    try {
      this.#limited = limiter.begin(this.#path, networkOf(this.context.remoteAddress))
    } catch (error) {
      if (!isSottoError(error)) throw error
      this.end(error)
      return
    }
    const { lastsMs } = this.#limited
    if (lastsMs === undefined) return
    this.#lastsTimer = setTimeout(() => {
      this.end(new SottoError('ERR_UNAVAILABLE', 'the stream has lasted as long as it may', { retryAfterMs: 1_000 }))
    }, lastsMs)
  }

  #evict(error: SottoError): void {
    if (this.#isOver) return
    if (LIMITED.hasSubscribers)
      LIMITED.publish({ method: this.#path.slice(1), limit: 'held bytes' } satisfies LimitedEvent)
    this.#end(error)
  }

  /** A handler of a stream has taken a message. */
  taken(): void {
    this.#arriving?.taken()
  }

  /** Whether the caller has got its status, or gone away. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** The request, or of a stream the first message, has come whole. */
  requestArrived(): void {
    clearTimeout(this.#requestTimer)
  }

  /** Note what a handler threw, for the log line, and give the status for it. */
  fail(thrown: unknown): OutgoingStatus {
    if (!this.#isOver) this.#failure = thrown
    else if (thrown !== this.#abort.signal.reason) {
      this.context.log.debug({ rpc: this.#path.slice(1), err: thrown }, 'failed after its call was over')
    }
    return statusOf(thrown, this.#path)
  }

  /** End the call with the status for what its handler threw, behind what was sent. */
  endWith(thrown: unknown): void {
    if (this.#isOver) this.fail(thrown)
    else this.#end(thrown)
  }

  /** End the call now with the status for this error, whatever its handler does. */
  end(error: SottoError): void {
    if (!this.#isOver) this.#end(error)
  }

  #end(thrown: unknown): void {
    this.#failure = thrown
    const status = statusOf(thrown, this.#path)
    this.finish(status.code)
    this.#send(status)
    this.#abort.abort(asSottoError(thrown))
  }

  /** Write the log line; nothing is sent after this but the status. */
  finish(status: Code): void {
    this.#isOver = true
    clearTimeout(this.#requestTimer)
    clearTimeout(this.#lastsTimer)
    this.#door?.end()
    this.#limited?.end()
    if (status === Code.RESOURCE_EXHAUSTED) this.#guard?.refused()
    this.#span?.end({ status: statusName(status), code: isSottoError(this.#failure) ? this.#failure.code : undefined })
    logCall(this.context.log, {
      path: this.#path,
      remoteAddress: this.context.remoteAddress,
      status,
      durationMs: performance.now() - this.#startedMs,
      failure: this.#failure,
      account: this.#account,
    })
  }

  /** The stream is closed: after the answer, or because the caller has gone away or given up. */
  closed(): void {
    if (!this.#isOver) this.finish(Code.CANCELLED)
    this.#abort.abort(CALLER_GONE)
  }
}

/** The role in the caller's certificate, which TLS has verified. */
function commonName(native: ServerInterceptingCallInterface): string | undefined {
  const name = native.getAuthContext().sslPeerCertificate?.subject.CN
  return typeof name === 'string' ? name : undefined
}
