/**
 * What comes over a call, from its first byte until its handler takes it.
 *
 * @module
 */
import type { ServerHttp2Stream } from 'node:http2'
import { SottoError } from '../../../errors.ts'
import { CALL_BYTES, type HeldByConnection, type HeldCall } from '../held/held-bytes.ts'
import { MessageProgress } from './message-progress.ts'

/** How long a call that had to go has for the status that says why, in milliseconds: what it holds is held until then. */
const EVICTED_MS = 10

/** After which time somebody may try again who had to go, in milliseconds. */
const RETRY_MS = 1_000

export class ArrivingCall {
  readonly progress = new MessageProgress()
  readonly #held: HeldCall | undefined
  #hasBegun = false
  /** How many messages had begun at the last look, and at how many looks in a row the last of them had not ended. */
  begun = 0
  looks = 0
  /** Whether the other end has sent all of it: after that nothing of it comes. */
  isSent = false
  /** Whether it was seen closed. What is buffered of it may keep it open in JavaScript for long. */
  isClosed = false
  /** Called when it has to go, as too much is held. */
  onEvicted: ((error: SottoError) => void) | undefined

  /** @param onChunk - Told of all that comes, as it comes. */
  constructor(stream: ServerHttp2Stream, held: HeldByConnection | undefined, onChunk: (chunk: Uint8Array) => void) {
    this.#held = held?.begin(() => {
      this.onEvicted?.(tooMuch())
      setTimeout(() => stream.destroy(), EVICTED_MS)
    })
    const note = (chunk: Uint8Array) => {
      this.progress.push(chunk)
      this.#held?.add(chunk.length)
      onChunk(chunk)
    }
    // Node.js tells of it in no event before somebody reads; by then a window of it may be there.
    const push = stream.push.bind(stream)
    stream.push = (chunk: Uint8Array | null, encoding?: BufferEncoding) => {
      if (chunk !== null) note(chunk)
      return push(chunk, encoding)
    }
    const early = takeEarly(stream)
    // Only then does somebody know of the call who can end it.
    if (early.length > 0) queueMicrotask(() => note(early))
    stream.once('close', () => this.#held?.end())
  }

  /** It is a call of this account. */
  countFor(account: string): void {
    this.#held?.countFor(account)
  }

  /** The handler of a stream has taken a message. That of a call without one holds its request to the end. */
  taken(): void {
    this.#held?.add(-this.progress.take() - (this.#hasBegun ? 0 : CALL_BYTES))
    this.#hasBegun = true
  }
}

/**
 * The content that was there before the call was told of: of what came before the connection was served (entrance/), and is
 * read at once. It stays to be read.
 */
function takeEarly(stream: ServerHttp2Stream): Uint8Array {
  if (stream.readableLength === 0) return Buffer.alloc(0)
  const early = stream.read() as Buffer
  stream.unshift(early)
  return early
}

function tooMuch(): SottoError {
  return new SottoError('ERR_BUSY', 'too much of what was sent waits to be read', { retryAfterMs: RETRY_MS })
}
