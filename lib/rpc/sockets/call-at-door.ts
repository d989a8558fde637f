/**
 * A call of somebody who may be a stranger: it waits among those of other strangers until its handler knows who they are.
 *
 * @module
 */
import { SottoError } from '../../errors.ts'
import type { Place, WaitingRoom } from './waiting-room.ts'

/** The standing of a caller, which the handler of their call raises as it learns who they are. */
export interface CallerStanding {
  /** Note that they have shown something that strangers have not, such as a ticket: strangers make room before them. */
  vouch(): void
  /** Note that they are who they say: they are no stranger, for as long as an admission lasts at this server. */
  admit(): void
  /**
   * Note that this call is to last, perhaps for days: there is less room for the connections of those than for all.
   *
   * @throws SottoError `ERR_BUSY`, with the time to come back, where it is taken.
   */
  settle(): void
}

/** The places of a caller among the connections, which depend on what their calls show. */
export interface CallerPlaces {
  /** Take the place that fits what the calls have shown. */
  weigh(): void
  /** One of the calls is to last. @throws SottoError `ERR_BUSY` where there is no room for one more connection of those. */
  settle(): void
  /** A call that was to last is over. */
  unsettle(): void
}

/** A call at the door, until it is over. */
export class CallAtDoor implements CallerStanding {
  readonly #onEvicted: (error: SottoError) => void
  readonly #caller: CallerPlaces
  #place: Place | undefined
  #isSettled = false
  isAdmitted = false
  isVouchedFor = false
  isOver = false

  constructor(onEvicted: (error: SottoError) => void, caller: CallerPlaces) {
    this.#onEvicted = onEvicted
    this.#caller = caller
  }

  enter(room: WaitingRoom, network: string): void {
    this.#place = room.enter(network, () => this.dismiss(busy()))
    if (this.#place === undefined) this.dismiss(busy())
  }

  vouch(): void {
    if (this.#place === undefined) return
    this.isVouchedFor = true
    this.#place.vouch(true)
    this.#caller.weigh()
  }

  admit(): void {
    if (this.isOver) return
    this.isAdmitted = true
    this.#place?.leave()
    this.#caller.weigh()
  }

  settle(): void {
    if (this.isOver || this.#isSettled) return
    this.#caller.settle()
    this.#isSettled = true
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
    if (this.#isSettled) this.#caller.unsettle()
    this.#caller.weigh()
  }
}

/** The error for a caller for whom there is no room among strangers. */
export function busy(): SottoError {
  return new SottoError('ERR_BUSY', 'too many callers wait to be let in', { retryAfterMs: 1_000 })
}
