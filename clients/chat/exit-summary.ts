/**
 * The summary for a user who leaves a chat while messages wait.
 *
 * @module
 */
import { writeRefusal } from '#lib/trust/permission.ts'
import { policyOf } from '../profile/permission.ts'
import type { ProfileState } from '../profile/state.ts'
import type { Store } from '../store/store.ts'

/** A notice for each of those for whom something waits here, and for each who has not taken what lies in their mailbox. */
export function exitSummary(store: Store, state: ProfileState): string[] {
  return store.names().flatMap((name) => {
    const { waiting, posted } = store.undelivered(name, state.pins.get(name)?.identityKey)
    const isHeldBack = writeRefusal(policyOf(state, name)) !== undefined
    const notices = posted === 0 ? [] : [postedNotice(name, posted)]
    return waiting === 0 ? notices : [...notices, waitingNotice(name, waiting, isHeldBack)]
  })
}

function postedNotice(name: string, count: number): string {
  return `${count === 1 ? 'one message is' : `${count} messages are`} in the mailbox of ${name}`
}

function waitingNotice(name: string, count: number, isHeldBack: boolean): string {
  const [what, they] = count === 1 ? ['one message waits', 'it goes'] : [`${count} messages wait`, 'they go']
  return `${what} for ${name}${isHeldBack ? '' : `; ${they} when you are both online`}`
}
