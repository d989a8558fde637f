/**
 * One listener for the events of a messenger beside another, which may come later.
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

/** Report every event to a listener, and to another from when there is one: what that alone hears comes to it, too. */
export function laterBoth(first: MessengerEvents, second: () => Partial<MessengerEvents> | undefined): MessengerEvents {
  const heard = { onChanged() {}, onTyping() {}, ...first } as unknown as Record<string, Listener>
  const both = Object.entries(heard).map(([name, own]): [string, Listener] => [
    name,
    (...args) => {
      own(...args)
      const other = second() as Record<string, Listener> | undefined
      other?.[name]?.(...args)
    },
  ])
  return Object.fromEntries(both) as unknown as MessengerEvents
}
