/**
 * Whether this machine lets us record packets.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'

/** Why packets of loopback cannot be recorded here; undefined where they can. */
export function captureRefusal(): string | undefined {
  // Asking for the link types opens the device, and nothing more.
  const { error, status } = spawnSync('dumpcap', ['-L', '-i', 'lo'], { stdio: 'ignore' })
  if (error) return 'dumpcap is not on this machine'
  return status === 0 ? undefined : 'dumpcap is not permitted here'
}
