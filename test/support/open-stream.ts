/**
 * A stream of responses that a test holds open.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import { rejection } from './rejection.ts'

export class OpenStream<Response> {
  readonly #abort = new AbortController()
  readonly #responses: AsyncIterator<Response>

  /** @param call - Makes the call, at the latest when its first response is asked for. */
  constructor(call: (signal: AbortSignal) => AsyncIterable<Response>) {
    this.#responses = call(this.#abort.signal)[Symbol.asyncIterator]()
  }

  /** Receive the next response, which may be a heartbeat. */
  async next(): Promise<Response> {
    const { value, done } = await this.#responses.next()
    if (done) throw new Error('the stream has ended without an error')
    return value
  }

  /** Wait until the stream ends. Returns its error. */
  async end(): Promise<SottoError> {
    return await rejection(this.#untilEnd())
  }

  async #untilEnd(): Promise<void> {
    while (true) await this.next()
  }

  /** Cancel the stream, as a client that stops does. */
  cancel(): void {
    this.#abort.abort(new SottoError('ERR_INTERRUPTED', 'the test gives it up'))
  }
}
