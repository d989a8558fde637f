/** How many people can talk to one receiver at once, whether all get their share, and what each costs. */
import { setTimeout } from 'node:timers/promises'
import type { CrowdRequests } from './actors/crowd.ts'
import { signUp, signUpAll, startPerson, startServices } from './actors/people.ts'
import { Actor } from './framework/actor.ts'
import type { Bench } from './framework/bench.ts'
import { paced } from './framework/paced.ts'
import { median } from './framework/statistics.ts'

/** How many people call, all from one address, unless the run says otherwise; and how many processes they share. */
const [PEOPLE, PROCESSES] = [200, 4]

/** How long all of them have to open their conversations, in milliseconds, for each and at least; all begin at once. */
const [OPEN_MS_EACH, OPEN_LEAST_MS] = [40, 5_000]

/** How long the receiver rests before its memory is looked at, in milliseconds: it gives back what it does not need. */
const REST_MS = 12_000

const [ALL, ALONE, MEDIAN] = ['all together', 'one conversation alone', 'the conversation in the middle']

export const many: Bench = {
  name: 'many',
  work: `${PEOPLE} people (unless --size says otherwise) call one receiver at once from one address, then say texts of 100 bytes, not awaited one by one, until all are acknowledged; profiles on disk`,
  async prepare(context) {
    const home = await context.folder('disk')
    if (home === undefined) return []
    const services = await startServices(context)
    const people = Math.max(PROCESSES, context.size(PEOPLE))
    const names = Array.from({ length: people }, (_, number) => `many-${number}`)
    context.note(`signing up ${people} people`)
    await signUp(services, home, 'many-bob')
    await signUpAll(services, home, names)
    const receiver = await startPerson(context, home, 'many-bob')
    const crowds: Actor<CrowdRequests>[] = []
    for (let index = 0; index < PROCESSES; index += 1) {
      const share = names.filter((_name, number) => number % PROCESSES === index)
      crowds.push(context.resources.use(await Actor.start<CrowdRequests>('actors/crowd.ts', home, ...share)))
    }
    await setTimeout(REST_MS)
    const memoryBefore = await receiver.ask('memory')
    const openMs = Math.max(people * OPEN_MS_EACH, OPEN_LEAST_MS)
    const opened = await Promise.all(crowds.map((crowd) => crowd.ask('open', 'many-bob', openMs)))
    const conversations = opened.reduce((sum, each) => sum + each, 0)
    const first = crowds.find((_crowd, index) => (opened[index] ?? 0) > 0)
    if (first === undefined) throw new Error('nobody was let in')
    let times: number[] = []
    const together = paced(
      async (texts) => {
        times = (await Promise.all(crowds.map((crowd) => crowd.ask('send', texts)))).flat()
        return Math.max(...times)
      },
      { ...context, least: 200 },
    )
    const alone = paced(async (texts) => Math.max(...(await first.ask('send', texts, 1))), context)
    return [
      {
        rows: [
          { case: 'people let in', unit: 'people', bar: { atLeast: people } },
          { case: ALL, unit: 'texts/s', against: [{ to: ALONE, atLeast: 0.8 }] },
          { case: MEDIAN, unit: 'texts/s' },
          { case: 'the slowest conversation', unit: 'texts/s', against: [{ to: MEDIAN, atLeast: 0.6 }] },
          { case: 'memory of the receiver right behind it, each', unit: 'KB' },
          { case: `memory of the receiver ${REST_MS / 1e3} s later, each`, unit: 'KB', bar: { atMost: 150 } },
        ],
        async measure() {
          const each = await together()
          // Everybody says as many: how fast somebody is follows from how long they take.
          const rates = times.map((ms) => (each * Math.max(...times)) / ms)
          const perConversation = async () => ((await receiver.ask('memory')) - memoryBefore) / conversations / 1e3
          const busy = await perConversation()
          await setTimeout(REST_MS)
          const rested = await perConversation()
          return [conversations, each * conversations, median(rates), Math.min(...rates), busy, rested]
        },
      },
      { rows: [{ case: ALONE, unit: 'texts/s' }], measure: async () => [await alone()] },
    ]
  },
}
