/** How many texts a second, where each is on the sender's and on the receiver's disk before it counts. */
import { startPair, startServices } from './actors/people.ts'
import type { Bench, Case } from './framework/bench.ts'
import { carry } from './framework/conversation.ts'
import { paced } from './framework/paced.ts'
import { sharedNowMs } from './framework/serve-actor.ts'
import { NAIVE, startGrpc } from './references/start-grpc.ts'

export const chatDurable: Bench = {
  name: 'chat-durable',
  work: 'Texts of 100 bytes, a call each, not awaited one by one, until the last is acknowledged; profiles on disk',
  async prepare(context) {
    const cases: Case[] = []
    const home = await context.folder('disk')
    if (home !== undefined) {
      const pair = await startPair(context, await startServices(context), { home, prefix: 'durable' })
      const rate = paced(async (count) => {
        const beganMs = sharedNowMs()
        await carry(pair, count)
        return (await pair.sender.ask('acknowledged')) - beganMs
      }, context)
      const against = [{ to: NAIVE, atLeast: 3 }]
      cases.push({ rows: [{ case: 'Sotto', unit: 'texts/s', against }], measure: async () => [await rate()] })
    }
    const naive = await startGrpc(context)
    const rate = paced((count) => carry(naive, count), context)
    return [...cases, { rows: [{ case: NAIVE, unit: 'texts/s' }], measure: async () => [await rate()] }]
  },
}
