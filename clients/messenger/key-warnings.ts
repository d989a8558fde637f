/**
 * The changed keys that the user was warned of: once is enough, however often a contact calls or is called.
 *
 * @module
 */
import type { Pin } from '../profile/state.ts'

export class KeyWarnings {
  /** The other keys that were reported, in hexadecimal digits, by name. */
  readonly #told = new Map<string, string>()

  /** Whether the user is to be warned of the other key of somebody; from now on they were. */
  isDue(name: string, pin: Pin | undefined): boolean {
    if (pin?.changedTo === undefined) return true
    const key = Buffer.from(pin.changedTo).toString('hex')
    if (this.#told.get(name) === key) return false
    this.#told.set(name, key)
    return true
  }

  /** Forget a doubt that is over: the next one is another. */
  forget(name: string): void {
    this.#told.delete(name)
  }
}
