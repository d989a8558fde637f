/**
 * A bidirectional stream of the gRPC library as a {@link Duplex}: what comes in as an async iterable, what goes out one
 * awaited message at a time, so that neither end can be flooded.
 *
 * @module
 */
import type { Duplex as NodeDuplex, Readable, Writable } from 'node:stream'
import { SottoError } from '../errors.ts'
import type { Duplex } from './service.ts'

/** The gRPC side of a stream, on either end. */
export interface DuplexSource<Stream> {
  /** The stream, in object mode; it may be destroyed, and may emit errors. */
  readonly stream: Stream
  /**
   * The signal that the stream is over for any reason but that the other end has ended its direction in order; both
   * directions then throw the signal's reason.
   */
  readonly signal: AbortSignal
  /** Tell the other end that the stream is dropped. */
  readonly cancel: () => void
  /** Turns what was decoded into a message, or throws. */
  readonly check: (decoded: unknown) => unknown
}

export function createDuplex<Incoming, Outgoing>(source: DuplexSource<NodeDuplex>): Duplex<Incoming, Outgoing> {
  const { stream, signal, cancel } = source
  return {
    messages: readMessages<Incoming>(source),
    ready: () => {
      const decoded: unknown = signal.aborted ? null : stream.read()
      return decoded === null ? undefined : (source.check(decoded) as Incoming)
    },
    async send(message) {
      if (!signal.aborted && !stream.writable) {
        throw new SottoError('ERR_CHANNEL_CLOSED', 'the stream has ended', { hint: 'try again' })
      }
      await write(stream, message, signal)
    },
    end: () => void stream.end(),
    cancel,
  }
}

/** Read the messages that come in over a stream; see {@link Duplex.messages}. */
export function readMessages<Incoming>(source: DuplexSource<Readable>): AsyncIterableIterator<Incoming> {
  // Without a listener an error event would end the process; the reason is kept by the signal.
  source.stream.on('error', () => {})
  return new IncomingMessages(source)
}

/**
 * For one who asks for a message at a time. Not a generator: while that waits, it holds the last message, and the 64 KiB in
 * which that came.
 */
class IncomingMessages<Incoming> implements AsyncIterableIterator<Incoming> {
  readonly #source: DuplexSource<Readable>
  readonly #decoded: AsyncIterator<unknown>
  #isOver = false

  constructor(source: DuplexSource<Readable>) {
    this.#source = source
    this.#decoded = source.stream.iterator({ destroyOnReturn: false })
  }

  async next(): Promise<IteratorResult<Incoming>> {
    if (this.#isOver) return { value: undefined, done: true }
    const { signal, check } = this.#source
    try {
      const { value, done } = await this.#decoded.next()
      if (done !== true) return { value: check(value) as Incoming, done: false }
    } catch (error) {
      this.#isOver = true
      await this.#decoded.return?.()
      signal.throwIfAborted()
      throw error
    }
    this.#isOver = true
    // A stream that broke may look ended; what had come before was given out first.
    signal.throwIfAborted()
    return { value: undefined, done: true }
  }

  /** The loop is left early. */
  async return(): Promise<IteratorResult<Incoming>> {
    if (!this.#isOver) {
      this.#isOver = true
      this.#source.cancel()
      await this.#decoded.return?.()
    }
    return { value: undefined, done: true }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/**
 * Write one message and wait until the transport has taken it.
 *
 * @throws the signal's reason, if it is aborted before: the library forgets the callbacks of a call that is over.
 */
export function write(stream: Writable, message: unknown, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    stream.write(message, (error) => {
      signal.removeEventListener('abort', onAbort)
      if (error) reject(error)
      else resolve()
    })
  })
}
