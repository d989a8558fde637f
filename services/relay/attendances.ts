/**
 * Who attends at this relay, and which calls wait for their answer.
 *
 * An attendance's id is the capability to call it, and a call's id that to answer it: 16 random bytes each. All of it is
 * in the memory of this process, and gone with it: clients attend again, and call again.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { SottoError } from '#lib/errors.ts'
import { bytesOfKey, mapKeyOf } from '#lib/map-key.ts'
import { ATTENDANCE_ID_BYTES } from '#lib/protocol.ts'
import { isSame } from '#lib/same-bytes.ts'
import type { Caller } from '../authentication/authentications.ts'

/** How many attendances an account may have: one for each relay link that is not known to be dead yet, and some. */
export const MAX_ATTENDANCES = 8

/** How many calls to an attendance may wait for their answer, and how many of them of one account. */
export const MAX_WAITING = 8
export const MAX_WAITING_OF_ONE = 2

/** The time after which somebody may try again where too many wait, in milliseconds. */
const RETRY_AFTER_MS = 1_000

/** A call that waits for its answer. */
export interface WaitingCall<Answerer> {
  /** Resolves with whoever answers. */
  readonly answered: Promise<Answerer>
  /** Give it up, where nobody has answered. Safe to repeat. */
  withdraw(): void
}

/** A receiver that can be called, until it is disposed of. */
export interface Attendance extends Disposable {
  /** 16 bytes. */
  readonly id: Uint8Array
  /** Fires when the relay ends it; the reason is a SottoError for the receiver. */
  readonly ended: AbortSignal
  /**
   * The ids of calls, as they come, and `mail` where letters have come, once for all since the last; one reader at a time.
   *
   * @param until - Ends it, without an error.
   */
  events(until: AbortSignal): AsyncGenerator<Uint8Array | 'mail', void, void>
}

type Owner = Pick<Caller, 'account' | 'sessionId'>

export class Attendances<Answerer> {
  readonly #byId = new Map<string, OpenAttendance<Answerer>>()
  readonly #byAccount = new Map<string, Set<OpenAttendance<Answerer>>>()
  /** The attendance that each waiting call is for. */
  readonly #called = new Map<string, OpenAttendance<Answerer>>()

  /** How many stand. */
  get size(): number {
    return this.#byId.size
  }

  /** Whose they are. */
  get accounts(): readonly string[] {
    return [...this.#byAccount.keys()]
  }

  /** Begin to attend. If the account has {@link MAX_ATTENDANCES} already, the oldest one ends with `ERR_BUSY`. */
  begin(owner: Owner): Attendance {
    const attendance = new OpenAttendance<Answerer>(owner, (ended) => this.#remove(ended))
    const ofAccount = this.#byAccount.get(owner.account) ?? new Set()
    const [oldest] = ofAccount
    if (ofAccount.size >= MAX_ATTENDANCES) oldest?.end(tooMany('the account attends too often'))
    this.#byAccount.set(owner.account, ofAccount.add(attendance))
    this.#byId.set(mapKeyOf(attendance.id), attendance)
    return attendance
  }

  /**
   * Call whoever attends.
   *
   * @param account - The caller's.
   * @throws SottoError `ERR_NOT_ONLINE` if nobody attends by this id; `ERR_BUSY` if too many wait for them.
   */
  call(attendanceId: Uint8Array, account: string): WaitingCall<Answerer> {
    const attendance = this.#byId.get(mapKeyOf(attendanceId))
    if (attendance === undefined) {
      throw new SottoError('ERR_NOT_ONLINE', 'nobody attends by this id', { hint: 'ask the directory again' })
    }
    const { promise: answered, resolve } = Promise.withResolvers<Answerer>()
    const id = attendance.add({ account, resolve })
    this.#called.set(id, attendance)
    const withdraw = () => {
      this.#called.delete(id)
      attendance.take(id)
    }
    return { answered, withdraw }
  }

  /**
   * Answer a call.
   *
   * @param sessionId - Of the one who answers, which must be that which attends.
   * @param answerer - What the caller gets.
   * @throws SottoError `ERR_NOT_ONLINE` if no such call waits for this session.
   */
  answer(callId: Uint8Array, sessionId: Uint8Array, answerer: Answerer): void {
    const id = mapKeyOf(callId)
    const attendance = this.#called.get(id)
    const waiting =
      attendance !== undefined && isSame(attendance.owner.sessionId, sessionId) ? attendance.take(id) : undefined
    if (waiting === undefined) throw new SottoError('ERR_NOT_ONLINE', 'no such call waits: it may have given up')
    this.#called.delete(id)
    waiting.resolve(answerer)
  }

  /** Letters have come for an account: tell all who attend for it. */
  noteMail(account: string): void {
    for (const attendance of this.#byAccount.get(account) ?? []) attendance.noteMail()
  }

  #remove(attendance: OpenAttendance<Answerer>): void {
    this.#byId.delete(mapKeyOf(attendance.id))
    const ofAccount = this.#byAccount.get(attendance.owner.account)
    ofAccount?.delete(attendance)
    if (ofAccount?.size === 0) this.#byAccount.delete(attendance.owner.account)
  }
}

interface Waiting<Answerer> {
  readonly account: string
  readonly resolve: (answerer: Answerer) => void
}

class OpenAttendance<Answerer> implements Attendance {
  readonly id: Uint8Array = randomBytes(ATTENDANCE_ID_BYTES)
  readonly owner: Owner
  readonly #onEnd: (attendance: OpenAttendance<Answerer>) => void
  readonly #ended = new AbortController()
  readonly #waiting = new Map<string, Waiting<Answerer>>()
  /** Calls of which the receiver has not been told. */
  readonly #untold = new Set<string>()
  /** Whether there are letters of which the receiver has not been told. */
  #hasMail = false
  #wake: () => void = () => {}

  constructor(owner: Owner, onEnd: (attendance: OpenAttendance<Answerer>) => void) {
    this.owner = owner
    this.#onEnd = onEnd
  }

  get ended(): AbortSignal {
    return this.#ended.signal
  }

  /** @returns the id of the call. @throws SottoError `ERR_BUSY`. */
  add(waiting: Waiting<Answerer>): string {
    const ofOne = this.#waiting.values().filter(({ account }) => account === waiting.account)
    if (this.#waiting.size >= MAX_WAITING || [...ofOne].length >= MAX_WAITING_OF_ONE) {
      throw tooMany('too many calls wait for an answer')
    }
    const id = mapKeyOf(randomBytes(ATTENDANCE_ID_BYTES))
    this.#waiting.set(id, waiting)
    this.#untold.add(id)
    this.#wake()
    return id
  }

  /** Take a call that waits, so that it waits no more. */
  take(id: string): Waiting<Answerer> | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    this.#untold.delete(id)
    return waiting
  }

  noteMail(): void {
    this.#hasMail = true
    this.#wake()
  }

  async *events(until: AbortSignal): AsyncGenerator<Uint8Array | 'mail', void, void> {
    const onAbort = () => this.#wake()
    until.addEventListener('abort', onAbort, { once: true })
    try {
      while (!until.aborted) {
        const next = this.#next()
        if (next !== undefined) yield next
        else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
        }
      }
    } finally {
      until.removeEventListener('abort', onAbort)
    }
  }

  /** What the receiver has not been told: calls first, since they wait. */
  #next(): Uint8Array | 'mail' | undefined {
    const [id] = this.#untold
    if (id !== undefined) {
      this.#untold.delete(id)
      return bytesOfKey(id)
    }
    if (!this.#hasMail) return undefined
    this.#hasMail = false
    return 'mail'
  }

  end(reason: SottoError): void {
    this.#ended.abort(reason)
    this[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.#onEnd(this)
  }
}

function tooMany(message: string): SottoError {
  return new SottoError('ERR_BUSY', message, { retryAfterMs: RETRY_AFTER_MS })
}
