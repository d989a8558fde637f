/** How much memory programs hold that do nothing but wait. */
import { setTimeout } from 'node:timers/promises'
import { freePort } from '../support/free-port.ts'
import { TestProcess } from '../support/processes.ts'
import { signUp, startServices } from './actors/people.ts'
import { sottoCommand, sottoEnvironment } from './actors/sotto.ts'
import type { Bench, Case } from './framework/bench.ts'
import { canLookAtProcesses, megabytesTogether, residentMegabytes } from './references/memory.ts'

/** How long a program is left alone before it is looked at, in milliseconds. */
const REST_MS = 3_000

const NODE = 'node, waiting'

export const rest: Bench = {
  name: 'rest',
  work: `Resident memory, ${REST_MS / 1_000} s after the start, with nothing to do; of sotto up that of all its processes`,
  async prepare(context) {
    if (!canLookAtProcesses(context)) return []
    const home = await context.folder('disk')
    const ownHome = await context.folder('disk')
    if (home === undefined || ownHome === undefined) return []
    const services = await startServices(context)
    for (const name of ['rest-alice', 'rest-bob']) await signUp(services, home, name)
    const ports = {
      SOTTO_AUTH_PORT: String(await freePort()),
      SOTTO_AUTH_ADMIN_PORT: '0',
      SOTTO_SEALING_PORT: String(await freePort()),
      SOTTO_DIRECTORY_PORT: String(await freePort()),
      SOTTO_DIRECTORY_ADMIN_PORT: '0',
      SOTTO_RELAY_PORT: String(await freePort()),
      SOTTO_RELAY_ADMIN_PORT: '0',
    }
    const caseOf = (
      rows: Case['rows'],
      command: string,
      args: readonly string[],
      isUp: RegExp,
      env: NodeJS.ProcessEnv,
    ): Case => ({
      rows,
      async measure() {
        const program = new TestProcess(command, args, { env, input: 'open' })
        try {
          await Promise.race([
            program.output.until((text) => isUp.test(text)),
            program.errors.until((text) => isUp.test(text)),
          ])
          await setTimeout(REST_MS)
          const figures = [await residentMegabytes(program.pid), await megabytesTogether(program.pid)]
          return figures.slice(0, rows.length)
        } finally {
          program.signal('SIGTERM')
          await program.ended
        }
      },
    })
    const person = sottoEnvironment(home)
    const host = { ...sottoEnvironment(ownHome), ...ports }
    const receive = ['receive', '--profile', 'rest-bob', '--listen', '127.0.0.1']
    const chat = ['chat', '--json', '--profile', 'rest-alice', '--listen', '127.0.0.1']
    const against = [{ to: NODE }]
    const programs = [
      // 200 for auth and the directory, and 60 for the relay.
      caseOf(
        [
          { case: 'sotto up', unit: 'MB', against, bar: { atMost: 260 } },
          { case: 'the same, Node.js itself counted once', unit: 'MB' },
        ],
        sottoCommand(),
        ['up'],
        /admin invite/,
        host,
      ),
      caseOf(
        [{ case: 'sotto receive', unit: 'MB', against, bar: { atMost: 75 } }],
        sottoCommand(),
        receive,
        /online/,
        person,
      ),
      caseOf(
        [{ case: 'sotto chat --json', unit: 'MB', against, bar: { atMost: 80 } }],
        sottoCommand(),
        chat,
        /online/,
        person,
      ),
      caseOf(
        [{ case: NODE, unit: 'MB' }],
        process.execPath,
        ['-e', 'console.log("up"); process.stdin.on("data", () => {}).once("end", () => process.exit())'],
        /up/,
        process.env,
      ),
    ]
    return [atOnce(programs)]
  },
}

/** All of these together, which take no longer so: none of them does anything. */
function atOnce(cases: readonly Case[]): Case {
  return {
    rows: cases.flatMap(({ rows }) => rows),
    measure: async () => (await Promise.all(cases.map(({ measure }) => measure()))).flat(),
  }
}
