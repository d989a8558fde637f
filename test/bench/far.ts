/** How many texts a second go a long way, where each round trip that is waited for shows. */

import { freePort } from '../support/free-port.ts'
import { startPair, startServices } from './actors/people.ts'
import type { Bench, Case } from './framework/bench.ts'
import { carry, type Ends } from './framework/conversation.ts'
import { paced } from './framework/paced.ts'
import { ROUND_TRIP_MS, startFarLink } from './references/start-far-link.ts'
import { NAIVE, startGrpc } from './references/start-grpc.ts'

export const far: Bench = {
  name: 'far',
  work: `Texts of 100 bytes, a call each, not awaited one by one, over a way of ${ROUND_TRIP_MS} ms there and back, until the receiver has the last`,
  async prepare(context) {
    const cases: Case[] = []
    const add = (rows: Case['rows'], ends: Ends) => {
      const rate = paced((count) => carry(ends, count), context)
      cases.push({ rows, measure: async () => [await rate()] })
    }
    const services = await startServices(context)
    for (const [place, atLeast] of [
      ['memory', 40],
      ['disk', 20],
    ] as const) {
      const home = await context.folder(place)
      if (home === undefined) continue
      const port = await freePort()
      const listening = { port, advertised: await startFarLink(context, port) }
      const pair = await startPair(context, services, { home, prefix: `far-${place}`, listening })
      add([{ case: `Sotto, ${place}`, unit: 'texts/s', against: [{ to: NAIVE, atLeast }] }], pair)
    }
    add([{ case: NAIVE, unit: 'texts/s' }], await startGrpc(context, (port) => startFarLink(context, port)))
    return cases
  },
}
