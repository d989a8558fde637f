/**
 * Runs all attacks on all listeners.
 *
 * @module
 */
import { Actor } from '../bench/framework/actor.ts'
import type { AttackerRequests } from './attacker.ts'
import { ATTACKS } from './attacks.ts'
import { givenServer } from './given-server.ts'
import { isFor } from './listener.ts'
import { startInstallation } from './own-installation.ts'
import { type Outcome, runAttack, runNothing } from './run-attack.ts'

export interface AttackOptions {
  /** The server that is attacked; one of its own unless set. */
  readonly given: { readonly address: string; readonly authorityPem: string } | undefined
  /** Whether each is to be tried once, by few: those that are slow all at the same time. */
  readonly isBrief: boolean
  /** Called with each outcome as it comes. */
  readonly report: (outcome: Outcome) => void
}

/** Attack. @returns the outcomes, in the order of the attacks. */
export async function attackAll({ given, isBrief, report }: AttackOptions): Promise<readonly Outcome[]> {
  await using resources = new AsyncDisposableStack()
  const listeners =
    given === undefined
      ? await startInstallation(resources)
      : await givenServer(resources, given.address, given.authorityPem)
  const attacker = resources.use(await Actor.start<AttackerRequests>('../attack/attacker.ts'))
  const outcomes: Outcome[] = []
  const note = (outcome: Outcome) => {
    report(outcome)
    outcomes.push(outcome)
  }
  if (!isBrief) for (const listener of listeners) note(await runNothing(listener))
  const pairs = ATTACKS.flatMap((attack) =>
    listeners.filter((listener) => isFor(attack, listener)).map((listener) => ({ attack, listener })),
  )
  const attackPair = async ({ attack, listener }: (typeof pairs)[number]) =>
    note(await runAttack(attacker, attack, listener, isBrief))
  const [floods, slow] = [pairs.filter(({ attack }) => attack.isFlood), pairs.filter(({ attack }) => !attack.isFlood)]
  if (isBrief) await Promise.all(slow.map(attackPair))
  else {
    // They wait more than they work, and each listener is a process of its own.
    for (const together of Map.groupBy(slow, ({ attack }) => attack).values())
      await Promise.all(together.map(attackPair))
  }
  for (const pair of floods) await attackPair(pair)
  return outcomes
}
