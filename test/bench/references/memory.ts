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
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const [, kibibytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? []
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  const below = await Promise.all(children.split(' ').filter(Boolean).map(Number).map(residentMegabytes))
  return below.reduce((sum, each) => sum + each, (Number(kibibytes) * 1_024) / 1e6)
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
