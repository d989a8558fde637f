/**
 * Changes of a profile that are asked for while others are written: they are made in one step, and written once.
 *
 * @module
 */
import type { ProfileState } from './state.ts'

export type Change = (state: ProfileState) => ProfileState

/** A change that somebody has asked for. */
interface AskedChange extends Pick<PromiseWithResolvers<ProfileState>, 'resolve' | 'reject'> {
  readonly change: Change
}

export class ChangeQueue {
  readonly #make: (change: Change) => Promise<void>
  #asked: AskedChange[] = []
  #running: Promise<void> | undefined

  /** @param make - Makes a change, which is on the disk when that resolves. One at a time. */
  constructor(make: (change: Change) => Promise<void>) {
    this.#make = make
  }

  /** @returns what is on the disk then. It rejects with what the change throws, or the making of it. */
  ask(change: Change): Promise<ProfileState> {
    const { promise, resolve, reject } = Promise.withResolvers<ProfileState>()
    this.#asked.push({ change, resolve, reject })
    this.#running ??= this.#run()
    return promise
  }

  async #run(): Promise<void> {
    while (this.#asked.length > 0) {
      const asked = this.#asked
      this.#asked = []
      let made: (() => void)[] = []
      try {
        await this.#make((before) => {
          made = []
          return asked.reduce((state, each) => applied(state, each, made), before)
        })
        for (const tell of made) tell()
      } catch (error) {
        for (const { reject } of asked) reject(error)
      }
    }
    this.#running = undefined
  }
}

/** What becomes of a state by a change; one that throws changes nothing, and nobody else's. */
function applied(state: ProfileState, { change, resolve, reject }: AskedChange, made: (() => void)[]): ProfileState {
  try {
    const after = change(state)
    made.push(() => resolve(after))
    return after
  } catch (error) {
    reject(error)
    return state
  }
}
