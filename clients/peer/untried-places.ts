/**
 * The places at which an attempt to reach somebody may still ask: each Hello goes to another, as long as there is one.
 *
 * @module
 */
import type { Profile } from '../profile/profile.ts'
import type { RequestedChat } from '../session/directory-client.ts'
import { addressOf, type Places, RELAY } from './dial.ts'

/** Where the receiver may be reached, as far as the profile allows. */
export function placesOf({ endpoints, relay: attended }: RequestedChat, profile: Profile): Places {
  const { account, session } = profile.login
  const { reach } = profile.state
  return {
    endpoints: reach === 'relay' ? [] : endpoints,
    relay: reach === 'direct' || attended === undefined ? undefined : { attended, account, session },
  }
}

/** The places that have not refused yet; all of them, once each has: a receiver may have been restarted. */
export function untried(places: Places, tried: ReadonlySet<string>): Places {
  const untried = left(places, tried)
  return isEmpty(untried) ? places : untried
}

/** Whether each of the places has refused. */
export function haveAllRefused(places: Places, tried: ReadonlySet<string>): boolean {
  return isEmpty(left(places, tried))
}

function left({ endpoints, relay }: Places, tried: ReadonlySet<string>): Places {
  return {
    endpoints: endpoints.filter((endpoint) => !tried.has(addressOf(endpoint))),
    relay: tried.has(RELAY) ? undefined : relay,
  }
}

function isEmpty({ endpoints, relay }: Places): boolean {
  return endpoints.length === 0 && relay === undefined
}
