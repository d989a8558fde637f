/** How many texts a second, where nothing has to be flushed: what is Sotto's own work, against brokers and a stream. */
import { startPair, startServices } from './actors/people.ts'
import type { Bench, Case } from './framework/bench.ts'
import { carry, type Ends } from './framework/conversation.ts'
import { paced } from './framework/paced.ts'
import { NAIVE, startGrpc } from './references/start-grpc.ts'
import { NATS, startNats } from './references/start-nats.ts'
import { PROSODY, startProsody } from './references/start-prosody.ts'

export const chat: Bench = {
  name: 'chat',
  work: 'Texts of 100 bytes, a call each, not awaited one by one, until the receiver has the last; profiles in memory',
  async prepare(context) {
    const { seconds } = context
    const cases: Case[] = []
    const add = (ends: Ends | undefined, rows: Case['rows']) => {
      if (ends === undefined) return
      const rate = paced((count) => carry(ends, count), { seconds })
      cases.push({ rows, measure: async () => [await rate()] })
    }
    const home = await context.folder('memory')
    if (home !== undefined) {
      const pair = await startPair(context, await startServices(context), { home, prefix: 'chat' })
      const against = [
        { to: NAIVE, atLeast: 6 },
        { to: NATS, atLeast: 1.2 },
        { to: PROSODY, atLeast: 25 },
      ]
      add(pair, [{ case: 'Sotto', unit: 'texts/s', against }])
    }
    add(await startGrpc(context), [{ case: NAIVE, unit: 'texts/s' }])
    add(await startNats(context), [{ case: NATS, unit: 'texts/s' }])
    add(await startProsody(context), [{ case: PROSODY, unit: 'texts/s' }])
    return cases
  },
}
