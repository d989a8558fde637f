/**
 * A listener as an attack sees it, and as it is measured.
 *
 * @module
 */
import { readFile, writeFile } from 'node:fs/promises'
import type { ServerLimits } from '#lib/rpc/limits.ts'
import type { Prey } from './attacker.ts'
import type { Attack } from './attacks.ts'
import type { OtherUser } from './other-user.ts'

export interface Listener {
  readonly name: string
  readonly prey: Prey
  readonly limits: ServerLimits
  /** Whether it takes callers with a certificate alone. */
  readonly isCertified: boolean
  /** Whether it passes on what begins with TLS, and reads nothing else. */
  readonly isDoor?: boolean
  /** Who calls it meanwhile. */
  readonly user: OtherUser
  /** The process that listens, where it runs on this machine. */
  readonly pid: number | undefined
  /** How often attackers were cut so far, by reason; undefined where nobody tells. */
  readonly counted: (() => Promise<ReadonlyMap<string, number>>) | undefined
}

/** Whether an attack is for a listener: without the certificate that one wants, no session is opened to it. */
export function isFor({ only, stage }: Attack, { prey, isCertified, isDoor = false }: Listener): boolean {
  if (only === 'door') return isDoor
  if (stage === 'session' && isDoor) return false
  if (only === 'certified') return isCertified
  if (stage === 'session' && isCertified) return false
  return only !== 'tls' || prey.security !== undefined
}

const MIB = 1024 * 1024

/** What a process holds, and the most that it held since {@link forgetPeak}, in MiB. Linux tells. */
export async function memoryOf(pid: number): Promise<{ readonly now: number; readonly peak: number }> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  const read = (name: string) => (Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024) / MIB
  return { now: read('VmRSS'), peak: read('VmHWM') }
}

/** Let the peak begin anew (https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html). */
export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5')
}
