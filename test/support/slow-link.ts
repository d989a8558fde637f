/**
 * A TCP link with a length and a width, as those of the world have: a relay on loopback that takes so many bytes a second
 * in each direction, and hands each on so much later.
 *
 * @module
 */
import type { Socket } from 'node:net'
import { Relay } from './relay.ts'

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

/** Each byte leaves when the ones before it have, at the pace of the link, and comes so much later. */
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
