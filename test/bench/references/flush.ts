/**
 * What the disk itself takes: a write of a few hundred bytes until it is there for good.
 *
 * @module
 */
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../framework/bench.ts'
import { median } from '../framework/statistics.ts'

/** As much as a kept text takes. */
const BYTES = 300

/** A file whose flushes are measured. It ends with the bench. */
export async function openForFlushes({ resources }: Pick<Context, 'resources'>, folder: string): Promise<FileHandle> {
  return resources.use(await open(join(folder, 'flushed'), 'a'))
}

/** The median time of so many flushes, in milliseconds. */
export async function flushMs(file: FileHandle, count: number): Promise<number> {
  const bytes = Buffer.alloc(BYTES, 'x')
  const times: number[] = []
  for (let flush = 0; flush < count; flush += 1) {
    const beganMs = performance.now()
    await file.write(bytes)
    await file.datasync()
    times.push(performance.now() - beganMs)
  }
  return median(times)
}
