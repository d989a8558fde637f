/** How many people can sign in a second, and whether everybody else has to wait meanwhile. */
import { signUp, startPerson, startServices } from './actors/people.ts'
import { startCaller } from './actors/start-caller.ts'
import { Actor } from './framework/actor.ts'
import type { Bench, Case } from './framework/bench.ts'
import { paced } from './framework/paced.ts'
import { quantile } from './framework/statistics.ts'
import type { HashRequests } from './references/argon2.ts'

/** How many people sign in again and again, each one at a time. */
const PEOPLE = 8

/** The libraries that are compared, the fastest last. */
const LIBRARIES = ['node:crypto', '@node-rs/argon2'] as const

const rowOf = (library: string): string => `argon2id by ${library}`

export const login: Bench = {
  name: 'login',
  work: `Sign-ins by ${PEOPLE} people at once, saturated: the call alone over one connection, and whole with a connection each and the profile written; argon2id, 19 MiB, 2 passes`,
  async prepare(context) {
    const home = await context.folder('disk')
    if (home === undefined) return []
    const services = await startServices(context)
    const names = Array.from({ length: PEOPLE }, (_, number) => `login-${number}`)
    for (const name of [...names, 'login-alice', 'login-bob']) await signUp(services, home, name)
    await startPerson(context, home, 'login-bob')
    const [people, other] = [
      await startCaller(context, home, ...names),
      await startCaller(context, home, 'login-alice'),
    ]
    const hashers: Case[] = []
    for (const library of LIBRARIES) {
      const hasher = context.resources.use(await Actor.start<HashRequests>('references/argon2.ts', library))
      const rate = paced(
        timed((count) => hasher.ask('hash', count, PEOPLE)),
        { ...context, least: PEOPLE },
      )
      hashers.push({ rows: [{ case: rowOf(library), unit: 'sign-ins/s' }], measure: async () => [await rate()] })
    }
    const whole = paced(
      timed((count) => people.ask('signIn', count)),
      { ...context, least: PEOPLE },
    )
    const alone = paced(
      timed((count) => people.ask('login', count)),
      { ...context, least: PEOPLE },
    )
    let delays: number[] = []
    const besideCalls = paced(
      timed(async (count) => {
        let isOver = false
        const asking = (async () => {
          delays = []
          while (!isOver) delays.push(...(await other.ask('requestChat', 'login-bob', 1, 1)))
        })()
        await people.ask('login', count)
        isOver = true
        await asking
      }),
      { ...context, least: PEOPLE },
    )
    const fastest = rowOf('@node-rs/argon2')
    return [
      {
        rows: [
          { case: 'Login', unit: 'sign-ins/s', against: [{ to: fastest, atLeast: 0.9 }, { to: rowOf('node:crypto') }] },
        ],
        measure: async () => [await alone()],
      },
      {
        rows: [
          { case: 'Login, beside RequestChat one after the other', unit: 'sign-ins/s', against: [{ to: fastest }] },
          { case: 'RequestChat meanwhile, 99 %', unit: 'ms', bar: { atMost: 50 } },
        ],
        measure: async () => [await besideCalls(), quantile(delays, 0.99)],
      },
      {
        rows: [{ case: 'whole sign-ins, as sotto login', unit: 'sign-ins/s', against: [{ to: fastest }] }],
        measure: async () => [await whole()],
      },
      ...hashers,
    ]
  },
}

function timed(work: (count: number) => Promise<unknown>): (count: number) => Promise<number> {
  return async (count) => {
    const beganMs = performance.now()
    await work(count)
    return performance.now() - beganMs
  }
}
