/**
 * A caller of the services as an actor, by the client code that the commands have.
 *
 *     caller.ts HOME PROFILE…
 *
 * @module
 */
import { AuthServiceService } from '#gen/sotto/auth/v1/auth_service.ts'
import { Presence } from '#gen/sotto/directory/v1/directory_service.ts'
import { connect as connectTo } from '#lib/rpc/client.ts'
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
  /** Ask of each whether they are online: how many are. */
  countOnline: (usernames: readonly string[]) => Promise<number>
  /** Sign in so often, each profile one at a time, as `sotto login` does: the milliseconds that each took. */
  signIn: (count: number) => Promise<number[]>
  /** The same with nothing but the call, over one connection. */
  login: (count: number) => Promise<number[]>
}

/** How many are asked for at once. */
const WIDTH = 16

const [home = '', ...names] = process.argv.slice(2)
const { signal } = new AbortController()
const profiles = await Promise.all(names.map((name) => Profile.open(home, name)))
const { connect } = await openSession({ home, profile: names[0] ?? '', clock: systemClock })
const directory = connect(undefined)

const { authAddress: address = '', authorityPem = '' } = profiles[0]?.login.account ?? {}
const auth = connectTo(AuthServiceService, { address, security: { authorityPem, role: 'auth.sotto' } })

/** Do something so often, with each profile one at a time. */
function withEach(count: number, work: (profile: Profile) => Promise<unknown>): Promise<number[]> {
  const free = [...profiles]
  return inFlight(count, profiles.length, async () => {
    const profile = free.pop() as Profile
    await work(profile)
    free.push(profile)
  })
}

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
  async countOnline(usernames) {
    const left = [...usernames]
    let online = 0
    await inFlight(usernames.length, WIDTH, async () => {
      if ((await directory.getPresence(left.pop() ?? '', signal)) === Presence.ONLINE) online += 1
    })
    return online
  },
  signIn: (count) => withEach(count, signInAs),
  login: (count) =>
    withEach(count, ({ state: { identity }, login: { account } }) =>
      auth.call.login({
        username: account.username,
        password: `${account.username}'s password`,
        identityKey: Buffer.from(identity.publicKey),
        replaceIdentityKey: false,
        code: '',
      }),
    ),
}

serveActor(requests, () => {
  auth.close()
  directory.close()
})
