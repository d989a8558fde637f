/**
 * Posts for a messenger, and keeps what outlives one posting: what a letter that is not written yet needs of others, and of whom
 * it was told that what waits for them has no room in a letter.
 *
 * @module
 */
import { isSottoError, type SottoError } from '#lib/errors.ts'
import { type Envelope, getEnvelope } from './envelope.ts'
import { type Posted, postLetters } from './post-letters.ts'
import type { PostOptions } from './post-round.ts'

/** How long what a letter needs of others is kept for one that is not written yet, in milliseconds. */
const ENVELOPE_MS = 60_000

export interface LetterPosterOptions extends PostOptions {
  /** Whether a letter is due to somebody though nothing waits. */
  readonly isAnswerDue: (name: string) => boolean
  /** Something that was sent to somebody has come further. */
  readonly onProgress: (name: string) => void
  /** The next message to somebody is too large for a letter: it waits for a conversation, with all behind it. */
  readonly onTooLarge: (name: string) => void
}

export class LetterPoster {
  readonly #options: LetterPosterOptions
  readonly #envelopes = new Map<string, { readonly envelope: Envelope; readonly gotAtMs: number }>()
  readonly #tooLarge = new Set<string>()

  constructor(options: LetterPosterOptions) {
    this.#options = options
  }

  /** See that the next letter to somebody can go, and keep what it needs. @throws SottoError as {@link getEnvelope}. */
  async prepare(name: string): Promise<void> {
    const gotAtMs = this.#options.clock.local.monotonicMs()
    this.#envelopes.set(name, { envelope: await getEnvelope(name, this.#options), gotAtMs })
  }

  /**
   * Post what waits for people, together.
   *
   * @returns by name whether all has gone that waited, or why it has not.
   * @throws SottoError as {@link postLetters}.
   */
  async post(
    names: readonly string[],
    signal: AbortSignal = this.#options.signal,
  ): Promise<ReadonlyMap<string, boolean | SottoError>> {
    const addressees = names.map((name) => {
      return { name, isAnswer: this.#options.isAnswerDue(name), envelope: this.#takeEnvelope(name) }
    })
    const results = await postLetters(addressees, { ...this.#options, signal })
    return new Map(
      [...results].map(([name, posted]) => [name, isSottoError(posted) ? posted : this.#note(name, posted)]),
    )
  }

  /** What a letter to somebody needs of others, if it was got a moment ago; it serves once. */
  #takeEnvelope(name: string): Envelope | undefined {
    const { envelope, gotAtMs = 0 } = this.#envelopes.get(name) ?? {}
    this.#envelopes.delete(name)
    return this.#options.clock.local.monotonicMs() - gotAtMs < ENVELOPE_MS ? envelope : undefined
  }

  /** Take note of what was posted to somebody. @returns whether it was all. */
  #note(name: string, { letters, isTooLarge }: Posted): boolean {
    const { onProgress, onTooLarge } = this.#options
    if (letters > 0) onProgress(name)
    if (!isTooLarge) this.#tooLarge.delete(name)
    else if (!this.#tooLarge.has(name)) {
      this.#tooLarge.add(name)
      onTooLarge(name)
    }
    return !isTooLarge
  }
}
