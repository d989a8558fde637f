/**
 * Where a client's own socket is: `agent.sock` in the profile's folder, which its user alone can enter.
 *
 * @module
 */
import { join } from 'node:path'
import { SottoError } from '#lib/errors.ts'

/** The longest path of a Unix socket, in bytes: `sun_path` of Linux has 108 with its end, that of macOS 104. */
const MAX_PATH_BYTES = 103

/** @throws SottoError `ERR_CONFIG` where the path is longer than that of a socket can be. */
export function agentSocketIn(folder: string): string {
  const path = join(folder, 'agent.sock')
  const bytes = Buffer.byteLength(path)
  if (bytes <= MAX_PATH_BYTES) return path
  throw new SottoError(
    'ERR_CONFIG',
    `the path ${path} has ${bytes} bytes, and that of a socket at most ${MAX_PATH_BYTES}`,
    {
      hint: 'set SOTTO_HOME to a shorter path, or to a link that leads there',
    },
  )
}
