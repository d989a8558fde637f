/**
 * A bridge from gRPC-Web to gRPC: what a browser can send over HTTP/1.1 goes to the client's own socket, and the answer
 * back, byte for byte. Messages are framed alike on both sides; only the trailers, which a browser cannot read, become a
 * last frame (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md). No method is known here.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2'
import { createConnection } from 'node:net'
import { AGENT_LIMITS } from '#lib/rpc/limits.ts'

/** The paths of calls; there is no way to another service. */
const CALL_PATH = /^\/sotto\.agent\.v1\.AgentService\/[A-Za-z]{1,64}$/

/** The prefix of a frame: flags (1), and the length of what follows (4). */
const PREFIX_BYTES = 5

/** The flag of the frame that has the trailers. */
const TRAILERS = 0x80

/** The form of `grpc-timeout`: a number of at most 8 digits, and its unit. */
const TIMEOUT = /^\d{1,8}[HMSmun]$/

/** The status where the client is not there: UNAVAILABLE. */
const NOBODY: IncomingHttpHeaders = { 'grpc-status': '14', 'grpc-message': 'the client is not there' }

export class Bridge {
  readonly paths = CALL_PATH
  readonly #socketPath: string
  #session: ClientHttp2Session | undefined

  constructor(socketPath: string) {
    this.#socketPath = socketPath
  }

  /** Carry a call. Whoever calls has been let in already. */
  carry(request: IncomingMessage, response: ServerResponse): void {
    const { url, headers } = request
    const length = Number(headers['content-length'] ?? Number.NaN)
    if (!(length <= PREFIX_BYTES + AGENT_LIMITS.maxReceiveBytes)) {
      response.writeHead(Number.isNaN(length) ? 411 : 413, { connection: 'close' }).end()
      return
    }
    const timeout = headers['grpc-timeout']
    const stream = this.#connected().request({
      ':method': 'POST',
      ':path': url,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
      ...(typeof timeout === 'string' && TIMEOUT.test(timeout) && { 'grpc-timeout': timeout }),
    })
    let end = NOBODY
    const note = (received: IncomingHttpHeaders) => {
      if ('grpc-status' in received) end = received
    }
    stream.on('response', note).on('trailers', note)
    // It closes after this, and that is told.
    stream.on('error', () => {})
    stream.once('close', () => response.end(trailersFrame(end)))
    response.once('close', () => stream.close(constants.NGHTTP2_CANCEL))
    response.writeHead(200, { 'content-type': 'application/grpc-web+proto' }).flushHeaders()
    stream.pipe(response, { end: false })
    request.pipe(stream)
  }

  /** The connection to the client, made anew after it broke. */
  #connected(): ClientHttp2Session {
    const { closed = true, destroyed = true } = this.#session ?? {}
    if (this.#session !== undefined && !closed && !destroyed) return this.#session
    this.#session = connect('http://agent', { createConnection: () => createConnection(this.#socketPath) })
    // Each of its calls ends with it.
    this.#session.on('error', () => {})
    return this.#session
  }

  close(): void {
    this.#session?.destroy()
  }
}

function trailersFrame(end: IncomingHttpHeaders): Buffer {
  const names = ['grpc-status', 'grpc-message', 'grpc-status-details-bin'].filter((name) => name in end)
  const text = Buffer.from(names.map((name) => `${name}: ${end[name]}\r\n`).join(''), 'latin1')
  const frame = Buffer.alloc(PREFIX_BYTES)
  frame.writeUInt8(TRAILERS)
  frame.writeUInt32BE(text.length, 1)
  return Buffer.concat([frame, text])
}
