/**
 * The summary for a user who leaves a chat while messages wait.
 *
 * @module
 */
import { writeRefusal } from '#lib/trust/permission.ts'
import { policyOf } from '../profile/permission.ts'
import type { ProfileState } from '../profile/state.ts'
import type { Store } from '../store/store.ts'

/** A notice for each of those for whom something waits. */
export function exitSummary(store: Store, state: ProfileState): string[] {
  return store.contacts().flatMap(({ name, waiting }) => {
    if (waiting === 0) return []
    return [waitingNotice(name, waiting, writeRefusal(policyOf(state, name)) !== undefined)]
  })
}

function waitingNotice(name: string, count: number, isHeldBack: boolean): string {
  const [what, they] = count === 1 ? ['one message waits', 'it goes'] : [`${count} messages wait`, 'they go']
  return `${what} for ${name}${isHeldBack ? '' : `; ${they} when you are both online`}`
}
