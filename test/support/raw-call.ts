/**
 * A gRPC call by hand, over node:http2, for requests that no gRPC library would send.
 *
 * @module
 */
import http2 from 'node:http2'
import { ErrorInfo, RetryInfo } from '#gen/google/rpc/error_details.ts'
import { Status } from '#gen/google/rpc/status.ts'

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

/** The end of a call, as its trailers say it. */
export interface RawAnswer {
  /** The `grpc-status`; undefined where the call or the connection is reset. */
  readonly status: number | undefined
  /** The reason of its ErrorInfo; undefined where it has none. */
  readonly reason: string | undefined
  /** The wait of its RetryInfo, in milliseconds; undefined where it has none. */
  readonly retryAfterMs: number | undefined
}

/** Make the call. Returns the `grpc-status` that comes back; undefined where the call or the connection is reset. */
export async function rawCall(call: RawCall): Promise<number | undefined> {
  return (await rawAnswer(call)).status
}

/** Make the call. */
export async function rawAnswer({ port, path, headers, bytes, end = true }: RawCall): Promise<RawAnswer> {
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
    let trailers: http2.IncomingHttpHeaders = {}
    const note = (received: http2.IncomingHttpHeaders) => {
      if (received['grpc-status'] !== undefined) trailers = received
    }
    stream
      .on('error', () => {})
      .on('response', note)
      .on('trailers', note)
    stream.resume()
    if (bytes) stream.write(bytes)
    if (end) stream.end()
    // 'end' comes where the server has answered, 'close' where it has not; a reset is an error between the two.
    await new Promise<void>((resolve) => stream.once('end', resolve).once('close', resolve))
    return answerIn(trailers)
  } finally {
    session.destroy()
  }
}

function answerIn(trailers: http2.IncomingHttpHeaders): RawAnswer {
  const status = trailers['grpc-status']
  const packed = String(trailers['grpc-status-details-bin'] ?? '')
  const { details } = Status.decode(Buffer.from(packed, 'base64'))
  const detail = (name: string) =>
    details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${name}`)?.value
  const [info, retry] = [detail('ErrorInfo'), detail('RetryInfo')]
  const delay = retry && RetryInfo.decode(retry).retryDelay
  return {
    status: status === undefined ? undefined : Number(status),
    reason: info && ErrorInfo.decode(info).reason,
    retryAfterMs: delay && Number(delay.seconds) * 1_000 + delay.nanos / 1e6,
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
