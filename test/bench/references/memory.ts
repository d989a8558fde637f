/**
 * The memory of processes, as Linux tells it.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'

/** What lies in memory of a process, in MB; of it and of all that it has started. */
export async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const [, kibibytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? []
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  const below = await Promise.all(children.split(' ').filter(Boolean).map(Number).map(residentMegabytes))
  return below.reduce((sum, each) => sum + each, (Number(kibibytes) * 1_024) / 1e6)
}
