/**
 * What both endpoints of a run share: time, randomness, the fault profile, the counters and the transcript.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { bytesOf } from '../support/random.ts'
import { type Counters, newCounters } from './counters.ts'
import { drawFaultProfile, type FaultProfile, withoutFaults } from './fault-profile.ts'
import { SeededRandom } from './random.ts'
import type { LetterFault, Sabotage } from './sabotage.ts'
import { Timeline } from './timeline.ts'

export interface RunOptions {
  readonly seed: number
  /** How many messages both endpoints send together. */
  readonly messages: number
  readonly sabotage?: Sabotage | undefined
  /** What the mailboxes do to all letters. */
  readonly letterFault?: LetterFault | undefined
}

/** The mean time between two looks into a mailbox where nobody else moves: an hour, as letters can be opened for days. */
const LETTER_EVERY_MS = 3_600_000

/** A violation of what the program guarantees. */
export class Violation extends Error {}

export class World {
  readonly random: SeededRandom
  readonly timeline = new Timeline()
  readonly counters: Counters = newCounters()
  readonly realm = bytesOf('realm', 32)
  readonly options: RunOptions
  #faults: FaultProfile
  readonly #transcript = createHash('sha256')
  #isFaultFree = false
  #isByLetterAlone = false
  #failure: Violation | undefined

  constructor(options: RunOptions) {
    this.options = options
    this.random = new SeededRandom(`torture ${options.seed}`)
    this.#faults = drawFaultProfile(this.random, options.messages)
  }

  get faults(): FaultProfile {
    return this.#faults
  }

  /** Whether the faults have stopped, so that all must arrive. */
  get isFaultFree(): boolean {
    return this.#isFaultFree
  }

  stopFaults(): void {
    this.#isFaultFree = true
    this.#faults = withoutFaults(this.#faults)
  }

  /** Whether the two are never online together, and have letters alone. */
  get isByLetterAlone(): boolean {
    return this.#isByLetterAlone
  }

  /** Part the two: from now on they come and go like people, and the mailboxes do what they are asked to. */
  part(): void {
    this.#isByLetterAlone = true
    this.#faults = { ...this.#faults, letterEveryMs: LETTER_EVERY_MS, lostLetters: 0 }
  }

  meet(): void {
    this.#isByLetterAlone = false
  }

  /** Note a violation where no caller would catch it. The first one counts. */
  fail(violation: Violation): void {
    this.#failure ??= violation
  }

  /** Throw what was noted. @throws Violation if there is one. */
  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Add a line to the transcript, whose hash identifies the run. */
  note(what: string, bytes?: Uint8Array): void {
    this.#transcript.update(`${this.timeline.monotonicMs()} ${what}\n`)
    if (bytes !== undefined) this.#transcript.update(bytes)
  }

  /** The hash of the transcript, which is closed by this. */
  transcriptHash(): string {
    return this.#transcript.digest('hex')
  }
}
