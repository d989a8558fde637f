/**
 * The reset of a connection, as by a killed process or a rebooted router.
 *
 * @module
 */
import type { Socket } from 'node:net'

/**
 * Reset a connection, or destroy one that is being ended already: that cannot be reset any more, and Node.js 26 would
 * keep its handle for good and spin at the end of the process.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
