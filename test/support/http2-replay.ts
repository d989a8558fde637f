/**
 * A replay of recorded HTTP/2: the bytes of one direction of a connection with one call are played to a fresh other
 * end, which reads messages and headers. (Headers are compressed, so a search in the bytes would not find what is in
 * them.)
 *
 * @module
 */
import { once } from 'node:events'
import { connect, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { type Duplex, duplexPair } from 'node:stream'

/** The data that was sent in one direction of a call. */
export interface SentData {
  readonly headers: IncomingHttpHeaders
  /** The gRPC messages, without their frames. */
  readonly messages: readonly Buffer[]
}

/** Replay the bytes of the caller. */
export async function replayCaller(bytes: Buffer): Promise<SentData> {
  const [near, far] = duplexPair()
  const server = createServer()
  server.emit('connection', far)
  near
    .resume()
    .write(Buffer.concat([bytes.subarray(0, PREFACE_BYTES), ...framesToReplay(bytes.subarray(PREFACE_BYTES))]))
  const [stream, headers] = (await once(server, 'stream')) as [ServerHttp2Stream, IncomingHttpHeaders]
  const data = await stream.toArray()
  near.destroy()
  return { headers, messages: messagesIn(Buffer.concat(data)) }
}

/** Replay the bytes of the called end; trailers are among the headers. */
export async function replayCallee(bytes: Buffer): Promise<SentData> {
  const [near, far] = duplexPair()
  const session = connect('http://localhost', { createConnection: () => far })
  const stream = session.request({ ':method': 'POST', ':path': '/' }, { endStream: false })
  // A response before the request would be an error.
  await receivedMoreThan(PREFACE_AND_SETTINGS_BYTES, near)
  near.write(Buffer.concat([...framesToReplay(bytes)]))
  let trailers: IncomingHttpHeaders = {}
  stream.on('trailers', (received) => {
    trailers = received
  })
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  const data = await stream.toArray()
  session.destroy()
  return { headers: { ...headers, ...trailers }, messages: messagesIn(Buffer.concat(data)) }
}

/** RFC 9113, section 3.4. */
const PREFACE_BYTES = 24

/** RFC 9113, section 4.1. */
const FRAME_HEADER_BYTES = 9

/** The size of what a client sends before its call: the preface and an empty SETTINGS frame. */
const PREFACE_AND_SETTINGS_BYTES = PREFACE_BYTES + FRAME_HEADER_BYTES

/** RFC 9113, section 6.5. */
const SETTINGS = 4
const ACK = 1

/**
 * The frames without the acknowledgements of settings: a window that was widened in the middle was acknowledged, too, and
 * the fresh other end widens none.
 */
function* framesToReplay(bytes: Buffer): Generator<Buffer, void, void> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + FRAME_HEADER_BYTES + bytes.readUIntBE(at, 3)
    const isAcknowledgement = bytes[at + 3] === SETTINGS && bytes[at + 4] === ACK
    if (!isAcknowledgement) yield bytes.subarray(at, end)
    at = end
  }
}

/** Resolves when more than so many bytes have come; they and all that follow are dropped. */
async function receivedMoreThan(count: number, stream: Duplex): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let received = 0
  stream.on('data', (bytes: Buffer) => {
    received += bytes.length
    if (received > count) resolve()
  })
  await promise
}

/** The messages in gRPC's frames: 1 byte that is 0 for uncompressed, the length in 4, the message. */
function messagesIn(data: Buffer): Buffer[] {
  const messages: Buffer[] = []
  for (let at = 0; at < data.length; ) {
    const end = at + 5 + data.readUInt32BE(at + 1)
    if (data[at] !== 0 || end > data.length) throw new Error('that is no gRPC message')
    messages.push(data.subarray(at + 5, end))
    at = end
  }
  return messages
}
