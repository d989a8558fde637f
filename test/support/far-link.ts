/**
 * A TCP link to somewhere far away, or one that loses some of its connections: a relay on loopback.
 *
 * To connect takes a round trip, as it does on a network: whoever connects to a relay has its port at once, so the relay
 * itself begins later, and what is said meanwhile waits. Bytes, and the end of a side, take half a round trip each way.
 *
 * @module
 */
import type { Socket } from 'node:net'
import { bytesOf } from './random.ts'
import { after, Relay } from './relay.ts'
import { reset } from './reset.ts'

export interface FarLinkOptions {
  /** The address that it leads to, HOST:PORT. */
  readonly target: string
  /** The address that it listens on; any free port on loopback unless set. */
  readonly at?: { readonly host: string; readonly port: number }
  /** In milliseconds; none unless set. */
  readonly roundTripMs?: number
  /** Gives for each connection after how many bytes, of both sides together, it is reset; undefined for never. */
  readonly cutAfter?: () => number | undefined
}

export class FarLink extends Relay {
  readonly #lagMs: number
  readonly #cutAfter: () => number | undefined
  /** How many bytes each side's connection may yet carry, where it is to be cut: one count for its two ends. */
  readonly #left = new WeakMap<Socket, { bytes: number }>()

  static async start(options: FarLinkOptions): Promise<FarLink> {
    return await new FarLink(options).listen(options.at?.host, options.at?.port)
  }

  private constructor({ target, roundTripMs = 0, cutAfter = () => undefined }: FarLinkOptions) {
    // The last step of connecting takes half a round trip more to the other end, which may speak first.
    super(target, { connectMs: 1.5 * roundTripMs, lagMs: roundTripMs / 2 })
    this.#lagMs = roundTripMs / 2
    this.#cutAfter = cutAfter
  }

  protected override carry(from: Socket, to: Socket): void {
    from.setNoDelay(true)
    const left = this.#left.get(to) ?? { bytes: this.#cutAfter() ?? Number.POSITIVE_INFINITY }
    this.#left.set(from, left)
    from.on('data', (data: Buffer) => {
      left.bytes -= data.length
      if (left.bytes < 0) for (const socket of [from, to]) reset(socket)
      else after(this.#lagMs, () => to.write(data))
    })
    from.on('end', () => after(this.#lagMs, () => to.end()))
  }
}

/** The size of what is said on a connection to a service until it is answered, roughly, in bytes. */
const EARLY_BYTES = 4_000

/**
 * The cuts of one connection in twenty, never two in a row, each at some moment of its beginning: in the handshake, in the
 * question or in the answer. They are the same for a seed.
 */
export function oneInTwenty(seed: number): () => number | undefined {
  let count = 0
  return () => {
    const number = count % 20
    const random = Buffer.from(bytesOf(`cuts ${seed} ${Math.floor(count / 20)}`, 8))
    count += 1
    return number === random.readUInt32BE(0) % 19 ? random.readUInt32BE(4) % EARLY_BYTES : undefined
  }
}
