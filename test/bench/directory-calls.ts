/** How many calls a second the directory answers, many at once and one at a time. */
import { signUp, startPerson, startServices } from './actors/people.ts'
import { startCaller } from './actors/start-caller.ts'
import type { Bench } from './framework/bench.ts'
import { paced } from './framework/paced.ts'
import { ECHO, ECHO_BYTES, startEcho } from './references/start-echo.ts'

type Call = 'requestChat' | 'getPresence'

/** How many calls are under way at once. */
const WIDTHS = [64, 1] as const

const named = (what: string, width: number): string => `${what}, ${width === 1 ? 'one at a time' : `${width} at once`}`

function benchOf(name: string, call: Call, method: string, atLeast: number): Bench {
  return {
    name,
    work: `${method} for somebody who is online, over TLS, from one connection; SQLite on disk`,
    async prepare(context) {
      const home = await context.folder('disk')
      if (home === undefined) return []
      const services = await startServices(context)
      for (const person of ['call-alice', 'call-bob']) await signUp(services, home, person)
      await startPerson(context, home, 'call-bob')
      const caller = await startCaller(context, home, 'call-alice')
      const echo = await startEcho(context, services)
      const rateOf = (calls: (count: number) => Promise<unknown>) => {
        const rate = paced(async (count) => {
          const beganMs = performance.now()
          await calls(count)
          return performance.now() - beganMs
        }, context)
        return async () => [await rate()]
      }
      return WIDTHS.flatMap((width) => [
        {
          rows: [
            {
              case: named(method, width),
              unit: 'calls/s' as const,
              against: [{ to: named(ECHO, width), ...(width > 1 && { atLeast }) }],
            },
          ],
          measure: rateOf((count) => caller.ask(call, 'call-bob', count, width)),
        },
        {
          rows: [{ case: named(ECHO, width), unit: 'calls/s' as const }],
          measure: rateOf((count) => echo.ask('echo', count, width, ECHO_BYTES)),
        },
      ])
    },
  }
}

export const requestChat = benchOf('request-chat', 'requestChat', 'RequestChat', 0.4)

export const getPresence = benchOf('get-presence', 'getPresence', 'GetPresence', 0.6)
