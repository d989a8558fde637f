/**
 * Frames of HTTP/2 as bytes (RFC 9113), for what no library would send.
 *
 * @module
 */

/** The types of frames that are sent by hand. */
export const FrameType = {
  Data: 0,
  Headers: 1,
  Priority: 2,
  Reset: 3,
  Settings: 4,
  Ping: 6,
  WindowUpdate: 8,
  Continuation: 9,
  /** None that there is. */
  Unknown: 0xfa,
} as const

export const Flag = { EndStream: 1, EndHeaders: 4, Padded: 8 } as const

interface FrameOptions {
  readonly flags?: number
  readonly stream?: number
}

const HEAD_BYTES = 9

/** A frame (section 4.1). */
export function frame(type: number, payload: Uint8Array = Buffer.alloc(0), options: FrameOptions = {}): Buffer {
  const { flags = 0, stream = 0 } = options
  const bytes = Buffer.alloc(HEAD_BYTES + payload.length)
  bytes.writeUIntBE(payload.length, 0, 3)
  bytes[3] = type
  bytes[4] = flags
  bytes.writeUInt32BE(stream, 5)
  bytes.set(payload, HEAD_BYTES)
  return bytes
}

/** How a client begins (section 3.4), with empty settings. */
export const PREFACE = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(FrameType.Settings)])

/** The streams of a client have odd numbers (section 5.1.1). @param index - 0 for the first. */
export const streamOf = (index: number): number => 1 + 2 * index

/** So many pieces, one behind the other. */
export function many(count: number, piece: (index: number) => Uint8Array): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => piece(index)))
}

/** A field as HPACK has it without its table (RFC 7541, section 6.2.2), or for it (6.2.1). */
export function field(name: string, value: string, isIndexed = false): Buffer {
  return Buffer.concat([Buffer.from([isIndexed ? 0x40 : 0]), text(name), text(value)])
}

/** A string (RFC 7541, section 5.2), its length as an integer with a prefix of seven bits (5.1). */
function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  const length = [Math.min(bytes.length, 0x7f)]
  let rest = bytes.length - 0x7f
  if (rest >= 0) {
    for (; rest >= 0x80; rest >>= 7) length.push(0x80 | (rest & 0x7f))
    length.push(rest)
  }
  return Buffer.concat([Buffer.from(length), bytes])
}

/** The headers of a gRPC call over plain HTTP/2 or TLS. */
export function callHeaders(path: string, ...more: readonly Buffer[]): Buffer {
  return Buffer.concat([
    field(':method', 'POST'),
    field(':scheme', 'http'),
    field(':path', path),
    field(':authority', 'here'),
    field('content-type', 'application/grpc'),
    field('te', 'trailers'),
    ...more,
  ])
}

/** The frame that begins a call. @param index - 0 for the first of the connection. */
export function beginCall(path: string, index = 0, ...more: readonly Buffer[]): Buffer {
  return frame(FrameType.Headers, callHeaders(path, ...more), { flags: Flag.EndHeaders, stream: streamOf(index) })
}

/** The frame by which a call has nothing more to say. */
export function endCall(index = 0): Buffer {
  return frame(FrameType.Data, Buffer.alloc(0), { flags: Flag.EndStream, stream: streamOf(index) })
}
