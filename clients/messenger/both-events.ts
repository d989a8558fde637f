/**
 * One listener for the events of a messenger beside another, which may come later.
 *
 * @module
 */
import type { MessengerEvents } from './messenger-options.ts'

type Listener = (...args: never[]) => void
type Listeners = Record<string, Listener | undefined>

/** Report every event to two listeners, one after the other. What only one of them hears goes to that. */
export function bothEvents(first: MessengerEvents, second: Partial<MessengerEvents>): MessengerEvents {
  const unheard = Object.fromEntries(Object.keys(second).map((name) => [name, undefined]))
  return laterBoth({ ...unheard, ...first }, () => second)
}

/** Report every event to a listener, and to another from when there is one: what that alone hears comes to it, too. */
export function laterBoth(first: MessengerEvents, second: () => Partial<MessengerEvents> | undefined): MessengerEvents {
  const heard = { onChanged: undefined, onTyping: undefined, ...first } as unknown as Listeners
  const both = Object.entries(heard).map(([name, own]): [string, Listener] => [
    name,
    (...args) => {
      own?.(...args)
      const other = second() as Listeners | undefined
      other?.[name]?.(...args)
    },
  ])
  return Object.fromEntries(both) as unknown as MessengerEvents
}
