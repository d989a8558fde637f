/**
 * Starts a long way between two ends.
 *
 * @module
 */
import { Actor } from '../framework/actor.ts'
import type { Context } from '../framework/bench.ts'
import type { FarLinkRequests } from './far-link.ts'

/** The time there and back, in milliseconds. */
export const ROUND_TRIP_MS = 40

/** A way to a port. @returns the port of its near end. */
export async function startFarLink({ resources }: Pick<Context, 'resources'>, target: number): Promise<number> {
  const link = resources.use(await Actor.start<FarLinkRequests>('references/far-link.ts', String(ROUND_TRIP_MS / 2)))
  await link.ask('leadTo', target)
  return await link.ask('port')
}
