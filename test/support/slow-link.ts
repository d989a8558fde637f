/**
 * A TCP link with a length and a width, as those of the world have: a relay on loopback that takes so many bytes a second
 * in each direction, and hands each on so much later.
 *
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { parseAddress } from '#lib/runtime/address.ts'
import { reset } from './reset.ts'

export interface LinkShape {
  /** In each direction. */
  readonly bytesPerSecond: number
  /** One way, in milliseconds. */
  readonly delayMs: number
}

/** What waits at its entrance, at most, in bytes: as much as a router keeps. */
const QUEUE_BYTES = 256 * 1024

/** How much is handed on at a time: less than what a millisecond takes. */
const PACKET_BYTES = 1_460

export class SlowLink implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Where it leads; set before anybody dials. */
  target = ''

  static async start(shape: LinkShape): Promise<SlowLink> {
    const link = new SlowLink(shape)
    await once(link.#server.listen(0, '127.0.0.1'), 'listening')
    return link
  }

  private constructor(shape: LinkShape) {
    this.#server = createServer((near) => {
      const far = connect(parseAddress(this.target))
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from)
        void relay(from, to, shape)
        from.on('error', () => to.destroy())
        from.on('close', () => {
          this.#sockets.delete(from)
          to.destroy()
        })
      }
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Reset the connections on both sides, as a killed process or a rebooted router does. */
  cut(): void {
    for (const socket of this.#sockets) reset(socket)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** Each byte leaves when the ones before it have, at the pace of the link, and comes so much later. */
async function relay(from: Socket, to: Socket, { bytesPerSecond, delayMs }: LinkShape): Promise<void> {
  to.setNoDelay(true)
  const capacity = QUEUE_BYTES + (delayMs * bytesPerSecond) / 1_000
  const queue: { readonly dueMs: number; readonly packet: Buffer }[] = []
  let queued = 0
  let freeAtMs = performance.now()
  let relieved = Promise.withResolvers<void>()
  const handOn = (): void => {
    for (let [first] = queue; first !== undefined && first.dueMs <= performance.now(); [first] = queue) {
      queue.shift()
      queued -= first.packet.length
      to.write(first.packet)
    }
    relieved.resolve()
    const [next] = queue
    if (next !== undefined) setTimeout(handOn, Math.max(0, next.dueMs - performance.now()))
    else if (from.readableEnded) to.end()
  }
  try {
    for await (const data of from as AsyncIterable<Buffer>) {
      for (let offset = 0; offset < data.length; offset += PACKET_BYTES) {
        const packet = data.subarray(offset, offset + PACKET_BYTES)
        freeAtMs = Math.max(freeAtMs, performance.now()) + (packet.length * 1_000) / bytesPerSecond
        queue.push({ dueMs: freeAtMs + delayMs, packet })
        queued += packet.length
        // One timer for all of them: those of two lengths may change places.
        if (queue.length === 1) setTimeout(handOn, Math.max(0, freeAtMs + delayMs - performance.now()))
        while (queued > capacity) {
          relieved = Promise.withResolvers()
          await relieved.promise
        }
      }
    }
  } catch {
    // It is over with the socket.
  }
  if (queue.length === 0) to.end()
}
