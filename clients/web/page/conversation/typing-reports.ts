/**
 * What the other side is told of one's typing: now and then that it goes on, and that it has ended, by a pause, by sending or
 * by turning to somebody else.
 *
 * @module
 */

/** How often it is told that one writes, and after which pause that one has stopped, in milliseconds. */
export const TYPING_EVERY_MS = 4_000

export interface TypingReportsOptions {
  readonly tell: (contact: string, active: boolean) => void
  /** On a clock that only goes forward. */
  readonly nowMs: () => number
  /** Does something later. @returns a function that keeps it from that. */
  readonly later: (ms: number, work: () => void) => () => void
}

export class TypingReports {
  readonly #options: TypingReportsOptions
  /** Who thinks that one writes to them, and when they were last told; undefined where nobody does. */
  #told: { readonly contact: string; readonly atMs: number } | undefined
  #cancelPause: () => void = () => {}

  constructor(options: TypingReportsOptions) {
    this.#options = options
  }

  /** A key was pressed. @param text - What stands on the line now. */
  typed(contact: string, text: string): void {
    if (text === '' || this.#told?.contact !== contact) this.stop()
    if (text === '') return
    const { tell, nowMs, later } = this.#options
    this.#cancelPause()
    this.#cancelPause = later(TYPING_EVERY_MS, () => this.stop())
    const now = nowMs()
    if (this.#told !== undefined && now - this.#told.atMs < TYPING_EVERY_MS) return
    this.#told = { contact, atMs: now }
    tell(contact, true)
  }

  /** Nobody is written to any more. */
  stop(): void {
    this.#cancelPause()
    const told = this.#told
    this.#told = undefined
    if (told !== undefined) this.#options.tell(told.contact, false)
  }
}
