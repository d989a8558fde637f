/**
 * `npm run bench`: how fast is Sotto, against what people would use instead, and against what the machine could do at
 * best? Each bench measures Sotto and its references in turns, in the same run; what counts is the ratio.
 *
 *     npm run bench                         all of them
 *     npm run bench chat latency            some
 *       -- --json FILE                      all figures, with every sample
 *          --rounds N                       how often each case is measured; 5 times, and 2 or 3 where a sample takes long
 *          --size N                         how many people the benches of presence and many have
 *          --duration SECONDS               how long slow-reader watches each case; 20
 *          --brief                          a tenth of the work, to see whether it runs
 *          --write docs/performance.md      put the tables into that document, and the pictures beside it
 *          --list                           what there is
 *
 * References that have to be installed, and are not, are named.
 *
 * @module
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { BENCHES } from './benches.ts'
import type { Result } from './framework/bench.ts'
import { writeInto } from './framework/document.ts'
import { terminalTable } from './framework/format.ts'
import { describeMachine, machineLine, versions } from './framework/machine.ts'
import { Progress } from './framework/progress.ts'
import { runBench } from './framework/run-bench.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    rounds: { type: 'string' },
    size: { type: 'string' },
    duration: { type: 'string' },
    brief: { type: 'boolean', default: false },
    write: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
})
const rounds = values.rounds === undefined ? undefined : Number(values.rounds)
const size = values.size === undefined ? undefined : Number(values.size)
const isCount = (count: number) => Number.isInteger(count) && count >= 1
const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name))
if (values.list) for (const { name, work } of BENCHES) console.log(`${name.padEnd(14)} ${work}`)
else if (unknown.length > 0 || !isCount(rounds ?? 1) || !isCount(size ?? 1)) {
  console.error(
    `not known: ${unknown.join(', ') || `--rounds ${values.rounds} --size ${values.size}`}; see npm run bench -- --list`,
  )
  process.exitCode = 2
} else await run()

async function run(): Promise<void> {
  const progress = new Progress(process.stderr)
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)))
  }
  const results: Result[] = []
  for (const bench of BENCHES) {
    if (positionals.length > 0 && !positionals.includes(bench.name)) continue
    const duration = values.duration === undefined ? undefined : Number(values.duration)
    const settings = { rounds, size, duration, isBrief: values.brief, progress, signal: interrupted.signal }
    const result = await runBench(bench, settings)
    results.push(result)
    console.log(terminalTable(result))
    if (interrupted.signal.aborted) break
  }
  const machine = describeMachine()
  if (values.json !== undefined) {
    const load = results.flatMap((result) => result.load)
    const all = { machine, versions: versions(), load: [Math.min(...load), Math.max(...load)], benches: results }
    await writeFile(values.json, `${JSON.stringify(all, undefined, 2)}\n`)
  }
  const complete = results.filter(({ failure }) => failure === undefined)
  if (values.write !== undefined) await writeInto(values.write, complete, machineLine(machine))
  if (complete.length < results.length) process.exitCode = 1
}
