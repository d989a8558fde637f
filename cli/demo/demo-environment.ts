/**
 * The environment of a demo: that of the person, without the settings of an installation which may be run from the same
 * shell. Its database, its keys and its accounts are none of a demo's business.
 *
 * @module
 */
import type { Environment } from '#lib/runtime/environment.ts'
import { FREE_PORTS } from '../up/supervisor.ts'

/** The settings that a demo has in common with all else: how much is said, and for how long a channel is kept. */
const KEPT: ReadonlySet<string> = new Set(['SOTTO_LOG_LEVEL', 'SOTTO_TRACES', 'SOTTO_CHANNEL_TIMES'])

/** @param home - The folder of all that the demo keeps. */
export function demoEnvironment(given: Environment, home: string): Record<string, string | undefined> {
  const kept = Object.entries(given).filter(([name]) => !name.startsWith('SOTTO_') || KEPT.has(name))
  return { SOTTO_LOG_LEVEL: 'warn', ...Object.fromEntries(kept), ...FREE_PORTS, SOTTO_HOME: home }
}
