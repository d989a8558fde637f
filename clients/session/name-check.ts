/**
 * Whether there is anybody of a name, asked of the directory before anything goes to them: a name that is mistyped is no
 * conversation, and swallows nothing.
 *
 * @module
 */
import { isSottoError, SottoError } from '#lib/errors.ts'

export interface NameCheckOptions {
  /** The user's own name. */
  readonly ownName: string
  /** Whether there was anything with somebody of a name before, so that nobody has to be asked. */
  readonly isKnown: (name: string) => boolean
  /** Asks the directory: rejects with `ERR_NO_SUCH_USER` where there is nobody of a name. */
  readonly ask: (name: string, timeout: AbortSignal) => Promise<unknown>
}

/** How long the directory has to answer, in milliseconds: somebody looks at the line meanwhile. */
const ANSWER_TIMEOUT_MS = 5_000

export class NameCheck {
  readonly #options: NameCheckOptions
  /** Names that the directory knows. */
  readonly #found = new Set<string>()

  constructor(options: NameCheckOptions) {
    this.#options = options
  }

  /** Whether somebody may be talked with without asking. */
  isKnown(name: string): boolean {
    const { ownName, isKnown } = this.#options
    return name !== ownName && (this.#found.has(name) || isKnown(name))
  }

  /**
   * Resolves if there is somebody of a name.
   *
   * @throws SottoError `ERR_CHAT_WITH_SELF`, `ERR_NO_SUCH_USER`, `ERR_SESSION_ENDED`; `ERR_UNAVAILABLE` if the directory
   *   cannot be asked.
   */
  async check(name: string): Promise<void> {
    const { ownName, ask } = this.#options
    if (name === ownName) {
      throw new SottoError('ERR_CHAT_WITH_SELF', 'that is your own name', { hint: 'name somebody else' })
    }
    if (this.isKnown(name)) return
    try {
      await ask(name, AbortSignal.timeout(ANSWER_TIMEOUT_MS))
    } catch (cause) {
      if (isSottoError(cause, 'ERR_NO_SUCH_USER') || isSottoError(cause, 'ERR_SESSION_ENDED')) throw cause
      const hint = `try again when you are online: /to ${name}`
      throw new SottoError('ERR_UNAVAILABLE', 'the directory cannot be asked now whether there is such a user', {
        cause,
        hint,
      })
    }
    this.#found.add(name)
  }
}
