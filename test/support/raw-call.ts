/**
 * A gRPC call by hand, over node:http2, for requests that no gRPC library would send.
 *
 * @module
 */
import http2 from 'node:http2'

export interface RawCall {
  readonly port: number
  /** The path of the method: `/package.Service/Method`. */
  readonly path: string
  readonly headers?: http2.OutgoingHttpHeaders
  /** The bytes of the request, its frame header included. */
  readonly bytes?: Uint8Array
  /** Whether the request is ended after that; true unless set. */
  readonly end?: boolean
}

/** Make the call. Returns the `grpc-status` that comes back; undefined where the call or the connection is reset. */
export async function rawCall({ port, path, headers, bytes, end = true }: RawCall): Promise<number | undefined> {
  const session = http2.connect(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    })
    let status: string | undefined
    stream.on('error', () => {})
    stream.on('response', (response) => {
      status ??= response['grpc-status'] as string | undefined
    })
    stream.on('trailers', (trailers) => {
      status ??= trailers['grpc-status'] as string | undefined
    })
    stream.resume()
    if (bytes) stream.write(bytes)
    if (end) stream.end()
    // 'end' comes where the server has answered, 'close' where it has not; a reset is an error between the two.
    await new Promise<void>((resolve) => stream.once('end', resolve).once('close', resolve))
    return status === undefined ? undefined : Number(status)
  } finally {
    session.destroy()
  }
}

/** A gRPC frame: a flag, the length of the message in 4 bytes, its bytes. */
export function framed(message: Uint8Array, flag = 0, length = message.length): Uint8Array {
  const frame = Buffer.alloc(5 + message.length)
  frame[0] = flag
  frame.writeUInt32BE(length, 1)
  frame.set(message, 5)
  return frame
}
