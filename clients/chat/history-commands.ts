/**
 * Messages out of the store that are shown once more, with a line before and a line behind, so that nobody takes them for
 * new ones.
 *
 * @module
 */
import type { Store } from '../store/store.ts'
import { isEntry } from './page/event-entry.ts'
import type { View } from './view.ts'

/** How many messages a search shows at most: more than a screen, less than a flood. */
const MAX_FOUND = 100

/** Show the newest messages of the conversation, from the oldest of them on. */
export function showNewest(view: View, store: Store, limit: number): void {
  const { to } = view
  if (to === undefined) {
    view.notice('talk with somebody first: /to NAME')
    return
  }
  const messages = store.history(to, { limit }).reverse()
  const count = messages.filter((message) => message.kind === 'gap' || isEntry(message.event)).length
  const what = count === 1 ? 'the last message' : `the last ${count} messages`
  view.caption(count === 0 ? `nothing was said to ${to} yet, or heard from them` : `${what} with ${to}:`)
  for (const message of messages) view.show(message)
  if (count > 0) view.caption(`end of ${what}`)
}

/** Show what holds all of some words, in whichever conversation. */
export async function showFound(view: View, store: Store, words: string): Promise<void> {
  let found = 0
  for await (const message of store.search(words)) {
    if (found === MAX_FOUND) break
    if (found === 0) view.caption(`found for: ${words}`)
    view.show(message)
    found += 1
  }
  if (found === 0) view.notice('nothing found')
  else view.caption(`end of what was found: ${found === 1 ? 'one message' : `${found} messages`}`)
  if (found === MAX_FOUND) view.notice(`there may be more; ${MAX_FOUND} are shown`)
}
