/**
 * `npm run torture`: conversations over a simulated network with faults, one for each seed (docs/reliability.md).
 *
 *     --seeds N          how many seeds; 100, or 1 with --seed
 *     --seed S           the first seed; 1
 *     --messages M       how many messages each conversation has; 10,000
 *     --sabotage HOW     drop, dup or swap: let the disks lie, so that the runs must fail
 *     --mailbox HOW      letter-twice, letter-lost or letter-swapped: what the mailboxes do to all letters, harmlessly
 *     --processes        no simulation: one conversation of real programs, which are killed
 *     --kills N          how many kills; 20
 *     --file-bytes N     size of the file that is sent in the end; 256 MiB, 0 for none
 *
 * @module
 */
import { parseArgs } from 'node:util'
import { addCounters, newCounters } from './counters.ts'
import { tortureProcesses } from './processes/run.ts'
import { LETTER_FAULTS, SABOTAGES } from './sabotage.ts'
import { simulate } from './simulation.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    messages: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    sabotage: { type: 'string' },
    mailbox: { type: 'string' },
    processes: { type: 'boolean', default: false },
    kills: { type: 'string', default: '20' },
    'file-bytes': { type: 'string', default: String(256 * 2 ** 20) },
  },
})
const sabotage = values.sabotage === undefined ? undefined : oneOf(SABOTAGES, values.sabotage)
const letterFault = values.mailbox === undefined ? undefined : oneOf(LETTER_FAULTS, values.mailbox)
const messages = count(values.messages)
const first = values.seed === undefined ? 1 : count(values.seed)
const seeds = count(values.seeds ?? (values.seed === undefined ? '100' : '1'))

if (values.processes) {
  const fileBytes = values['file-bytes'] === '0' ? 0 : count(values['file-bytes'])
  await tortureProcesses({ seed: first, messages, kills: count(values.kills), fileBytes, report: console.log })
} else await simulateAll()

async function simulateAll(): Promise<void> {
  const sum = newCounters()
  const beganMs = performance.now()
  let failures = 0
  for (let seed = first; seed < first + seeds; seed += 1) {
    const { hash, counters, failure } = await simulate({ seed, messages, sabotage, letterFault })
    addCounters(sum, counters)
    if (seeds === 1) console.log(`seed ${seed}: transcript ${hash}`)
    if (failure === undefined) continue
    failures += 1
    const again = `npm run torture -- --seed ${seed} --messages ${messages}${sabotage ? ` --sabotage ${sabotage}` : ''}${letterFault ? ` --mailbox ${letterFault}` : ''}`
    console.error(`seed ${seed} fails:`, failure, `\nreplay it with: ${again}\n`)
  }
  const { crashes, ...others } = sum
  console.log(`${seeds} seeds of ${messages} messages in ${Math.round((performance.now() - beganMs) / 1_000)} s`)
  for (const [what, number] of Object.entries(others)) console.log(what.padEnd(16), shown(number))
  for (const [step, number] of Object.entries(crashes)) console.log(`crash: ${step}`.padEnd(16), shown(number))
  console.log(`${failures} of ${seeds} seeds failed`)
  if (failures > 0) process.exitCode = 1
}

function shown(number: number): string {
  return number.toLocaleString('en').padStart(12)
}

function count(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number > 0) return number
  throw new TypeError(`${text} is no positive whole number`)
}

function oneOf<Choice extends string>(choices: readonly Choice[], text: string): Choice {
  const chosen = choices.find((choice) => choice === text)
  if (chosen !== undefined) return chosen
  throw new TypeError(`${text} is none of ${choices.join(', ')}`)
}
