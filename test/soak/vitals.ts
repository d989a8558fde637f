/**
 * The vitals of a process at rest: how much memory and how many handles it holds.
 *
 * @module
 */
import { readdirSync } from 'node:fs'
import type { Allowance } from './level.ts'

/** The quantities of one sample, in bytes or in number. */
export interface Vitals {
  /** The JavaScript heap and the buffers that it holds, after two collections of garbage. */
  readonly heap: number
  /** The memory of the whole process, as the system counts it, with SQLite's caches and V8's reserves. */
  readonly resident: number
  /** Open file descriptors; 0 where the system has no `/proc/self/fd`. */
  readonly descriptors: number
  /** Timers, sockets, servers, watches and whatever else can wake the event loop. */
  readonly resources: number
}

const MIB = 2 ** 20

/**
 * The allowance of each quantity between two samples. The heap varies with what V8 compiles and throws away; the whole
 * process with what the allocators keep, which was measured as a fifth either way; descriptors with a
 * connection that is being closed; resources with the timers of links that come and go, which sway by seven.
 */
export const ALLOWANCES: Readonly<Record<keyof Vitals, Allowance>> = {
  heap: { part: 0.03, units: MIB },
  resident: { part: 0.25, units: 8 * MIB },
  descriptors: { part: 0, units: 2 },
  resources: { part: 0, units: 8 },
}

/** Take a sample. @throws TypeError where garbage cannot be collected on request (`node --expose-gc`). */
export async function takeVitals(): Promise<Vitals> {
  const { gc } = globalThis
  if (gc === undefined) throw new TypeError('run it with --expose-gc')
  // What the first collection frees may have had callbacks, which hold other objects until they have run.
  for (let rounds = 0; rounds < 2; rounds += 1) {
    gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  const [descriptors, resources] = [countDescriptors(), countResources()]
  return { heap: heapUsed + external, resident: rss, descriptors, resources }
}

export function countDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0
  }
}

export function countResources(): number {
  return process.getActiveResourcesInfo().length
}
