/**
 * One listener for the events of a messenger beside another.
 *
 * @module
 */
import type { MessengerEvents } from './messenger-options.ts'

type Listener = (...args: never[]) => void

/** Report every event to two listeners, one after the other. What only one of them hears goes to that. */
export function bothEvents(first: MessengerEvents, second: Partial<MessengerEvents>): MessengerEvents {
  const both: Record<string, Listener | undefined> = { ...first }
  for (const [name, heard] of Object.entries(second) as [string, Listener][]) {
    const own = both[name]
    both[name] =
      own === undefined
        ? heard
        : (...args) => {
            own(...args)
            heard(...args)
          }
  }
  return both as unknown as MessengerEvents
}
