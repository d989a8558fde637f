/**
 * A watch at the directory that a test holds open.
 *
 * @module
 */
import type { WatchPresenceResponse } from '#gen/sotto/directory/v1/directory_service.ts'
import { SottoError } from '#lib/errors.ts'
import type { Secret } from '#lib/secret.ts'
import { rejection } from './rejection.ts'
import type { DirectoryConnection } from './running-directory.ts'

export class OpenWatch {
  readonly #abort = new AbortController()
  readonly #responses: AsyncIterator<WatchPresenceResponse>

  /** The call is made when its first response is asked for. */
  constructor({ call }: DirectoryConnection, bearer: Secret | undefined, usernames: string[]) {
    const options = { signal: this.#abort.signal, ...(bearer && { bearer }) }
    this.#responses = call.watchPresence({ usernames }, options)[Symbol.asyncIterator]()
  }

  /** The next response, be it a beat. */
  async next(): Promise<WatchPresenceResponse> {
    const { value, done } = await this.#responses.next()
    if (done) throw new Error('the watch has ended without an error')
    return value
  }

  /** The next response that is no beat, as `bob online` or `bob offline` for each state. */
  async states(): Promise<string[]> {
    while (true) {
      const { states } = await this.next()
      if (states.length > 0) return states.map(({ username, online }) => `${username} ${online ? 'online' : 'offline'}`)
    }
  }

  /** Wait until it ends, and tell with what. */
  async end(): Promise<SottoError> {
    return await rejection(this.#untilEnd())
  }

  async #untilEnd(): Promise<void> {
    while (true) await this.next()
  }

  /** Give it up, as a client that stops does. */
  cancel(): void {
    this.#abort.abort(new SottoError('ERR_INTERRUPTED', 'the test gives it up'))
  }
}
