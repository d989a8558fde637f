/** How fast a file of lines goes through `sotto send`, with the start and the end of the program. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { signUp, startPerson, startServices } from './actors/people.ts'
import { timeSotto } from './actors/sotto.ts'
import { TEXT } from './framework/arrivals.ts'
import type { Bench } from './framework/bench.ts'
import { carry } from './framework/conversation.ts'
import { paced } from './framework/paced.ts'
import { NAIVE, startGrpc } from './references/start-grpc.ts'

const LINES = 150_000

export const pipe: Bench = {
  name: 'pipe',
  work: `sotto send bob < ${LINES.toLocaleString('en')} lines of 100 bytes: the whole program, to the last acknowledgement; profiles on disk`,
  async prepare(context) {
    const home = await context.folder('disk')
    if (home === undefined) return []
    const services = await startServices(context)
    for (const name of ['pipe-alice', 'pipe-bob']) await signUp(services, home, name)
    await startPerson(context, home, 'pipe-bob')
    const [lines, input] = [context.amount(LINES), join(home, 'lines')]
    await writeFile(input, `${TEXT}\n`.repeat(lines))
    const naive = await startGrpc(context)
    const rate = paced((count) => carry(naive, count), context)
    return [
      {
        rows: [{ case: 'Sotto', unit: 'texts/s', against: [{ to: NAIVE, atLeast: 2.5 }] }],
        async measure() {
          const ms = await timeSotto(home, ['send', 'pipe-bob', '--profile', 'pipe-alice'], { input })
          return [(lines * 1_000) / ms]
        },
      },
      { rows: [{ case: NAIVE, unit: 'texts/s' }], measure: async () => [await rate()] },
    ]
  },
}
