/**
 * Callers who have shown a ticket, and have confirmed it by no record yet. Strangers make room for them, so there are few
 * of one name: otherwise a member with many tickets could fill the room for everybody else.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'

/** How many of one name there may be: more than a client has under way at once. */
const MAX_PER_NAME = 4

export class UnconfirmedCallers {
  readonly #byName = new Map<string, Set<AbortController>>()

  /**
   * Confirm a caller. If there are too many of the same name, the one who came first has to go.
   *
   * @param signal - The caller has gone.
   * @param run - Gets a signal that fires then too.
   * @throws SottoError `ERR_BUSY` if this caller has to go; what `run` throws.
   */
  async confirm<T>(name: string, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const callers = this.#byName.get(name) ?? new Set()
    const [first] = callers
    if (callers.size >= MAX_PER_NAME) first?.abort(tooMany())
    const caller = new AbortController()
    this.#byName.set(name, callers.add(caller))
    const { promise: gone, reject } = Promise.withResolvers<never>()
    caller.signal.addEventListener('abort', () => {
      callers.delete(caller)
      reject(caller.signal.reason)
    })
    try {
      return await Promise.race([run(AbortSignal.any([signal, caller.signal])), gone])
    } finally {
      callers.delete(caller)
      if (callers.size === 0 && this.#byName.get(name) === callers) this.#byName.delete(name)
    }
  }
}

function tooMany(): SottoError {
  return new SottoError('ERR_BUSY', 'too many callers of one name wait to be let in', { retryAfterMs: 1_000 })
}
