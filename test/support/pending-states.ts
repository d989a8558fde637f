/**
 * What a watch has to tell at this moment.
 *
 * @module
 */
import type { Watch } from '../../services/directory/watch.ts'

/** Reads until there is no more, and gives `bob online` or `bob offline` for each state. */
export async function pendingStates(watch: Watch): Promise<string[]> {
  const until = new AbortController()
  // Whatever is there is read without waiting for anything, and so before this.
  setImmediate(() => until.abort())
  const states: string[] = []
  for await (const batch of watch.states(until.signal)) {
    for (const { username, online } of batch) states.push(`${username} ${online ? 'online' : 'offline'}`)
  }
  return states
}
