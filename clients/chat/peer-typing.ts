/**
 * Who is writing at the other ends. They say so every few seconds, and may go away without saying that they stopped.
 *
 * @module
 */
import type { Later } from '#lib/runtime/later.ts'

/** For how long somebody counts as writing after they said so, in milliseconds: twice as long as they wait at most. */
export const SHOWN_MS = 10_000

export interface PeerTypingOptions {
  readonly onChange: (name: string) => void
  readonly later: Later
}

export class PeerTyping {
  readonly #options: PeerTypingOptions
  /** Those who write, and what ends it. */
  readonly #active = new Map<string, ReturnType<Later>>()

  constructor(options: PeerTypingOptions) {
    this.#options = options
  }

  has(name: string): boolean {
    return this.#active.has(name)
  }

  /** Somebody writes, or has stopped: what they wrote has come, or they said so. */
  set(name: string, isActive: boolean): void {
    const before = this.#active.get(name)
    before?.cancel()
    if (isActive)
      this.#active.set(
        name,
        this.#options.later(SHOWN_MS, () => this.set(name, false)),
      )
    else this.#active.delete(name)
    if (isActive !== (before !== undefined)) this.#options.onChange(name)
  }
}
