/** How long a text is under way when there is time: from the call that says it to the event that brings it. */
import { startPair, startServices } from './actors/people.ts'
import type { Bench, Case, Comparison, Place, RowPlan } from './framework/bench.ts'
import { delaysOf, type Ends } from './framework/conversation.ts'
import { flushMs, openForFlushes } from './references/flush.ts'
import { NAIVE, startGrpc } from './references/start-grpc.ts'

/** How many texts a sample has, and how many a second are said. */
const [TEXTS, PER_SECOND] = [300, 200]

const FLUSH = 'one flush of this disk'

const [P50, P99] = [`${NAIVE}, median`, `${NAIVE}, 99 %`]

export const latency: Bench = {
  name: 'latency',
  work: `${PER_SECOND} texts of 100 bytes a second, from the call of the sender to the event of the receiver`,
  async prepare(context) {
    const services = await startServices(context)
    const texts = context.amount(TEXTS)
    const rowsOf = (name: string, median: Comparison[] = [], tail: Comparison[] = []): RowPlan[] => [
      { case: `${name}, median`, unit: 'µs', against: median },
      { case: `${name}, 99 %`, unit: 'µs', against: tail },
    ]
    const measure = (ends: Ends) => () => delaysOf(ends, texts, PER_SECOND)
    const startSotto = async (place: Place) => {
      const home = await context.folder(place)
      if (home === undefined) return undefined
      return { home, pair: await startPair(context, services, { home, prefix: `latency-${place}` }) }
    }
    const cases: Case[] = []
    const disk = await startSotto('disk')
    if (disk !== undefined) {
      const file = await openForFlushes(context, disk.home)
      cases.push({
        rows: [
          ...rowsOf('Sotto, disk', [{ to: P50 }], [{ to: P99, atMost: 4 }]),
          { case: FLUSH, unit: 'µs' },
          // A text waits for the sender's flush, for which the reference has nothing.
          { case: `Sotto, disk, median, beyond one flush`, unit: 'µs', against: [{ to: P50, atMost: 2 }] },
        ],
        async measure() {
          const [median, tail] = await delaysOf(disk.pair, texts, PER_SECOND)
          const flushUs = (await flushMs(file, texts)) * 1_000
          return [median, tail, flushUs, median - flushUs]
        },
      })
    }
    const memory = await startSotto('memory')
    if (memory !== undefined) {
      const rows = rowsOf('Sotto, memory', [{ to: P50, atMost: 1.5 }], [{ to: P99, atMost: 4 }])
      cases.push({ rows, measure: measure(memory.pair) })
    }
    cases.push({ rows: rowsOf(NAIVE), measure: measure(await startGrpc(context)) })
    return cases
  },
}
