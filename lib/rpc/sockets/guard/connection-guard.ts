/**
 * The guard of a connection: it cuts a connection whose other end floods it, takes none of what is sent, or leaves a message
 * unfinished, and says so once. The bounds are in bounds.ts.
 *
 * What floods by frames that Node.js tells of is cut at once (session-guard.ts); all else at one of the looks that the
 * guard takes every {@link SWEEP_INTERVAL_MS}, at figures that are counted anyway.
 *
 * @module
 */
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Logger } from '../../../runtime/log.ts'
import type { CutReason } from '../../../runtime/metrics/cut-events.ts'
import type { HeldByConnection } from '../held/held-bytes.ts'
import { ArrivingCall } from './arriving-call.ts'
import {
  MESSAGE_TIMEOUT_MS,
  REFUSED_CALLS_PER_SECOND,
  SMALL_PIECE_BYTES,
  SMALL_PIECES,
  STRANGER_CALLS_PER_SECOND,
  SWEEP_INTERVAL_MS,
  UNREAD_TIMEOUT_MS,
} from './bounds.ts'
import { FrameBudget } from './frame-budget.ts'
import { Rate } from './rate.ts'
import { reportCut } from './report-cut.ts'

/** What took so long is counted in looks: a process that was halted has not waited meanwhile. */
const [UNREAD_LOOKS, MESSAGE_LOOKS] = [UNREAD_TIMEOUT_MS, MESSAGE_TIMEOUT_MS].map((ms) => ms / SWEEP_INTERVAL_MS) as [
  number,
  number,
]

/** What Node.js reads at once, in bytes: between looks, so much may have come of which the content is not told yet. */
const READ_BYTES = 64 * 1024

/** How often what comes too late is allowed for, in milliseconds: all calls of a connection share one window. */
const LATE_INTERVAL_MS = 5_000

export interface ConnectionGuardOptions {
  readonly log: Logger
  /** Whose connection it is; undefined where they have no address. */
  readonly address: string | undefined
  /** Whether nobody was let in over the connection. */
  readonly isStranger: () => boolean
  /** How long the other end has to begin HTTP/2, in milliseconds: without TLS it does at once. */
  readonly handshakeTimeoutMs: number
  /** What its calls hold; undefined where nobody counts that. */
  readonly held?: HeldByConnection | undefined
}

export class ConnectionGuard {
  readonly #socket: Socket
  readonly #peer: string | undefined
  readonly #options: ConnectionGuardOptions
  readonly #budget = new FrameBudget()
  readonly #streams = new Map<ServerHttp2Stream, ArrivingCall>()
  readonly #strangerCalls = new Rate(STRANGER_CALLS_PER_SECOND)
  readonly #refusedCalls = new Rate(REFUSED_CALLS_PER_SECOND)
  #session: ServerHttp2Session | undefined
  #isCut = false
  /** What has to come, and until when; undefined once a call has begun. */
  #due: { readonly atMs: number; readonly reason: 'handshake' | 'silent' } | undefined
  /** The content that came so far, in bytes, over calls that are open or over. */
  #content = 0
  #calls = 0
  #late = 0
  #lateAgainAtMs = 0
  #small = 0
  /** The bytes that the other end has taken, and for how many looks no more of those that wait. */
  #taken = 0
  #unreadLooks = 0
  /** The call that has begun last. */
  newest: ArrivingCall | undefined
  /** What there was when the budget was asked last. */
  #last = { atMs: performance.now(), received: 0, content: 0, sent: 0 }

  constructor(socket: Socket, options: ConnectionGuardOptions) {
    this.#socket = socket
    this.#peer = options.address
    this.#options = options
    this.expectHandshake()
  }

  /** HTTP/2 has to begin in time from now. */
  expectHandshake(): void {
    this.#due = { atMs: performance.now() + this.#options.handshakeTimeoutMs, reason: 'handshake' }
  }

  /** The other end waits for this one. */
  keepWaiting(): void {
    this.#due = undefined
  }

  /** Report that the connection is cut, the first time; it may have a moment until it is. */
  note(reason: CutReason): void {
    if (this.#isCut) return
    this.#isCut = true
    reportCut(this.#options.log, reason, this.#peer)
  }

  /**
   * Cut the connection. The socket itself, as an HTTP/2 session waits until what it was writing is taken; and the session,
   * which otherwise begins all calls that were read with the one that was too many, some 400.
   */
  cut(reason: CutReason): void {
    this.note(reason)
    this.#session?.destroy()
    this.#socket.destroy()
  }

  /** HTTP/2 begins. @param firstCallDueMs - When the first call has to have begun, on the monotonic clock. */
  start(session: ServerHttp2Session, firstCallDueMs: number): void {
    this.#session = session
    this.#due = { atMs: firstCallDueMs, reason: 'silent' }
  }

  /** A call comes, of which the library does not know yet. */
  arriving(stream: ServerHttp2Stream): void {
    const call = new ArrivingCall(stream, this.#options.held, (chunk) => {
      this.#content += chunk.length
      if (chunk.length < SMALL_PIECE_BYTES) this.#noteSmall()
    })
    this.newest = call
    this.#streams.set(stream, call)
    stream.once('end', () => {
      // One that is closed ends for its readers, too, whatever of it is still to come.
      call.isSent = !stream.closed
    })
    stream.once('close', () => {
      this.#streams.delete(stream)
      this.#noteClosed(call)
    })
  }

  /** The library has begun the call that came. */
  began(): void {
    this.#due = undefined
    this.#calls += 1
    if (this.#options.isStranger() && this.#strangerCalls.isExceeded()) this.cut('calls')
    else this.#checkBudget()
  }

  /** A call is closed. What the other end was allowed to send before it hears of that may still come. */
  #noteClosed(open: ArrivingCall): void {
    if (open.isClosed) return
    open.isClosed = true
    const nowMs = performance.now()
    const session = this.#session
    if (open.isSent || session === undefined || session.destroyed || nowMs < this.#lateAgainAtMs) return
    this.#lateAgainAtMs = nowMs + LATE_INTERVAL_MS
    this.#late = session.state.effectiveLocalWindowSize ?? 0
  }

  /** A call was refused because of a limit. */
  refused(): void {
    if (this.#refusedCalls.isExceeded()) this.cut('calls')
  }

  /** Take a look. @param nowMs - On the monotonic clock. */
  look(nowMs: number): void {
    const crossed = this.#crossed(nowMs)
    if (crossed !== undefined) this.cut(crossed)
  }

  #crossed(nowMs: number): CutReason | undefined {
    if (this.#due !== undefined && nowMs >= this.#due.atMs) return this.#due.reason
    if (this.#isUnread()) return 'unread'
    if (this.#isUnfinished()) return 'message'
    return this.#spend(nowMs) < 0 ? 'framing' : undefined
  }

  /** A piece of content came that costs more than it is, whoever sends such. */
  #noteSmall(): void {
    this.#small += 1
    if (this.#small % SMALL_PIECES !== 0) return
    if (this.#options.isStranger()) this.cut('framing')
    else this.#checkBudget()
  }

  /** Between looks: what comes in small pieces can keep the process from its timers for a second. */
  #checkBudget(): void {
    if (this.#spend(performance.now()) < -READ_BYTES) this.cut('framing')
  }

  #isUnread(): boolean {
    const waiting = waitingBytes(this.#socket)
    const taken = this.#socket.bytesWritten - waiting
    this.#unreadLooks = waiting > 0 && taken === this.#taken ? this.#unreadLooks + 1 : 0
    this.#taken = taken
    return this.#unreadLooks >= UNREAD_LOOKS
  }

  #isUnfinished(): boolean {
    for (const [stream, open] of this.#streams) {
      const { begun, isInside } = open.progress
      // What has come and is not read yet may be the rest of it.
      const isSame = isInside && begun === open.begun && stream.readableLength === 0
      open.looks = isSame ? open.looks + 1 : 0
      open.begun = begun
      if (open.looks >= MESSAGE_LOOKS) return true
    }
    return false
  }

  /** Spend what the traffic since the last time costs. @returns what is left, in bytes. */
  #spend(nowMs: number): number {
    for (const [stream, call] of this.#streams) if (stream.closed) this.#noteClosed(call)
    const { bytesRead: received, bytesWritten: sent } = this.#socket
    const { last, calls, late, content } = {
      last: this.#last,
      calls: this.#calls,
      late: this.#late,
      content: this.#content,
    }
    this.#last = { atMs: nowMs, received, content, sent }
    this.#calls = 0
    this.#late = 0
    return this.#budget.spend({
      elapsedMs: nowMs - last.atMs,
      received: received - last.received,
      content: content - last.content,
      sent: sent - last.sent,
      calls,
      late,
    })
  }
}

/**
 * The bytes that wait until the other end takes them. Node.js has them in no public property: what is written past
 * JavaScript, as HTTP/2 and TLS write, is in the handle alone, and its own socket timeouts ask that, too
 * (Socket.prototype._onTimeout in lib/net.js).
 */
function waitingBytes(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { _handle?: { writeQueueSize?: number } | null }
  return handle?.writeQueueSize ?? 0
}
