/**
 * A watch over who of some people is online: it runs at the directory, and begins again whenever its link breaks.
 *
 * That somebody is online means only that calling them is worth a try. Somebody who restarts, or moves to another
 * address, stays online if they announce themselves before the directory notices.
 *
 * @module
 */
import { once } from 'node:events'
import {
  Presence,
  type WatchPresenceRequest,
  type WatchPresenceResponse,
} from '#gen/sotto/directory/v1/directory_service.ts'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { HEARTBEAT_MS, MAX_WATCHED_NAMES } from '#lib/protocol.ts'
import { checkStates } from './answers.ts'
import { Backoff } from './backoff.ts'
import { isPassing, LINK_BACKOFF } from './service-outage.ts'

/**
 * The silence after which a link counts as dead, in milliseconds: two beats, each with the time that the directory
 * takes to look at the session.
 */
const WATCH_SILENCE_MS = 2.5 * HEARTBEAT_MS

/** The listeners of a watch. */
export interface PresenceWatching {
  /** Ends the watch. */
  readonly signal: AbortSignal
  /** Called with everybody's state when it is first known, then with each change. */
  readonly onChange: (username: string, online: boolean) => void
  /**
   * The link is lost, so what was last reported may be out of date; it is being tried again. Called once for each loss.
   */
  readonly onLost?: (error: SottoError) => void
  /** The directory tells again; what has changed meanwhile follows. */
  readonly onRegained?: () => void
  /** {@link WATCH_SILENCE_MS} unless set. */
  readonly silenceMs?: number
}

export interface PresenceWatchOptions extends PresenceWatching {
  /** Begins a watch at the directory. */
  readonly call: (request: WatchPresenceRequest, signal: AbortSignal) => AsyncIterable<WatchPresenceResponse>
}

export class PresenceWatch {
  /**
   * Rejects when the watch ends: with what the signal was aborted with, or with a failure that does not pass, such as
   * `ERR_SESSION_ENDED`. It never resolves.
   */
  readonly ended: Promise<never>
  readonly #options: PresenceWatchOptions
  readonly #online = new Map<string, boolean>()
  #usernames: ReadonlySet<string>
  /** The signal that other people are to be watched. */
  #superseded = new AbortController()
  /** Whether the directory is out of reach. The streams share this flag, as they share a connection. */
  #isLost = false

  constructor(usernames: Iterable<string>, options: PresenceWatchOptions) {
    this.#usernames = new Set(usernames)
    this.#options = options
    this.ended = this.#run()
    // Whoever waits for it hears it; nobody has to.
    this.ended.catch(() => undefined)
  }

  /** Watch these people from now on, and nobody else. Of who was watched before, only changes are told. */
  setUsernames(usernames: Iterable<string>): void {
    const wanted = new Set(usernames)
    if (wanted.symmetricDifference(this.#usernames).size === 0) return
    this.#usernames = wanted
    for (const username of this.#online.keys()) if (!wanted.has(username)) this.#online.delete(username)
    this.#superseded.abort()
  }

  async #run(): Promise<never> {
    const { signal } = this.#options
    while (true) {
      signal.throwIfAborted()
      this.#superseded = new AbortController()
      const over = AbortSignal.any([signal, this.#superseded.signal])
      try {
        await Promise.all([
          once(over, 'abort'),
          ...batchesOf(this.#usernames).map((batch) => this.#follow(batch, over)),
        ])
      } finally {
        this.#superseded.abort()
      }
    }
  }

  /** Keep one stream open. @throws SottoError for a failure that does not pass. */
  async #follow(usernames: string[], over: AbortSignal): Promise<void> {
    const backoff = new Backoff(LINK_BACKOFF)
    while (!over.aborted) {
      const error = await this.#listen(usernames, over, backoff)
      if (over.aborted) return
      if (!isPassing(error)) throw error
      if (!this.#isLost) this.#options.onLost?.(error)
      this.#isLost = true
      await backoff.wait(over, error).catch(() => undefined)
    }
  }

  /** Tell what one stream says, until it ends: returns why. */
  async #listen(usernames: string[], over: AbortSignal, backoff: Backoff): Promise<SottoError> {
    const { call, silenceMs = WATCH_SILENCE_MS } = this.#options
    const silence = new AbortController()
    const timer = setTimeout(() => silence.abort(silent()), silenceMs)
    try {
      for await (const response of call({ usernames }, AbortSignal.any([over, silence.signal]))) {
        if (over.aborted) break
        const states = checkStates(response, usernames)
        timer.refresh()
        backoff.reset()
        this.#receive(states)
      }
    } catch (error) {
      if (isSottoError(error)) return error
      throw error
    } finally {
      clearTimeout(timer)
    }
    return new SottoError('ERR_UNAVAILABLE', 'the directory has ended the watch')
  }

  #receive(states: ReadonlyMap<string, Presence>): void {
    if (this.#isLost) this.#options.onRegained?.()
    this.#isLost = false
    for (const [username, presence] of states) {
      // Who is told may just have asked for others.
      if (!this.#usernames.has(username)) continue
      const online = presence === Presence.ONLINE
      if (this.#online.get(username) === online) continue
      this.#online.set(username, online)
      this.#options.onChange(username, online)
    }
  }
}

function batchesOf(usernames: ReadonlySet<string>): string[][] {
  const all = [...usernames]
  const batches: string[][] = []
  while (all.length > 0) batches.push(all.splice(0, MAX_WATCHED_NAMES))
  return batches
}

function silent(): SottoError {
  return new SottoError('ERR_UNAVAILABLE', 'the directory has fallen silent')
}
