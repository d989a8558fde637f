/**
 * What somebody is told who leaves a chat while messages wait.
 *
 * @module
 */
import type { ProfileState } from '../profile/state.ts'
import type { Store } from '../store/store.ts'

/** A notice for each of those for whom something waits. */
export function exitSummary(store: Store, { blocked, pins }: ProfileState): string[] {
  return store.contacts().flatMap(({ name, waiting }) => {
    if (waiting === 0) return []
    const isHeldBack = blocked.has(name) || pins.get(name)?.changedTo !== undefined
    return [waitingNotice(name, waiting, isHeldBack)]
  })
}

function waitingNotice(name: string, count: number, isHeldBack: boolean): string {
  const [what, they] = count === 1 ? ['one message waits', 'it goes'] : [`${count} messages wait`, 'they go']
  return `${what} for ${name}${isHeldBack ? '' : `; ${they} when you are both online`}`
}
