/**
 * A port for a server that must be known before it listens.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { hasSystemCode } from '#lib/runtime/system-errors.ts'

/** More than enough, with a thousand of them taken. */
const ATTEMPTS = 20

/**
 * Find a port that is free on 127.0.0.1 now. Not one of those that the system gives to outgoing connections (from 32768 on Linux,
 * 49152 elsewhere): such a one could be taken before the server comes to bind it.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch (error) {
      if (attempt < ATTEMPTS && hasSystemCode(error, 'EADDRINUSE')) continue
      throw error
    }
    server.close()
    await once(server, 'close')
    return port
  }
}
