/**
 * The memory and the processor time of processes, as Linux tells them.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Context } from '../framework/bench.ts'

/** Whether this system tells of processes; one that does not is named. */
export function canLookAtProcesses({ leaveOut }: Pick<Context, 'leaveOut'>): boolean {
  const isThere = existsSync('/proc/self/stat')
  if (!isThere) leaveOut('memory is read from /proc, which this system does not have')
  return isThere
}

/** What lies in memory of a process, in MB; of it and of all that it has started. */
export async function residentMegabytes(pid: number): Promise<number> {
  const all = await memoryOf(pid)
  return all.reduce((sum, { own, files }) => sum + own + files, 0)
}

/**
 * The same, with the files that all of them have in memory, such as Node.js itself, counted as often as the one process
 * has them that has most: what a machine has to have.
 */
export async function megabytesTogether(pid: number): Promise<number> {
  const all = await memoryOf(pid)
  return all.reduce((sum, { own }) => sum + own, 0) + Math.max(...all.map(({ files }) => files))
}

interface Memory {
  /** What no other process has, in MB. */
  readonly own: number
  /** The pages of files, in MB: all processes that have a file in memory share them. */
  readonly files: number
}

/** The memory of a process and of each that it has started. */
async function memoryOf(pid: number): Promise<Memory[]> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const megabytes = (figure: string) =>
    (Number(new RegExp(`^${figure}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1_024) / 1e6
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  const below = await Promise.all(children.split(' ').filter(Boolean).map(Number).map(memoryOf))
  return [{ own: megabytes('RssAnon'), files: megabytes('RssFile') + megabytes('RssShmem') }, ...below.flat()]
}

/** How many ticks Linux counts a second, on every platform that Node.js runs on. */
const TICKS_PER_SECOND = 100

/** The processor time that a process has had, in milliseconds. */
export async function processorMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // Behind the name, which may have spaces in it: field 3 and those that follow.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user, system] = [Number(fields[11]), Number(fields[12])]
  return ((user + system) * 1_000) / TICKS_PER_SECOND
}
