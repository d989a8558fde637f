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
export function readMessages<Incoming>(source: DuplexSource<Readable>): AsyncGenerator<Incoming, void, void> {
  const { stream, signal, cancel, check } = source
  // Without a listener an error event would end the process; the reason is kept by the signal.
  stream.on('error', () => {})

  async function* messages(): AsyncGenerator<Incoming, void, void> {
    let isLeft = true
    try {
      for await (const decoded of stream.iterator({ destroyOnReturn: false })) yield check(decoded) as Incoming
      isLeft = false
    } catch (error) {
      isLeft = false
      signal.throwIfAborted()
      throw error
    } finally {
      if (isLeft) cancel()
    }
    // A stream that broke may look ended; what had come before was given out first.
    signal.throwIfAborted()
  }
  return messages()
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
