/**
 * Starts a caller of the services.
 *
 * @module
 */
import { Actor } from '../framework/actor.ts'
import type { Context } from '../framework/bench.ts'
import type { CallerRequests } from './caller.ts'

/** A caller that is signed in with these profiles; the first one calls the directory. */
export async function startCaller(
  { resources }: Pick<Context, 'resources'>,
  home: string,
  ...profiles: readonly string[]
): Promise<Actor<CallerRequests>> {
  return resources.use(await Actor.start<CallerRequests>('actors/caller.ts', home, ...profiles))
}
