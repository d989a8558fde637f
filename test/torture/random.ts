/**
 * The one source of randomness in a run: the same seed gives the same draws. The generator is fast and not
 * cryptographic, as nothing drawn here protects anybody.
 *
 * @module
 */
import { createHash } from 'node:crypto'

export class SeededRandom {
  readonly #state: Uint32Array

  constructor(seed: string) {
    this.#state = new Uint32Array(Uint8Array.from(createHash('sha256').update(seed).digest()).buffer.slice(0, 16))
  }

  /** The next whole number of 32 bits, by sfc32 (http://pracrand.sourceforge.net/RNG_engines.txt). */
  #next(): number {
    const [a = 0, b = 0, c = 0, counter = 0] = this.#state
    const drawn = (a + b + counter) >>> 0
    this.#state[0] = b ^ (b >>> 9)
    this.#state[1] = c + (c << 3)
    this.#state[2] = ((c << 21) | (c >>> 11)) + drawn
    this.#state[3] = counter + 1
    return drawn
  }

  /** A fraction from 0 to less than 1. */
  fraction(): number {
    return this.#next() / 2 ** 32
  }

  /** A whole number between two others, both included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.fraction() * (to - from + 1))
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  /** A waiting time with this mean, distributed exponentially. */
  wait(mean: number): number {
    return -Math.log(1 - this.fraction()) * mean
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[Math.floor(this.fraction() * choices.length)] ?? choices[0]
  }

  readonly bytes = (length: number): Uint8Array => {
    const words = new Uint32Array(Math.ceil(length / 4))
    for (let index = 0; index < words.length; index += 1) words[index] = this.#next()
    return new Uint8Array(words.buffer, 0, length).slice()
  }
}
