/** How long a program waits that awaits the acknowledgement of each text, and what 64 at once come to. */
import { startPair, startServices } from './actors/people.ts'
import type { Bench } from './framework/bench.ts'
import { carry } from './framework/conversation.ts'
import { paced } from './framework/paced.ts'
import { median } from './framework/statistics.ts'
import { flushMs, openForFlushes } from './references/flush.ts'
import { NAIVE, startGrpc } from './references/start-grpc.ts'

const FLUSHES = 'two flushes of this disk'

/** How many texts are awaited one by one for a sample. */
const TEXTS = 300

/** How many are under way at once in the other case. */
const WIDTH = 64

export const chatAwaited: Bench = {
  name: 'chat-awaited',
  work: 'Texts of 100 bytes, each awaited until it is acknowledged, one at a time and 64 at once; profiles on disk',
  async prepare(context) {
    const home = await context.folder('disk')
    if (home === undefined) return []
    const { sender } = await startPair(context, await startServices(context), { home, prefix: 'awaited' })
    const naive = await startGrpc(context)
    const texts = context.amount(TEXTS)
    const file = await openForFlushes(context, home)
    const rate = paced(async (count) => {
      const beganMs = performance.now()
      await sender.ask('sendAwaited', count, WIDTH)
      return performance.now() - beganMs
    }, context)
    const naiveRate = paced((count) => carry(naive, count), context)
    return [
      {
        rows: [
          { case: 'Sotto, one at a time', unit: 'ms', against: [{ to: FLUSHES }] },
          { case: FLUSHES, unit: 'ms' },
          { case: 'what Sotto takes beyond them', unit: 'ms', bar: { atMost: 1 } },
        ],
        async measure() {
          const ms = median(await sender.ask('sendAwaited', texts, 1))
          const flushesMs = 2 * (await flushMs(file, texts))
          return [ms, flushesMs, ms - flushesMs]
        },
      },
      {
        rows: [{ case: 'Sotto, 64 at once', unit: 'texts/s', against: [{ to: NAIVE, atLeast: 0.3 }] }],
        measure: async () => [await rate()],
      },
      { rows: [{ case: NAIVE, unit: 'texts/s' }], measure: async () => [await naiveRate()] },
    ]
  },
}
