/**
 * Runs an attack on a listener, and measures: when it was cut, what it cost, and what another user noticed.
 *
 * @module
 */
import type { Actor } from '../bench/framework/actor.ts'
import { quantile } from '../bench/framework/statistics.ts'
import type { AttackerRequests, Strike } from './attacker.ts'
import type { Attack } from './attacks.ts'
import { forgetPeak, type Listener, memoryOf } from './listener.ts'

export interface Outcome {
  readonly attack: string
  readonly bound: string
  /** After which time the bound is crossed, in seconds. */
  readonly boundSeconds: number
  readonly listener: string
  /** How long the longest connection lasted, in seconds; infinite if one was not cut. */
  readonly cutSeconds: number
  /** What the process held more than before, at the most, in MiB. */
  readonly memoryMib: number | undefined
  /** 99 % of the other user's calls took at most so long, in milliseconds. */
  readonly p99Ms: number
  /** How many of the other user's calls failed. */
  readonly failed: number
  /** As what the attackers were counted, and how often; undefined where nobody tells. */
  readonly counted: Readonly<Record<string, number>> | undefined
  /** As one of which they should have been; none where TLS refuses them. */
  readonly reasons: readonly string[]
}

/** How many connections attack at once, slowly and by a flood: within the places of strangers, or they would cut each other. */
const [SLOW_CONNECTIONS, FLOOD_CONNECTIONS, BRIEF_CONNECTIONS] = [32, 8, 2]

/** For how long those who are cut come again, in milliseconds. */
const FLOOD_MS = 2_500

/** How long after its bound a connection counts as one that is not cut, in milliseconds. */
const GIVE_UP_MS = 15_000

/** Attack a listener. @param isBrief - Once, by few, to see whether they are cut. */
export async function runAttack(
  attacker: Actor<AttackerRequests>,
  attack: Attack,
  listener: Listener,
  isBrief: boolean,
): Promise<Outcome> {
  const { pid, limits, prey } = listener
  const boundMs = attack.boundMs(limits)
  const usual = attack.isFlood ? FLOOD_CONNECTIONS : SLOW_CONNECTIONS
  const strike: Strike = {
    connections: isBrief ? BRIEF_CONNECTIONS : usual,
    lastsMs: attack.isFlood && !isBrief ? FLOOD_MS : 0,
    giveUpMs: boundMs + GIVE_UP_MS,
  }
  const before = await listener.counted?.()
  if (pid !== undefined) await forgetPeak(pid)
  const memory = pid === undefined ? undefined : await memoryOf(pid)
  const over = new AbortController()
  const watched = watchUser(listener, over.signal)
  const lasted = await attacker.ask('strike', attack.name, prey, strike)
  over.abort()
  const { tookMs, failed } = await watched
  const peak = pid === undefined ? undefined : await memoryOf(pid)
  return {
    attack: attack.name,
    bound: attack.bound,
    boundSeconds: boundMs / 1_000,
    listener: listener.name,
    cutSeconds: Math.max(...lasted) / 1_000,
    memoryMib: memory && peak && Math.max(0, peak.peak - memory.now),
    p99Ms: quantile(tookMs, 0.99),
    failed,
    counted: before && difference(before, (await listener.counted?.()) ?? before),
    reasons: attack.reasons,
  }
}

/** What another user notices while nobody attacks, as an outcome to compare with. */
export async function runNothing(listener: Listener): Promise<Outcome> {
  const { tookMs, failed } = await watchUser(listener, AbortSignal.timeout(FLOOD_MS))
  const outcome = { attack: 'nobody attacks', bound: '', boundSeconds: 0, listener: listener.name, cutSeconds: 0 }
  return { ...outcome, memoryMib: undefined, p99Ms: quantile(tookMs, 0.99), failed, counted: undefined, reasons: [] }
}

/** Do what another user does until the signal, at least once. */
async function watchUser(
  { user }: Listener,
  signal: AbortSignal,
): Promise<{ readonly tookMs: readonly number[]; readonly failed: number }> {
  const tries = []
  do tries.push(await user.try())
  while (!signal.aborted)
  return { tookMs: tries.map(({ tookMs }) => tookMs), failed: tries.filter(({ isFailed }) => isFailed).length }
}

function difference(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Record<string, number> {
  const more = [...after].map(([reason, times]) => [reason, times - (before.get(reason) ?? 0)] as const)
  return Object.fromEntries(more.filter(([, times]) => times > 0))
}
