/**
 * Kills of programs: at random points of a conversation, each program in turn.
 *
 * @module
 */
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { SeededRandom } from '../random.ts'
import type { Side } from './side.ts'
import type { Activity, Victim } from './victim.ts'

export interface Kill {
  /** How many messages both sides have taken before the kill. */
  readonly at: number
  /** How long after that, in milliseconds: so the kill comes in a write, a handshake or a start. */
  readonly delayMs: number
}

/** The longest delay of a kill: longer than a program takes to start and to send what waits. */
const LONGEST_DELAY_MS = 1_500

/** Draw the points of a conversation at which to kill. */
export function drawKills(random: SeededRandom, count: number, messages: number): Kill[] {
  const points = Array.from({ length: count }, () => random.between(1, messages))
  const delay = (): number => Math.floor(random.fraction() ** 3 * LONGEST_DELAY_MS)
  return points.sort((a, b) => a - b).map((at) => ({ at, delayMs: delay() }))
}

export interface Killing {
  /** The victims in their order; after the last comes the first again. */
  readonly victims: readonly Victim[]
  readonly kills: readonly Kill[]
  readonly activity: Activity
  readonly report: (line: string) => void
}

/** Kill each victim in turn, and start it again at once. */
export async function killInTurn(sides: readonly [Side, Side], killing: Killing): Promise<void> {
  const { victims, kills, activity, report } = killing
  const before = taken(sides)
  for (const [index, { at, delayMs }] of kills.entries()) {
    const victim = victims[index % victims.length] as Victim
    await until(activity, () => taken(sides) >= before + at)
    await setTimeout(delayMs)
    report(`kill ${victim.label} ${delayMs} ms after message ${before + at}`)
    await victim.kill()
    await victim.start()
  }
}

/** Wait until the programs have taken all messages. */
export function untilAllTaken(sides: readonly [Side, Side], activity: Activity): Promise<void> {
  return until(activity, () => sides.every(({ taken, total }) => taken === total))
}

function taken(sides: readonly Side[]): number {
  return sides.reduce((sum, side) => sum + side.taken, 0)
}

async function until(activity: Activity, isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await once(activity, 'change', { signal: AbortSignal.timeout(IDLE_TIMEOUT_MS) })
}

/** The longest time without any activity, in milliseconds. */
const IDLE_TIMEOUT_MS = 60_000
