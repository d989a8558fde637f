/**
 * What happens at the client, for every tab of the browser. A browser opens six connections to a page over HTTP/1.1, and a
 * watch in each tab would use them up: so one tab watches, the one that has the lock, and tells the others.
 *
 * @module
 */
import type { WatchResponse } from '#gen/web/sotto/agent/v1/agent_service.ts'
import { CallError, decode, frames } from './rpc.ts'
import { isSignedIn } from './session.ts'

export type Happened = NonNullable<WatchResponse['event']>

/** The news of the watch itself: it has ended, and is begun anew. */
export type Lost = 'lost' | 'signed out'

/** What tabs tell each other: a response of the watch, that it has ended, or that one wants the messages of the protocol. */
type Told = Uint8Array | Lost | 'trace'

const LOCK = 'sotto-watch'
const FIRST_RETRY_MS = 250
const LONGEST_RETRY_MS = 2_000

/**
 * Follow what happens.
 *
 * @param onEvent - Takes each event. The first of each watch is `begun`: what was listed before it may be out of date.
 * @returns a function that asks for the messages of the protocol, too, from now on.
 */
export function follow(onEvent: (event: Happened) => void, onLost: (how: Lost) => void): () => void {
  const others = new BroadcastChannel('sotto')
  const traces = new Traces()
  let isAsking = false
  const hear = (told: Told): void => {
    if (told === 'trace') traces.want()
    else if (typeof told === 'string') onLost(told)
    else {
      const { event } = decode('watch', told)
      // Another tab may have begun to watch, to whom it was not said.
      if (event?.$case === 'begun' && isAsking) others.postMessage('trace')
      if (event !== undefined) onEvent(event)
    }
  }
  const tell = (told: Told): void => {
    others.postMessage(told)
    hear(told)
  }
  others.onmessage = ({ data }) => hear(data)
  void navigator.locks.request(LOCK, () => watch(tell, traces))
  return () => {
    isAsking = true
    tell('trace')
  }
}

/** Whether some tab wants the messages of the protocol. A watch that is without them then has to begin anew. */
class Traces {
  isWanted = false
  #changed = new AbortController()

  /** Aborted once they are wanted, for what has begun before. */
  get changed(): AbortSignal {
    return this.#changed.signal
  }

  want(): void {
    if (this.isWanted) return
    this.isWanted = true
    this.#changed.abort()
    this.#changed = new AbortController()
  }
}

/** Watch for as long as this tab is signed in. */
async function watch(tell: (told: Uint8Array | Lost) => void, traces: Traces): Promise<void> {
  let waitMs = FIRST_RETRY_MS
  while (isSignedIn()) {
    const { changed } = traces
    try {
      for await (const response of frames('watch', { trace: traces.isWanted }, changed)) {
        waitMs = FIRST_RETRY_MS
        tell(response)
      }
    } catch (error) {
      // A mistake of the page's own: the watch comes back all the same.
      if (!(error instanceof CallError) && !changed.aborted) reportError(error)
    }
    if (changed.aborted) continue
    tell(isSignedIn() ? 'lost' : 'signed out')
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    waitMs = Math.min(2 * waitMs, LONGEST_RETRY_MS)
  }
}
