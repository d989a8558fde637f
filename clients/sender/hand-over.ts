/**
 * What a `sotto send` leaves in the profile's store for a messenger to say: one that runs now, or the next.
 *
 * @module
 */
import { encodeTextEvent } from '#lib/delivery/event.ts'
import { type ErrorCode, isSottoError, SottoError } from '#lib/errors.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { DirectoryClient } from '../peer/directory-client.ts'
import { drawEventId } from '../peer/event-ids.ts'
import type { Output } from '../peer/output.ts'
import { keyChanged, refuseBlocked, refuseChangedKey } from '../peer/pins.ts'
import type { Profile } from '../peer/profile.ts'
import type { Mailbox } from '../store/mailbox.ts'
import { openStore, type Store } from '../store/store.ts'
import { waitForProgress } from '../store/wait-for-progress.ts'

/** Texts in batches, as they come. */
export type Texts = AsyncIterable<Iterable<Uint8Array>> | Iterable<Iterable<Uint8Array>>

export interface HandingOver {
  readonly profile: Profile
  readonly directory: DirectoryClient
  readonly output: Output
  readonly to: string
  /** Whether it may be kept for somebody who is not there. */
  readonly queue: boolean
  /** How long to wait for a messenger that gets nowhere, in milliseconds. */
  readonly redialMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** How many messages may wait for their acknowledgement before more are put behind them. */
const MAX_WAITING = 10_000

/** Why nobody can be talked with now, which may be otherwise later. */
const NOBODY_THERE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_NOT_ONLINE',
  'ERR_PEER_UNREACHABLE',
  'ERR_UNAVAILABLE',
])

export function isNobodyThere(error: unknown): boolean {
  return isSottoError(error) && NOBODY_THERE.has(error.code)
}

/**
 * Leave it to the messenger that runs, and wait until it is acknowledged.
 *
 * @throws SottoError `ERR_NOT_ONLINE` and what else a call fails with: nothing was kept. `ERR_NOT_ACKNOWLEDGED` if the
 *   messenger gets nowhere for {@link HandingOver.redialMs}: it goes on trying.
 */
export async function handOver(options: HandingOver, texts: Texts): Promise<void> {
  const { profile, directory, to, queue, signal } = options
  try {
    const { reply } = await directory.requestChat(to, signal)
    await refuseChangedKey(profile, to, reply.receiverIdentityKey)
  } catch (error) {
    if (!queue || !isNobodyThere(error)) throw error
    return await keepForLater(options, texts)
  }
  using outbox = await Outbox.open(options)
  let put = 0
  try {
    await outbox.put(texts, async (last) => {
      put = last
      await outbox.delivered(last - MAX_WAITING)
    })
  } finally {
    // Where the end could not be sent, what stood before it is.
    if (!signal.aborted) await outbox.delivered(put)
  }
}

/** Keep it until both are online and a messenger runs. */
export async function keepForLater(options: HandingOver, texts: Texts): Promise<void> {
  using outbox = await Outbox.open(options)
  const count = await outbox.put(texts, async () => {})
  const what = count === 1 ? 'one message waits' : `${count} messages wait`
  options.output.notice(`${what} for ${options.to}, until both of you are online and a sotto chat runs here`)
}

/** The mailbox of one person, in a process that does not own the profile's conversations. */
class Outbox implements Disposable {
  readonly #options: HandingOver
  readonly #store: Store
  readonly #mailbox: Mailbox

  /** @throws SottoError `ERR_BLOCKED`, `ERR_KEY_CHANGED`: what is put there would never go. */
  static async open(options: HandingOver): Promise<Outbox> {
    const { profile, to } = options
    await refuseBlocked(profile, to)
    if (profile.state.pins.get(to)?.changedTo !== undefined) throw keyChanged(to)
    return new Outbox(options)
  }

  private constructor(options: HandingOver) {
    const { profile, to, clock } = options
    const { folder, key } = profile.storage
    this.#options = options
    this.#store = openStore(folder, { profileKey: key, clock })
    this.#mailbox = this.#store.mailbox(to, profile.state.pins.get(to)?.identityKey)
  }

  /**
   * Put everything there, in order.
   *
   * @param onPut - Told the ordinal of the last so far; more is put there when it resolves.
   * @returns how many there were.
   */
  async put(texts: Texts, onPut: (last: number) => Promise<void>): Promise<number> {
    let count = 0
    for await (const batch of texts) {
      const { events, failure } = this.#encoded(batch)
      this.#options.signal.throwIfAborted()
      if (events.length > 0) await onPut(this.#mailbox.append(events))
      count += events.length
      if (failure !== undefined) throw failure
    }
    return count
  }

  /** The texts up to the first that cannot be sent, if there is one. */
  #encoded(batch: Iterable<Uint8Array>): { events: Uint8Array[]; failure?: unknown } {
    const writtenAt = this.#options.clock.now()
    const events: Uint8Array[] = []
    try {
      for (const body of batch) events.push(encodeTextEvent({ eventId: drawEventId(), writtenAt, body }))
      return { events }
    } catch (failure) {
      return { events, failure }
    }
  }

  /** Wait until all up to an ordinal is acknowledged. */
  async delivered(ordinal: number): Promise<void> {
    const { redialMs, to, signal } = this.#options
    const stalled = new AbortController()
    const timer = setTimeout(() => stalled.abort(unacknowledged(to)), redialMs)
    // Whatever the messenger writes, it gets somewhere.
    const watch = this.#store.watch(() => timer.refresh())
    try {
      const over = AbortSignal.any([signal, stalled.signal])
      await waitForProgress(this.#store, this.#mailbox, { mark: 'delivered', ordinal, signal: over })
    } finally {
      watch.stop()
      clearTimeout(timer)
    }
  }

  [Symbol.dispose](): void {
    this.#store.close()
  }
}

function unacknowledged(to: string): SottoError {
  return new SottoError('ERR_NOT_ACKNOWLEDGED', `${to} has not acknowledged it yet`, {
    hint: 'do not send it again: it waits, and the chat that runs sends it when it can',
  })
}
