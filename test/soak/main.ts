/**
 * `npm run soak`: two hours of use in ten minutes, and whether memory and open handles are level at the end
 * (docs/reliability.md).
 *
 *     --seconds N        how long it runs; 600
 *     --people N         how many members the office has; 6
 *     --seed S           the seed that decides what happens when; 1
 *     --sabotage WHAT    memory or handles: leak some in each round, so that the run must fail
 *
 * @module
 */
import { parseArgs } from 'node:util'
import { SeededRandom } from '../torture/random.ts'
import { judgeLevel } from './level.ts'
import { Office } from './office.ts'
import { leak, SABOTAGES } from './sabotage.ts'
import { ALLOWANCES, takeVitals, type Vitals } from './vitals.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    people: { type: 'string', default: '6' },
    seed: { type: 'string', default: '1' },
    sabotage: { type: 'string' },
  },
})
const seconds = Number(values.seconds)
const sabotage = SABOTAGES.find((one) => one === values.sabotage)
if (!(seconds > 0) || sabotage !== values.sabotage) throw new TypeError('see the options in test/soak/main.ts')
const names = Array.from({ length: Number(values.people) }, (_, number) => `member-${number + 1}`)

/** How many samples a run takes: one in half a minute, and in a short run so many that a window has three. */
const SAMPLES = Math.max(15, Math.floor(seconds / 30))

const samples: Vitals[] = []
await using office = await Office.open({ names, random: new SeededRandom(`soak ${values.seed}`) })
const beganMs = performance.now()
for (let sample = 1; sample <= SAMPLES; sample += 1) {
  const untilMs = beganMs + (sample / SAMPLES) * seconds * 1_000
  do {
    await office.round()
    if (sabotage) leak(sabotage)
  } while (performance.now() < untilMs)
  await office.rest()
  const vitals = await takeVitals()
  samples.push(vitals)
  const { tally, received } = office
  console.log(`${at()} s`.padStart(6), shown(vitals), JSON.stringify({ ...tally, received }))
}

let failures = 0
for (const [what, allowance] of Object.entries(ALLOWANCES)) {
  const { first, last, isLevel } = judgeLevel(
    samples.map((vitals) => vitals[what as keyof Vitals]),
    allowance,
  )
  if (!isLevel) failures += 1
  const growth = `${format(what, first)} after the warm-up, ${format(what, last)} at the end`
  console.log(`${what.padEnd(12)} ${isLevel ? 'level' : 'GROWS'}: ${growth}`)
}
if (failures > 0) process.exitCode = 1

function at(): number {
  return Math.round((performance.now() - beganMs) / 1_000)
}

function shown(vitals: Vitals): string {
  return Object.entries(vitals)
    .map(([what, value]) => `${what} ${format(what, value)}`)
    .join(', ')
}

function format(what: string, value: number): string {
  return what === 'heap' || what === 'resident' ? `${(value / 2 ** 20).toFixed(1)} MiB` : String(value)
}
