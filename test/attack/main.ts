/**
 * `npm run attack`: does what an attacker would do to each listener, and says when they were cut, what it cost, and what
 * another user noticed of it (docs/reliability.md).
 *
 *     npm run attack                        an installation of its own, with a receiver; seven minutes
 *       -- --brief                          once, by few, all that is slow at the same time
 *          --server HOST:PORT --ca FILE     a server that runs: its auth, and the directory and relay that this names
 *          --json FILE                      all figures
 *          --write docs/reliability.md      put the table into that document
 *
 * It ends with 1 if anything was not cut within two seconds of crossing its bound, or another user's call failed. Attack no
 * server but your own.
 *
 * @module
 */
import { readFile, writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { isSottoError } from '#lib/errors.ts'
import { hasSystemCode } from '#lib/runtime/system-errors.ts'
import { writeBetween } from '../bench/framework/document.ts'
import { describeMachine, machineLine, versions } from '../bench/framework/machine.ts'
import { attackAll } from './attack-all.ts'
import { isHeld, markdownTable, terminalLine } from './report.ts'

const { values } = parseArgs({
  options: {
    brief: { type: 'boolean', default: false },
    server: { type: 'string' },
    ca: { type: 'string' },
    json: { type: 'string' },
    write: { type: 'string' },
  },
})

const { server, ca, brief: isBrief, json, write } = values

if ((server === undefined) !== (ca === undefined)) {
  console.error('--server and --ca go together: the server, and the file of its certificate authority')
  process.exitCode = 2
} else {
  await run().catch((error: unknown) => {
    if (isSottoError(error)) console.error([error.message, error.hint ?? []].flat().join('; '))
    else if (hasSystemCode(error, 'ENOENT')) console.error((error as Error).message)
    else throw error
    process.exitCode = 1
  })
}

async function run(): Promise<void> {
  const [before = 0] = loadavg()
  const given = server === undefined ? undefined : { address: server, authorityPem: await readFile(ca ?? '', 'utf8') }
  const outcomes = await attackAll({ given, isBrief, report: (outcome) => console.log(terminalLine(outcome)) })
  const [after = 0] = loadavg()
  const machine = describeMachine()
  if (json !== undefined) {
    const all = { at: new Date().toISOString(), machine, versions: versions(), load: [before, after], outcomes }
    await writeFile(json, `${JSON.stringify(all, undefined, 2)}\n`)
  }
  if (write !== undefined) {
    const load = `load: ${before.toFixed(1)} before, ${after.toFixed(1)} after`
    const under = `${new Date().toISOString().slice(0, 10)}, ${machineLine(machine)}; ${load}.`
    await writeBetween(write, 'attack', markdownTable(outcomes, under))
  }
  const broken = outcomes.filter((outcome) => !isHeld(outcome))
  if (broken.length > 0) process.exitCode = 1
  console.log(broken.length === 0 ? 'all were cut in time' : `not held: ${broken.length} of ${outcomes.length}`)
}
