import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import http2 from 'node:http2'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import {
  FRAMING_BURST_BYTES,
  MESSAGE_TIMEOUT_MS,
  REFUSED_CALLS_PER_SECOND,
  SWEEP_INTERVAL_MS,
  UNREAD_TIMEOUT_MS,
} from '#lib/rpc/sockets/guard/bounds.ts'
import { ConnectionGuard } from '#lib/rpc/sockets/guard/connection-guard.ts'
import { guardSession } from '#lib/rpc/sockets/guard/session-guard.ts'
import { CUTS, type CutEvent } from '#lib/runtime/metrics/cut-events.ts'
import { framed } from '../../../../support/raw-call.ts'
import { testLog } from '../../../../support/test-log.ts'

const LOOKS_UNREAD = UNREAD_TIMEOUT_MS / SWEEP_INTERVAL_MS
const LOOKS_UNFINISHED = MESSAGE_TIMEOUT_MS / SWEEP_INTERVAL_MS

/** An HTTP/2 connection whose guard looks when the test says so. */
class Guarded implements AsyncDisposable {
  readonly guard: ConnectionGuard
  readonly client: http2.ClientHttp2Session
  readonly socket: Socket
  /** The first call, at the server. */
  readonly stream: Promise<http2.ServerHttp2Stream>
  readonly #listener: Server
  #nowMs = performance.now()

  static async open(): Promise<Guarded> {
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as { port: number }
    const socket = connect(port, '127.0.0.1')
    const [accepted] = (await once(listener, 'connection')) as [Socket]
    const guarded = new Guarded(listener, socket, accepted)
    await once(guarded.client, 'remoteSettings')
    return guarded
  }

  private constructor(listener: Server, socket: Socket, accepted: Socket) {
    this.#listener = listener
    this.socket = socket
    const options = {
      log: testLog().log,
      address: '127.0.0.1',
      isStranger: () => false,
      handshakeTimeoutMs: Number.POSITIVE_INFINITY,
    }
    this.guard = new ConnectionGuard(accepted, options)
    const server = http2.createServer({ settings: { initialWindowSize: 2 ** 22 } })
    const { promise, resolve } = Promise.withResolvers<http2.ServerHttp2Stream>()
    this.stream = promise
    server.on('session', (session: http2.ServerHttp2Session) => {
      session.setLocalWindowSize(2 ** 22)
      session.on('error', () => {})
      // As the gRPC library has it: it listens first, and reads when somebody wants to.
      session.on('stream', (stream: http2.ServerHttp2Stream) => {
        stream.on('error', () => {})
        stream.pause()
        resolve(stream)
      })
      guardSession(session, this.guard, { firstCallTimeoutMs: Number.POSITIVE_INFINITY })
    })
    accepted.on('error', () => {})
    server.emit('connection', accepted)
    this.client = http2.connect('http://here', {
      createConnection: () => socket,
      settings: { initialWindowSize: 2 ** 30 },
    })
    this.client.on('error', () => {})
  }

  /** Begin a call with these bytes; resolves when all that was sent is at the server. */
  async call(bytes: Uint8Array): Promise<http2.ClientHttp2Stream> {
    const stream = this.client.request({ ':method': 'POST', ':path': '/' })
    stream.on('error', () => {})
    stream.write(bytes)
    await this.arrived()
    return stream
  }

  async arrived(): Promise<void> {
    await new Promise<void>((resolve) => this.client.ping(() => resolve()))
  }

  /** Have the guard look so often. */
  look(times: number): void {
    for (let time = 0; time < times; time += 1) {
      this.#nowMs += SWEEP_INTERVAL_MS
      this.guard.look(this.#nowMs)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy()
    this.socket.destroy()
    this.#listener.close()
    await once(this.#listener, 'close')
  }
}

describe('ConnectionGuard', () => {
  const cuts: CutEvent[] = []
  const listener = (event: unknown) => cuts.push(event as CutEvent)
  const reasons = () => cuts.map(({ reason }) => reason)
  before(() => subscribe(CUTS.name, listener))
  beforeEach(() => cuts.splice(0))
  after(() => unsubscribe(CUTS.name, listener))

  it('cuts who takes nothing of what waits for them, and says so once', async () => {
    await using guarded = await Guarded.open()
    await guarded.call(Buffer.alloc(0))
    guarded.client.setLocalWindowSize(2 ** 30)
    await guarded.arrived()
    guarded.socket.pause()
    // A socket that HTTP/2 reads pays no heed to a pause: its own handle stops.
    ;(guarded.socket as Socket & { _handle: { readStop(): void } })._handle.readStop()
    const stream = await guarded.stream
    stream.respond()
    // More than the kernel takes for both ends.
    const taken = new Promise<boolean>((resolve) => stream.write(Buffer.alloc(2 ** 26), () => resolve(true)))
    expect(await Promise.race([taken, new Promise((resolve) => setImmediate(() => resolve(false)))])).to.equal(false)
    guarded.look(LOOKS_UNREAD)
    expect(reasons()).to.deep.equal([])
    guarded.look(3)
    expect(reasons()).to.deep.equal(['unread'])
  })

  it('leaves alone who reads nothing while nothing waits for them', async () => {
    await using guarded = await Guarded.open()
    const call = await guarded.call(Buffer.alloc(0))
    const stream = await guarded.stream
    stream.respond()
    // Their window is full, and stays so.
    call.pause()
    stream.write(Buffer.alloc(2 ** 26))
    await guarded.arrived()
    guarded.look(20 * LOOKS_UNREAD)
    expect(reasons()).to.deep.equal([])
  })

  it('cuts who leaves a message unfinished', async () => {
    await using guarded = await Guarded.open()
    await guarded.call(framed(Buffer.alloc(10), 0, 11))
    ;(await guarded.stream).resume()
    await guarded.arrived()
    guarded.look(LOOKS_UNFINISHED)
    expect(reasons()).to.deep.equal([])
    guarded.look(1)
    expect(reasons()).to.deep.equal(['message'])
  })

  it('cuts who calls on and on although they are told to wait', async () => {
    await using guarded = await Guarded.open()
    for (let call = 0; call < REFUSED_CALLS_PER_SECOND; call += 1) guarded.guard.refused()
    expect(reasons()).to.deep.equal([])
    guarded.guard.refused()
    expect(reasons()).to.deep.equal(['calls'])
  })

  it('leaves alone whose message waits here until it is read', async () => {
    await using guarded = await Guarded.open()
    await guarded.call(framed(Buffer.alloc(10), 0, 11))
    guarded.look(20 * LOOKS_UNFINISHED)
    expect(reasons()).to.deep.equal([])
  })

  it('leaves alone who says nothing between messages', async () => {
    await using guarded = await Guarded.open()
    await guarded.call(framed(Buffer.alloc(10)))
    ;(await guarded.stream).resume()
    await guarded.arrived()
    guarded.look(20 * LOOKS_UNFINISHED)
    expect(reasons()).to.deep.equal([])
  })

  it('takes what is not read yet for content, and what comes after the call is over', async () => {
    await using guarded = await Guarded.open()
    const call = await guarded.call(Buffer.alloc(4 * FRAMING_BURST_BYTES))
    guarded.look(1)
    ;(await guarded.stream).close()
    call.write(Buffer.alloc(4 * FRAMING_BURST_BYTES))
    await guarded.arrived()
    guarded.look(2)
    expect(reasons()).to.deep.equal([])
  })
})
