/**
 * The wrapping keys of an Auth: the one that wraps now, and those before it until no row needs them.
 *
 * Several Auths share one file of them, which the host changes while they run. A key is used for wrapping only within
 * some seconds of a look at that file, so that a rotation knows when no Auth uses the former any more; and the file is
 * looked at once more for a row whose key is not known, before that key counts as lost.
 *
 * @module
 */
import type { Clock } from '#lib/runtime/clock.ts'
import type { WrappingKey } from './key-wrapping.ts'

/** How long a look at the file holds, in milliseconds. */
export const KEYS_HOLD_MS = 5_000

/** The least time between two looks because of keys that are not known, in milliseconds: some are lost for good. */
const LOOK_AGAIN_MS = 1_000

/** The keys of a file, the one that wraps first. */
export type KeyList = readonly [current: WrappingKey, ...former: WrappingKey[]]

export class WrappingKeys {
  readonly #load: () => Promise<KeyList | undefined>
  readonly #clock: Pick<Clock, 'monotonicMs'>
  #keys: KeyList
  #loadedAtMs: number

  /** @param load - Loads the keys anew; undefined where the file is gone: those that are known stay in use. */
  constructor(keys: KeyList, load: () => Promise<KeyList | undefined>, clock: Pick<Clock, 'monotonicMs'>) {
    this.#keys = keys
    this.#load = load
    this.#clock = clock
    this.#loadedAtMs = clock.monotonicMs()
  }

  /** The key that wraps, as of the last look. */
  get current(): WrappingKey {
    return this.#keys[0]
  }

  /**
   * Look at the file, unless the last look still holds: to be called before {@link current} is used for wrapping.
   *
   * @throws SottoError `ERR_CONFIG` if the file was changed to something that cannot be used.
   */
  async refresh(): Promise<void> {
    await this.#look(KEYS_HOLD_MS)
  }

  /** The key with an id, after a look if need be; undefined if it is lost. @throws SottoError as {@link refresh}. */
  async find(id: Uint8Array): Promise<WrappingKey | undefined> {
    if (this.known(id) === undefined) await this.#look(LOOK_AGAIN_MS)
    return this.known(id)
  }

  /** The key with an id, as of the last look. */
  known(id: Uint8Array): WrappingKey | undefined {
    return this.#keys.find((key) => Buffer.compare(key.id, id) === 0)
  }

  async #look(maxAgeMs: number): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#loadedAtMs < maxAgeMs) return
    const keys = await this.#load()
    this.#loadedAtMs = nowMs
    if (keys !== undefined) this.#keys = keys
  }
}
