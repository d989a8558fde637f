/**
 * Two connections as one: what comes over either goes out over the other, as fast as that takes it.
 *
 * @module
 */
import type { Socket } from 'node:net'

/**
 * How long the rest of a conversation that one end has ended may take to get through, in milliseconds. No end of ours goes
 * on alone: neither HTTP/2 nor TLS needs half a connection.
 */
const LINGER_MS = 3_000

/** Pass on between two connections until both are closed. Both must allow half of them to be open (`allowHalfOpen`). */
export function splice(one: Socket, other: Socket): void {
  let timer: NodeJS.Timeout | undefined
  const linger = () => {
    timer ??= setTimeout(() => {
      one.destroy()
      other.destroy()
    }, LINGER_MS)
  }
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to)
    from.once('end', linger)
    from.once('close', () => {
      to.destroySoon()
      linger()
      if (to.destroyed) clearTimeout(timer)
    })
  }
}
