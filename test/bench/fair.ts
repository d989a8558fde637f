/** What one contact who sends as fast as they can does to everybody else, and to the program's ear for Ctrl-C. */
import { setTimeout } from 'node:timers/promises'
import { TestProcess } from '../support/processes.ts'
import { signUp, startPerson, startServices } from './actors/people.ts'
import { sottoCommand, sottoEnvironment } from './actors/sotto.ts'
import type { Bench } from './framework/bench.ts'
import { quantile } from './framework/statistics.ts'

/** How long the flood lasts for a sample, in seconds, and how many texts a second the other contact says meanwhile. */
const [SECONDS, PER_SECOND] = [2, 15]

/** How long the flood has lasted when Ctrl-C is pressed, in milliseconds. */
const BEFORE_MS = 500

const [CALM, FLOODED] = ['a text of the other, without', 'a text of the other, meanwhile']

export const fair: Bench = {
  name: 'fair',
  work: `One contact says texts as fast as it can for ${SECONDS} s, another ${PER_SECOND} a second: how long those take to the receiver; then Ctrl-C of a sotto receive in such a flood`,
  async prepare(context) {
    const home = await context.folder('disk')
    if (home === undefined) return []
    const services = await startServices(context)
    for (const name of ['fair-bob', 'fair-flood', 'fair-other', 'fair-carol']) await signUp(services, home, name)
    const receiver = await startPerson(context, home, 'fair-bob')
    const flood = await startPerson(context, home, 'fair-flood')
    const other = await startPerson(context, home, 'fair-other')
    for (const person of [flood, other]) {
      await person.ask('writeTo', 'fair-bob')
      await person.ask('sendAwaited', 1, 1)
    }
    const seconds = context.amount(SECONDS)
    const delays = async () => {
      await receiver.ask('begin', Number.POSITIVE_INFINITY)
      await other.ask('sendPaced', seconds * PER_SECOND, PER_SECOND)
      await other.ask('acknowledged')
      return quantile(await receiver.ask('delays'), 0.99) / 1_000
    }
    const interrupted = async () => {
      await using program = new TestProcess(
        sottoCommand(),
        ['receive', '--profile', 'fair-carol', '--listen', '127.0.0.1'],
        {
          env: sottoEnvironment(home),
        },
      )
      await program.untilStderr('online as')
      await flood.ask('writeTo', 'fair-carol')
      await flood.ask('sendAwaited', 1, 1)
      const flooding = flood.ask('sendFor', 2 * BEFORE_MS)
      await setTimeout(BEFORE_MS)
      const beganMs = performance.now()
      program.signal('SIGINT')
      await program.ended
      const tookMs = performance.now() - beganMs
      await flooding
      await flood.ask('writeTo', 'fair-bob')
      return tookMs
    }
    return [
      {
        rows: [
          { case: `${FLOODED}, 99 %`, unit: 'ms', against: [{ to: `${CALM}, 99 %` }], bar: { atMost: 50 } },
          { case: 'memory of the receiver', unit: 'MB' },
        ],
        async measure() {
          const flooding = flood.ask('sendFor', seconds * 1_000)
          const tail = await delays()
          const memory = (await receiver.ask('memory')) / 1e6
          await flooding
          await flood.ask('acknowledged')
          return [tail, memory]
        },
      },
      { rows: [{ case: `${CALM}, 99 %`, unit: 'ms' }], measure: async () => [await delays()] },
      {
        rows: [{ case: 'Ctrl-C of sotto receive in a flood', unit: 'ms', bar: { atMost: 300 } }],
        measure: async () => [await interrupted()],
      },
    ]
  },
}
