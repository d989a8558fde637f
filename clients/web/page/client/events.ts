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

const LOCK = 'sotto-watch'
const FIRST_RETRY_MS = 250
const LONGEST_RETRY_MS = 2_000

/**
 * Follow what happens.
 *
 * @param onEvent - Takes each event. The first of each watch is `begun`: what was listed before it may be out of date.
 */
export function follow(onEvent: (event: Happened) => void, onLost: (how: Lost) => void): void {
  const others = new BroadcastChannel('sotto')
  const hear = (told: Uint8Array | Lost): void => {
    if (typeof told === 'string') onLost(told)
    else {
      const { event } = decode('watch', told)
      if (event !== undefined) onEvent(event)
    }
  }
  const tell = (told: Uint8Array | Lost): void => {
    others.postMessage(told)
    hear(told)
  }
  others.onmessage = ({ data }) => hear(data)
  void navigator.locks.request(LOCK, () => watch(tell))
}

/** Watch for as long as this tab is signed in. */
async function watch(tell: (told: Uint8Array | Lost) => void): Promise<void> {
  let waitMs = FIRST_RETRY_MS
  while (isSignedIn()) {
    try {
      for await (const response of frames('watch', {})) {
        waitMs = FIRST_RETRY_MS
        tell(response)
      }
    } catch (error) {
      if (!(error instanceof CallError)) throw error
    }
    tell(isSignedIn() ? 'lost' : 'signed out')
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    waitMs = Math.min(2 * waitMs, LONGEST_RETRY_MS)
  }
}
