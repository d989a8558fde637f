/** How long a command takes that does one thing, from the shell and back. */
import { signUp, startPerson, startServices } from './actors/people.ts'
import { timeSotto } from './actors/sotto.ts'
import type { Bench, Case } from './framework/bench.ts'
import { median } from './framework/statistics.ts'
import { timeCommand } from './references/command.ts'

const NODE = 'node -e 0'

/** How often each command runs for a sample. */
const RUNS = 3

export const start: Bench = {
  name: 'start',
  work: 'Whole commands, as the README installs them, to their end; a sent text is acknowledged by then',
  async prepare(context) {
    const home = await context.folder('disk')
    if (home === undefined) return []
    const services = await startServices(context)
    for (const name of ['start-alice', 'start-bob', 'start-carol']) await signUp(services, home, name)
    await startPerson(context, home, 'start-bob')
    // Carol's conversations are held by a program that runs already.
    await startPerson(context, home, 'start-carol')
    const send = (from: string) => timeSotto(home, ['send', 'start-bob', '--profile', from, 'hi'])
    const runs = context.amount(RUNS)
    const caseOf = (row: Case['rows'][number], run: () => Promise<number>): Case => ({
      rows: [row],
      async measure() {
        const times: number[] = []
        for (let count = 0; count < runs; count += 1) times.push(await run())
        return [median(times)]
      },
    })
    const bar = (atMost: number) => [{ to: NODE, atMost }]
    await send('start-alice')
    return [
      caseOf({ case: 'sotto send bob hi', unit: 'ms', against: bar(5) }, () => send('start-alice')),
      caseOf({ case: 'the same beside a running chat', unit: 'ms', against: bar(3) }, () => send('start-carol')),
      caseOf({ case: 'sotto --version', unit: 'ms', against: bar(2) }, () => timeSotto(home, ['--version'])),
      caseOf({ case: NODE, unit: 'ms' }, () => timeCommand(process.execPath, ['-e', '0'])),
    ]
  },
}
