/**
 * The caller at the other end of a connection: a stranger for as long as no open call of theirs is let in.
 *
 * @module
 */
import type { Socket } from 'node:net'
import { SottoError } from '../../errors.ts'
import type { CutReason } from '../../runtime/metrics/cut-events.ts'
import { busy, CallAtDoor, type CallerPlaces } from './call-at-door.ts'
import type { Entrance } from './entrance/entrance.ts'
import type { Stranger, StrangerPlace } from './entrance/stranger-places.ts'
import type { ConnectionGuard } from './guard/connection-guard.ts'
import { networkOf, plainAddress } from './network-of.ts'
import type { Places } from './places.ts'
import type { WaitingRoom } from './waiting-room.ts'

/** The room that strangers have. */
export interface CallerRooms {
  /** Where their connections come in. */
  readonly entrance: Entrance
  readonly calls: WaitingRoom
  /** How long a new connection may stay a stranger's, in milliseconds. */
  readonly admissionTimeoutMs: number
  /** How long an admission lasts. */
  readonly admission: 'call' | 'connection'
  /** Those who have to go, and have the time to learn why. */
  readonly farewells: Set<Caller>
}

/** After which time somebody may try again for whom there was no room, in milliseconds. */
const FULL_RETRY_MS = 5_000

/** How long a caller who has to go has for the status that says why, in milliseconds: a round trip, should a call begin. */
const FAREWELL_MS = 250

/**
 * How many have that time at once, beside those who have a place. Each holds as much as they do: without a limit a crowd would
 * hold as many as it can open.
 */
const MAX_FAREWELLS = 16

export class Caller implements CallerPlaces {
  readonly #socket: Socket
  readonly #network: string
  readonly #rooms: CallerRooms | undefined
  readonly #calls = new Set<CallAtDoor>()
  readonly #stranger: Stranger
  #place: StrangerPlace | undefined
  #timer: NodeJS.Timeout | undefined
  #isOver = false
  #isAdmitted = false
  readonly #settledPlaces: Places
  /** How many of its calls are to last. */
  #settledCalls = 0
  /** Why they have to go, once they have. */
  #farewell: SottoError | undefined
  /** Called at the first admission. */
  onAdmitted: (() => void) | undefined
  readonly guard: ConnectionGuard
  /** Their address, an IP literal without a zone; empty where there is none. */
  readonly address: string
  #certificateName: { readonly value: string | undefined } | undefined

  /** Whether there is no room for the connection: all that is called over it is told so, and it is closed. */
  isSurplus = false

  /**
   * @param address - Theirs, which need not be the socket's other end; empty where there is none.
   * @param settledPlaces - Those of connections over which a call is to last.
   * @param rooms - Undefined where nobody is a stranger.
   * @param guard - Of their connection.
   */
  constructor(
    socket: Socket,
    address: string,
    settledPlaces: Places,
    rooms: CallerRooms | undefined,
    guard: ConnectionGuard,
  ) {
    this.#socket = socket
    this.guard = guard
    this.address = plainAddress(address)
    this.#network = networkOf(address)
    this.#settledPlaces = settledPlaces
    this.#rooms = rooms
    this.#stranger = { received: () => socket.bytesRead, onEvicted: () => this.#dismiss('crowd', busy()) }
  }

  /**
   * Have them wait until there is a place for them.
   *
   * @param onTurn - There is, and what they have said is still to be read.
   */
  arrive(onTurn: () => void): void {
    const rooms = this.#rooms
    if (rooms === undefined) {
      onTurn()
      return
    }
    rooms.entrance.arrive({
      ...this.#stranger,
      socket: this.#socket,
      network: this.#network,
      onBegun: () => this.guard.keepWaiting(),
      onTooMuch: () => this.guard.cut('framing'),
      onTurnedAway: () => this.guard.cut('crowd'),
      onTurn: (place) => {
        this.#place = place
        this.#timer = setTimeout(() => this.#dismiss('stranger', silent()), rooms.admissionTimeoutMs)
        this.guard.expectHandshake()
        onTurn()
      },
    })
  }

  /** Whether nobody has been let in over the connection yet, at a server that lets nobody else in. */
  get isStranger(): boolean {
    return this.#place !== undefined
  }

  /** The request of a call did not come whole in time: a stranger has to go. */
  late(error: SottoError): void {
    if (this.isStranger) this.#dismiss('request', error)
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
    const call = new CallAtDoor(onEvicted, this)
    if (this.#farewell !== undefined) {
      call.dismiss(this.#farewell)
      return call
    }
    if (this.#rooms === undefined || this.#isAdmitted) return call
    this.#calls.add(call)
    if (this.isSurplus) this.#dismiss('full', full())
    else call.enter(this.#rooms.calls, this.#network)
    return call
  }

  /** One of its calls is to last. @throws SottoError `ERR_BUSY`; the connection is closed then, as others need its place. */
  settle(): void {
    if (this.#settledCalls === 0 && !this.#settledPlaces.enter(this.#network)) {
      this.guard.note('full')
      setTimeout(() => this.#socket.destroy(), FAREWELL_MS)
      throw full()
    }
    this.#settledCalls += 1
  }

  /** A call that was to last is over. */
  unsettle(): void {
    this.#settledCalls -= 1
    if (this.#settledCalls === 0) this.#settledPlaces.leave(this.#network)
  }

  /** Take the place that fits what its calls have shown. */
  weigh(): void {
    if (this.#rooms === undefined || this.#isOver) return
    for (const call of this.#calls) if (call.isOver) this.#calls.delete(call)
    const calls = [...this.#calls]
    const isAdmitted = calls.some((call) => call.isAdmitted)
    if (isAdmitted && this.#rooms.admission === 'connection') this.#isAdmitted = true
    if (isAdmitted || this.#isAdmitted) {
      this.onAdmitted?.()
      this.onAdmitted = undefined
      clearTimeout(this.#timer)
      this.#place?.letIn()
      this.#place = undefined
      return
    }
    this.#place ??= this.#rooms.entrance.enterAgain(this.#network, this.#stranger)
    if (this.#place === undefined) this.#dismiss('crowd', busy())
    else this.#place.vouch(calls.some(({ isVouchedFor }) => isVouchedFor))
  }

  /** Have them go, and learn why: in the calls that they have begun, or in the first that they are about to begin. */
  #dismiss(reason: CutReason, error: SottoError): void {
    if (this.#isOver || this.#rooms === undefined) return
    this.guard.note(reason)
    const calls = [...this.#calls]
    this.closed()
    this.#farewell = error
    for (const call of calls) call.dismiss(error)
    const { farewells } = this.#rooms
    if (farewells.size >= MAX_FAREWELLS) return void this.#socket.destroy()
    farewells.add(this)
    setTimeout(() => {
      farewells.delete(this)
      this.#socket.destroy()
    }, FAREWELL_MS)
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

function full(): SottoError {
  return new SottoError('ERR_BUSY', 'there is no room for another connection', { retryAfterMs: FULL_RETRY_MS })
}

function silent(): SottoError {
  return new SottoError('ERR_PEER_SILENT', 'the caller was not let in in time')
}
