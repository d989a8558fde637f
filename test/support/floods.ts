/**
 * Floods of HTTP/2: what can be sent over one connection as fast as it takes it, by somebody who is let in by nobody.
 *
 * @module
 */
import type { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import {
  FRAMING_BYTES_PER_SECOND,
  PINGS_PER_SECOND,
  SETTINGS_PER_SECOND,
  SMALL_PIECES,
  STRANGER_CALLS_PER_SECOND,
} from '#lib/rpc/sockets/guard/bounds.ts'
import type { CutReason } from '#lib/runtime/metrics/cut-events.ts'
import {
  beginCall,
  callHeaders,
  endCall,
  Flag,
  FrameType,
  field,
  frame,
  many,
  PREFACE,
  streamOf,
} from './http2-frames.ts'

export interface Flood {
  readonly name: string
  /** The bound that it crosses, in words. */
  readonly bound: string
  /** The reasons for which it may be cut: the first of two bounds that it crosses is a matter of time. */
  readonly reasons: readonly CutReason[]
  /** What is sent first, behind the preface. @param path - Of a method. */
  readonly opening?: (path: string) => Buffer
  /** What is sent then, again and again. @param round - 0 for the first. */
  readonly bytes: (path: string, round: number) => Buffer
}

/** How many frames, or calls, each piece of a flood has. */
const [FRAMES, CALLS] = [2_000, 200]

const framing = `${FRAMING_BYTES_PER_SECOND / 1024} KiB/s beside the content`
const calls = `${STRANGER_CALLS_PER_SECOND} calls/s of a stranger`

/** A number of 32 bits. */
function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Calls, one after the other. @param bytesOf - All of one: its number on the connection is given. */
const callAfterCall = (bytesOf: (path: string, index: number) => Buffer): Flood['bytes'] => {
  return (path, round) => many(CALLS, (index) => bytesOf(path, round * CALLS + index))
}

/** The largest field that the table of HPACK holds: 4,096 bytes with the 32 that each counts (RFC 7541, section 4.1). */
const LARGE_FIELD = field('x', 'x'.repeat(4_096 - 32 - 1), true)

/** The first entry of the dynamic table, in one byte. */
const LARGE_FIELD_AGAIN = Buffer.from([0x80 | 62])

export const FLOODS: readonly Flood[] = [
  {
    name: 'pings',
    bound: `${PINGS_PER_SECOND} a second`,
    reasons: ['pings'],
    bytes: () => many(FRAMES, () => frame(FrameType.Ping, Buffer.alloc(8))),
  },
  {
    name: 'settings',
    bound: `${SETTINGS_PER_SECOND} a second`,
    reasons: ['settings'],
    bytes: () => many(FRAMES, () => frame(FrameType.Settings)),
  },
  {
    name: 'calls that are cancelled',
    bound: calls,
    reasons: ['calls', 'protocol'],
    bytes: callAfterCall((path, index) =>
      Buffer.concat([beginCall(path, index), frame(FrameType.Reset, uint32(8), { stream: streamOf(index) })]),
    ),
  },
  {
    name: 'calls as fast as possible',
    bound: calls,
    // Each over the number that may be open at once is refused by Node.js, a hundred times, and is no content.
    reasons: ['calls', 'protocol', 'framing'],
    bytes: callAfterCall((path, index) => Buffer.concat([beginCall(path, index), endCall(index)])),
  },
  {
    name: 'continuations',
    bound: '8 for a head',
    reasons: ['protocol'],
    opening: (path) => frame(FrameType.Headers, callHeaders(path), { stream: 1 }),
    bytes: () => many(FRAMES, () => frame(FrameType.Continuation, Buffer.alloc(0), { stream: 1 })),
  },
  {
    name: 'empty DATA frames',
    bound: '1,000 in all',
    reasons: ['protocol', 'framing'],
    opening: (path) => beginCall(path),
    bytes: () => many(FRAMES, () => frame(FrameType.Data, Buffer.alloc(0), { stream: 1 })),
  },
  {
    name: 'frames of no known call',
    bound: '1,000 in all',
    reasons: ['protocol'],
    bytes: (_, round) =>
      many(FRAMES, (index) => frame(FrameType.Data, Buffer.alloc(0), { stream: streamOf(round * FRAMES + index) })),
  },
  {
    name: 'DATA frames of one byte',
    bound: `${SMALL_PIECES.toLocaleString('en')} of a stranger`,
    reasons: ['framing', 'calls', 'protocol'],
    // A window takes so many, so that it takes some calls: each may say nothing that is whole, and is left.
    bytes: (path, round) =>
      Buffer.concat([
        beginCall(path, round),
        many(FRAMES, () => frame(FrameType.Data, Buffer.from([0]), { stream: streamOf(round) })),
        frame(FrameType.Reset, uint32(8), { stream: streamOf(round) }),
      ]),
  },
  {
    name: 'padding',
    bound: framing,
    reasons: ['framing', 'protocol'],
    opening: (path) => beginCall(path),
    bytes: () =>
      many(64, () =>
        frame(FrameType.Data, Buffer.concat([Buffer.from([254]), Buffer.alloc(255)]), {
          flags: Flag.Padded,
          stream: 1,
        }),
      ),
  },
  {
    name: 'window updates',
    bound: framing,
    reasons: ['framing', 'protocol'],
    opening: (path) => beginCall(path),
    bytes: () => many(FRAMES, () => frame(FrameType.WindowUpdate, uint32(1), { stream: 1 })),
  },
  {
    name: 'priorities',
    bound: framing,
    reasons: ['framing', 'protocol'],
    bytes: () =>
      many(FRAMES, () => frame(FrameType.Priority, Buffer.concat([uint32(0), Buffer.from([15])]), { stream: 3 })),
  },
  {
    name: 'frames of an unknown type',
    bound: framing,
    reasons: ['framing', 'protocol'],
    bytes: () => many(FRAMES, () => frame(FrameType.Unknown, Buffer.alloc(16))),
  },
  {
    name: 'huge headers',
    bound: `${framing}, 64 KiB a call`,
    reasons: ['framing', 'calls', 'protocol'],
    bytes: (path, round) =>
      many(4, (index) =>
        beginCall(path, 4 * round + index, ...Array.from({ length: 3 }, () => field('x', 'x'.repeat(5_000)))),
      ),
  },
  {
    name: 'an HPACK bomb',
    bound: `${calls}, 64 KiB of headers in 100`,
    reasons: ['framing', 'calls', 'protocol'],
    // 16 KiB in a frame, 48 MiB unpacked.
    opening: (path) => beginCall(path, 0, LARGE_FIELD),
    bytes: (path, round) => beginCall(path, round + 1, Buffer.concat(Array<Buffer>(12_000).fill(LARGE_FIELD_AGAIN))),
  },
]

/** Flood over a connection until it is closed, as fast as it takes the bytes. */
export async function sendFlood(socket: Duplex, { opening, bytes }: Flood, path: string): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.write(Buffer.concat([PREFACE, opening?.(path) ?? Buffer.alloc(0)]))
  for (let round = 0; !socket.destroyed; round += 1) {
    const isTaken = socket.write(bytes(path, round))
    const drained = isTaken ? setImmediate() : new Promise<void>((resolve) => socket.once('drain', () => resolve()))
    await Promise.race([drained, closed])
  }
  await closed
}
