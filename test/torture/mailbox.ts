/**
 * The mailboxes of a run, which lie and lose: whatever is put there may be lost, given again and again, late, or in another
 * order. What keeps its content from being read or changed is left out here, and tested by itself (test/lib/letter).
 *
 * @module
 */
import type { LetterBody } from '#lib/letter/letter-body.ts'
import type { World } from './world.ts'

/** A letter as its receiver has opened it. */
export interface SimulatedLetter {
  readonly ticketId: Uint8Array
  readonly prekeyId: Uint8Array
  readonly untilMs: number
  readonly body: LetterBody
}

/** How many letters may wait for one receiver. */
const ROOM = 64

export class SimulatedMailbox {
  readonly #world: World
  #letters: SimulatedLetter[] = []

  constructor(world: World) {
    this.#world = world
  }

  get hasRoom(): boolean {
    this.#expire()
    return this.#letters.length < ROOM
  }

  /** Delete what nobody opens any more: it would be in the way of what is missing before it. */
  #expire(): void {
    const { nowMs } = this.#world.timeline.clocks()
    this.#letters = this.#letters.filter(({ untilMs }) => nowMs <= untilMs)
  }

  put(letter: SimulatedLetter): void {
    const { random, faults, counters, options } = this.#world
    counters.letters += 1
    if (options.letterFault === 'letter-lost' || random.chance(faults.lostLetters)) return
    this.#letters.push(letter)
  }

  /** The letters that it gives this time. */
  collect(): SimulatedLetter[] {
    const { random, faults, options } = this.#world
    this.#expire()
    const given = this.#letters.filter(() => !random.chance(faults.lostLetters))
    const repeated =
      options.letterFault === 'letter-twice' ? given : given.filter(() => random.chance(faults.lostLetters))
    const all = [...given, ...repeated]
    if (options.letterFault === 'letter-swapped') return all.reverse()
    return random.chance(0.5) ? all : all.sort(() => (random.chance(0.5) ? 1 : -1))
  }

  /** Delete a letter that was acknowledged; or say so. */
  remove(letter: SimulatedLetter): void {
    if (this.#world.random.chance(this.#world.faults.lostLetters)) return
    this.#letters = this.#letters.filter((each) => each !== letter)
  }
}
