/**
 * The states that a watch has not reported yet.
 *
 * @module
 */
import type { Watch } from '../../services/directory/watch.ts'

/** Read the pending states of a watch. Returns `bob online` or `bob offline` for each. */
export async function pendingStates(watch: Watch): Promise<string[]> {
  const until = new AbortController()
  // Pending states are read without waiting, and so before this.
  setImmediate(() => until.abort())
  const states: string[] = []
  for await (const batch of watch.states(until.signal)) {
    for (const { username, online } of batch) states.push(`${username} ${online ? 'online' : 'offline'}`)
  }
  return states
}
