/**
 * How many connections a service may have open, which may be fewer than its settings say.
 *
 * @module
 */
import type { ServerLimits } from '#lib/rpc/limits.ts'
import { openFilesLimit } from '#lib/runtime/files.ts'
import type { Logger } from '#lib/runtime/log.ts'

/** Files that a service has open beside its callers' connections: the database, Auth, the log, at most. */
const OWN_FILES = 128

/**
 * As many connections as the settings say, or as there may be: who cannot be taken in could not be told so either.
 *
 * @param setting - The setting that says how many.
 */
export async function connectionLimits(
  { most, mostPerAddress }: { readonly most: number; readonly mostPerAddress: number },
  setting: string,
  log: Logger,
): Promise<Pick<ServerLimits, 'maxConnections' | 'maxConnectionsPerNetwork'>> {
  const openFiles = (await openFilesLimit()) ?? Number.POSITIVE_INFINITY
  const maxConnections = Math.min(most, openFiles - OWN_FILES)
  if (maxConnections < most) {
    // No warning: the usual setting is more than most machines allow, and more than most ever need.
    log.info(
      { openFiles, connections: maxConnections },
      `fewer connections than ${setting}: raise the limit of open files (ulimit -n)`,
    )
  }
  return { maxConnections, maxConnectionsPerNetwork: mostPerAddress }
}
