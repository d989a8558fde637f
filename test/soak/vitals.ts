/**
 * What a process holds at a moment at which it has nothing to do.
 *
 * @module
 */
import { readdirSync } from 'node:fs'
import type { Allowance } from './level.ts'

/** What is measured, in bytes or in number. */
export interface Vitals {
  /** Of JavaScript and of the buffers that it holds, after two collections of garbage. */
  readonly heap: number
  /** Of the whole process, as the system counts it: SQLite's caches and V8's reserves are in it. */
  readonly resident: number
  /** Open file descriptors; 0 where the system has no `/proc/self/fd`. */
  readonly descriptors: number
  /** Timers, sockets, servers, watches and whatever else can wake the event loop. */
  readonly resources: number
}

const MIB = 2 ** 20

/**
 * What each may sway by from one moment of rest to another: the heap by what V8 compiles and throws away, the whole
 * process by what the allocators keep for later, which was seen to be a fifth either way; descriptors and resources by a
 * connection that is being closed.
 */
export const ALLOWANCES: Readonly<Record<keyof Vitals, Allowance>> = {
  heap: { part: 0.03, units: MIB },
  resident: { part: 0.25, units: 8 * MIB },
  descriptors: { part: 0, units: 2 },
  resources: { part: 0, units: 2 },
}

/** @throws TypeError where garbage cannot be collected on request (`node --expose-gc`). */
export async function takeVitals(): Promise<Vitals> {
  const { gc } = globalThis
  if (gc === undefined) throw new TypeError('run it with --expose-gc')
  // What the first frees may have had callbacks, which hold other things until they have run.
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
