/**
 * A TCP link with a delay and a limited bandwidth: a relay on loopback.
 *
 * @module
 */
import type { Socket } from 'node:net'
import { Relay } from './relay.ts'

export interface LinkShape {
  /** The bandwidth in each direction. */
  readonly bytesPerSecond: number
  /** The delay of one way, in milliseconds. */
  readonly delayMs: number
}

/** The capacity of the queue at the entrance, in bytes: as much as a router has. */
const QUEUE_BYTES = 256 * 1024

/** The size of a packet, in bytes: less than what is sent in a millisecond. */
const PACKET_BYTES = 1_460

export class SlowLink extends Relay {
  readonly #shape: LinkShape

  static async start(shape: LinkShape): Promise<SlowLink> {
    return await new SlowLink(shape).listen()
  }

  private constructor(shape: LinkShape) {
    super('')
    this.#shape = shape
  }

  protected override carry(from: Socket, to: Socket): void {
    void carrySlowly(from, to, this.#shape)
  }
}

/** Carry one direction: bytes leave in order, at the bandwidth of the link, and arrive after the delay. */
async function carrySlowly(from: Socket, to: Socket, { bytesPerSecond, delayMs }: LinkShape): Promise<void> {
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
        // One timer for the whole queue, as timers of different lengths may fire out of order.
        if (queue.length === 1) setTimeout(handOn, Math.max(0, freeAtMs + delayMs - performance.now()))
        while (queued > capacity) {
          relieved = Promise.withResolvers()
          await relieved.promise
        }
      }
    }
  } catch {
    // The link ends with the socket.
  }
  if (queue.length === 0) to.end()
}
