/**
 * A long way as an actor: a relay on loopback that holds back what it carries by the same time in both directions, and
 * nothing else: it has all the bandwidth that the machine has.
 *
 *     far-link.ts DELAY_MS
 *
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Requests } from '../framework/actor.ts'
import { serveActor } from '../framework/serve-actor.ts'

export interface FarLinkRequests extends Requests {
  /** Lead to this port from now on. */
  leadTo: (port: number) => void
  /** The port of this end. */
  port: () => number
}

/** How much may be on its way in one direction until no more is taken, in bytes: more than anybody's window. */
const CAPACITY = 64 * 1024 * 1024

const delayMs = Number(process.argv[2])
let target = 0

const server = createServer({ noDelay: true }, (near) => {
  const far = connect({ port: target, host: '127.0.0.1', noDelay: true })
  holdBack(near, far)
  holdBack(far, near)
}).listen(0, '127.0.0.1')
await once(server, 'listening')

function holdBack(from: Socket, to: Socket): void {
  const queue: { readonly dueMs: number; readonly data: Buffer }[] = []
  let held = 0
  /** Whether a timer runs: one for the whole queue, as timers of different lengths may fire out of order. */
  let isTimed = false
  const handOn = () => {
    isTimed = false
    // Timers fire on whole milliseconds, and never early.
    const due = queue.findIndex(({ dueMs }) => dueMs > performance.now())
    for (const { data } of queue.splice(0, due < 0 ? queue.length : due)) {
      held -= data.length
      to.write(data)
    }
    if (held < CAPACITY && from.isPaused()) from.resume()
    const [next] = queue
    if (next !== undefined) handOnIn(next.dueMs - performance.now())
  }
  const handOnIn = (ms: number) => {
    isTimed = true
    setTimeout(handOn, ms)
  }
  from.on('data', (data) => {
    queue.push({ dueMs: performance.now() + delayMs, data: data as Buffer })
    held += data.length
    if (held >= CAPACITY) from.pause()
    if (!isTimed) handOnIn(delayMs)
  })
  from.on('error', () => to.destroy())
  from.on('close', () => setTimeout(() => to.destroy(), delayMs))
}

const requests: FarLinkRequests = {
  leadTo(port) {
    target = port
  },
  port: () => (server.address() as AddressInfo).port,
}

serveActor(requests, () => server.close())
