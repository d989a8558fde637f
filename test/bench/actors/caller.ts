/**
 * A caller of the services as an actor, by the client code that the commands have.
 *
 *     caller.ts HOME PROFILE…
 *
 * @module
 */
import { systemClock } from '#lib/runtime/clock.ts'
import { openSession } from '../../../clients/command/open-session.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { login } from '../../../clients/session/login.ts'
import { passwordOf } from '../../support/auth-records.ts'
import type { Requests } from '../framework/actor.ts'
import { inFlight } from '../framework/in-flight.ts'
import { serveActor } from '../framework/serve-actor.ts'

export interface CallerRequests extends Requests {
  /** Ask the directory for a conversation so often, so many calls at once: the milliseconds that each took. */
  requestChat: (username: string, count: number, width: number) => Promise<number[]>
  /** Ask whether somebody is online, likewise. */
  getPresence: (username: string, count: number, width: number) => Promise<number[]>
  /** Sign in so often, each profile one at a time: the milliseconds that each took. */
  signIn: (count: number) => Promise<number[]>
}

const [home = '', ...names] = process.argv.slice(2)
const { signal } = new AbortController()
const profiles = await Promise.all(names.map((name) => Profile.open(home, name)))
const { connect } = await openSession({ home, profile: names[0] ?? '', clock: systemClock })
const directory = connect(undefined)

async function signInAs(profile: Profile): Promise<void> {
  const { account } = profile.login
  await login({
    profile,
    server: account,
    username: account.username,
    askPassword: async () => passwordOf(`${account.username}'s password`),
    replaceIdentityKey: false,
    clock: systemClock,
    signal,
    trace: undefined,
  })
}

const requests: CallerRequests = {
  requestChat: (username, count, width) => inFlight(count, width, () => directory.requestChat(username, signal)),
  getPresence: (username, count, width) => inFlight(count, width, () => directory.getPresence(username, signal)),
  async signIn(count) {
    const free = [...profiles]
    return await inFlight(count, profiles.length, async () => {
      const profile = free.pop() as Profile
      await signInAs(profile)
      free.push(profile)
    })
  },
}

serveActor(requests, () => directory.close())
