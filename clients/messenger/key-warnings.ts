/**
 * The changed keys that the user is warned of: once is enough, however often a contact calls or is called.
 *
 * @module
 */
import type { SottoError } from '#lib/errors.ts'
import { keyChanged } from '#lib/trust/permission.ts'
import type { Profile } from '../profile/profile.ts'
import type { MessengerEvents } from './messenger-options.ts'

export class KeyWarnings {
  readonly #profile: Profile
  readonly #events: MessengerEvents
  /** The other keys that were reported, in hexadecimal digits, by name. */
  readonly #told = new Map<string, string>()

  constructor(profile: Profile, events: MessengerEvents) {
    this.#profile = profile
    this.#events = events
  }

  /** Somebody cannot be written to: tell it, unless it is for a key that the user was warned of. */
  refused(name: string, error: SottoError): void {
    if (error.code !== 'ERR_KEY_CHANGED' || this.#isDue(name)) this.#events.onRefused(name, error)
  }

  /** Somebody called, or wrote, with another key than the pinned one. */
  keyChanged(name: string): void {
    if (!this.#isDue(name)) return
    if (this.#events.onKeyChanged) this.#events.onKeyChanged(name)
    else this.#events.onRefused(name, keyChanged(name))
  }

  /** Whether the user is to be warned of the other key of somebody; from now on they were. */
  #isDue(name: string): boolean {
    const changedTo = this.#profile.state.pins.get(name)?.changedTo
    if (changedTo === undefined) return true
    const key = Buffer.from(changedTo).toString('hex')
    if (this.#told.get(name) === key) return false
    this.#told.set(name, key)
    return true
  }

  /** Forget a doubt that is over: the next one is another. */
  forget(name: string): void {
    this.#told.delete(name)
  }
}
