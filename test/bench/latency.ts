/** How long a text is under way when there is time: from the call that says it to the event that brings it. */
import { startPair, startServices } from './actors/people.ts'
import type { Bench, Case, Comparison } from './framework/bench.ts'
import { delaysOf, type Ends } from './framework/conversation.ts'
import { flushMs, openForFlushes } from './references/flush.ts'
import { NAIVE, startGrpc } from './references/start-grpc.ts'

/** How many texts a sample has, and how many a second are said. */
const [TEXTS, PER_SECOND] = [400, 200]

const [P50, P99] = [`${NAIVE}, median`, `${NAIVE}, 99 %`]

export const latency: Bench = {
  name: 'latency',
  work: `${PER_SECOND} texts of 100 bytes a second, from the call of the sender to the event of the receiver`,
  async prepare(context) {
    const services = await startServices(context)
    const texts = context.amount(TEXTS)
    const caseOf = (name: string, ends: Ends, median: Comparison[] = [], tail: Comparison[] = []): Case => ({
      rows: [
        { case: `${name}, median`, unit: 'µs', against: median },
        { case: `${name}, 99 %`, unit: 'µs', against: tail },
      ],
      measure: () => delaysOf(ends, texts, PER_SECOND),
    })
    const cases: Case[] = []
    for (const [place, atMost] of [
      ['disk', 2],
      ['memory', 1.5],
    ] as const) {
      const home = await context.folder(place)
      if (home === undefined) continue
      const pair = await startPair(context, services, { home, prefix: `latency-${place}` })
      cases.push(caseOf(`Sotto, ${place}`, pair, [{ to: P50, atMost }], [{ to: P99, atMost: 4 }]))
      if (place === 'memory') continue
      const file = await openForFlushes(context, home)
      const measure = async () => [(await flushMs(file, texts)) * 1_000]
      cases.push({ rows: [{ case: 'one flush of this disk', unit: 'µs' }], measure })
    }
    return [...cases, caseOf(NAIVE, await startGrpc(context))]
  },
}
