/** How long it takes to begin a conversation, with people who have talked before. */
import { startPair, startServices } from './actors/people.ts'
import type { Bench } from './framework/bench.ts'
import { median } from './framework/statistics.ts'
import { ECHO, ECHO_BYTES, startEcho } from './references/start-echo.ts'

/** How many conversations, and how many calls of the reference, a sample has. */
const [CONVERSATIONS, CALLS] = [25, 500]

export const open: Bench = {
  name: 'open',
  work: 'From the call that says a text, without a conversation, to its acknowledgement: ticket, dial, handshake, text; warm, on disk',
  async prepare(context) {
    const home = await context.folder('disk')
    if (home === undefined) return []
    const services = await startServices(context)
    const { sender } = await startPair(context, services, { home, prefix: 'open' })
    const echo = await startEcho(context, services)
    const [conversations, calls] = [context.amount(CONVERSATIONS), context.amount(CALLS)]
    await sender.ask('openAndSend')
    return [
      {
        rows: [{ case: 'Sotto', unit: 'ms', against: [{ to: ECHO, atMost: 15 }] }],
        async measure() {
          const times: number[] = []
          for (let count = 0; count < conversations; count += 1) times.push(await sender.ask('openAndSend'))
          return [median(times)]
        },
      },
      {
        rows: [{ case: ECHO, unit: 'ms' }],
        measure: async () => [median(await echo.ask('echo', calls, 1, ECHO_BYTES))],
      },
    ]
  },
}
