/**
 * The caller at the other end of a connection: a stranger for as long as no open call of theirs is let in.
 *
 * @module
 */
import type { Socket } from 'node:net'
import { SottoError } from '../../errors.ts'
import type { Place, WaitingRoom } from './waiting-room.ts'

/** The rooms in which strangers wait. */
export interface CallerRooms {
  readonly connections: WaitingRoom
  readonly calls: WaitingRoom
  /** How long a new connection may stay a stranger's, in milliseconds. */
  readonly admissionTimeoutMs: number
  /** How long an admission lasts. */
  readonly admission: 'call' | 'connection'
}

/** The standing of a caller, which the handler of their call raises as it learns who they are. */
export interface CallerStanding {
  /** Note that they have shown something that strangers have not, such as a ticket: strangers make room before them. */
  vouch(): void
  /** Note that they are who they say: they are no stranger, for as long as an admission lasts at this server. */
  admit(): void
}

/** How long the status that says why takes to leave, in milliseconds, before the connection is cut. */
const FAREWELL_MS = 50

export class Caller {
  readonly #socket: Socket
  readonly #network: string
  readonly #rooms: CallerRooms | undefined
  readonly #calls = new Set<CallAtDoor>()
  #place: Place | undefined
  #timer: NodeJS.Timeout | undefined
  #isOver = false
  #isAdmitted = false
  /** Called at the first admission. */
  onAdmitted: (() => void) | undefined
  #certificateName: { readonly value: string | undefined } | undefined

  /** @param rooms - Undefined where nobody is a stranger. */
  constructor(socket: Socket, network: string, rooms: CallerRooms | undefined) {
    this.#socket = socket
    this.#network = network
    this.#rooms = rooms
    if (rooms === undefined) return
    this.#timer = setTimeout(() => this.#dismiss(silent()), rooms.admissionTimeoutMs)
    this.#weigh()
  }

  /**
   * The name in the certificate of the connection, which stays the same for all its calls.
   *
   * @param read - Reads it, which takes longer than all else that a short call costs the transport.
   */
  certificateName(read: () => string | undefined): string | undefined {
    this.#certificateName ??= { value: read() }
    return this.#certificateName.value
  }

  /**
   * A call begins over this connection.
   *
   * @param onEvicted - It has to end now, with this error; perhaps before this returns.
   */
  begin(onEvicted: (error: SottoError) => void): CallAtDoor {
    const call = new CallAtDoor(onEvicted, () => this.#weigh())
    if (this.#rooms === undefined || this.#isAdmitted) return call
    this.#calls.add(call)
    call.enter(this.#rooms.calls, this.#network)
    return call
  }

  /** Take the place that fits what its calls have shown. */
  #weigh(): void {
    if (this.#rooms === undefined || this.#isOver) return
    for (const call of this.#calls) if (call.isOver) this.#calls.delete(call)
    const calls = [...this.#calls]
    const isAdmitted = calls.some((call) => call.isAdmitted)
    if (isAdmitted && this.#rooms.admission === 'connection') this.#isAdmitted = true
    if (isAdmitted || this.#isAdmitted) {
      this.onAdmitted?.()
      this.onAdmitted = undefined
      clearTimeout(this.#timer)
      this.#place?.leave()
      this.#place = undefined
      return
    }
    this.#place ??= this.#rooms.connections.enter(this.#network, () => this.#dismiss(busy()))
    if (this.#place === undefined) this.#dismiss(busy())
    else this.#place.isVouchedFor = calls.some(({ isVouchedFor }) => isVouchedFor)
  }

  /** Have them go, and learn why, where they are so far that it can be said. */
  #dismiss(error: SottoError): void {
    if (this.#isOver) return
    const calls = [...this.#calls]
    this.closed()
    for (const call of calls) call.dismiss(error)
    if (calls.length === 0) this.#socket.destroy()
    else setTimeout(() => this.#socket.destroy(), FAREWELL_MS)
  }

  /** The connection is closed. */
  closed(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#place?.leave()
    this.#place = undefined
    this.#calls.clear()
  }
}

/** A call at the door, until it is over. */
export class CallAtDoor implements CallerStanding {
  readonly #onEvicted: (error: SottoError) => void
  readonly #onChange: () => void
  #place: Place | undefined
  isAdmitted = false
  isOver = false

  constructor(onEvicted: (error: SottoError) => void, onChange: () => void) {
    this.#onEvicted = onEvicted
    this.#onChange = onChange
  }

  get isVouchedFor(): boolean {
    return this.#place?.isVouchedFor ?? false
  }

  enter(room: WaitingRoom, network: string): void {
    this.#place = room.enter(network, () => this.dismiss(busy()))
    if (this.#place === undefined) this.dismiss(busy())
  }

  vouch(): void {
    if (this.#place === undefined) return
    this.#place.isVouchedFor = true
    this.#onChange()
  }

  admit(): void {
    if (this.isOver) return
    this.isAdmitted = true
    this.#place?.leave()
    this.#onChange()
  }

  dismiss(error: SottoError): void {
    this.end()
    this.#onEvicted(error)
  }

  /** Note that the call is over. Harmless the second time. */
  end(): void {
    if (this.isOver) return
    this.isOver = true
    this.#place?.leave()
    this.#place = undefined
    this.#onChange()
  }
}

function busy(): SottoError {
  return new SottoError('ERR_BUSY', 'too many callers wait to be let in', { retryAfterMs: 1_000 })
}

function silent(): SottoError {
  return new SottoError('ERR_PEER_SILENT', 'the caller was not let in in time')
}
