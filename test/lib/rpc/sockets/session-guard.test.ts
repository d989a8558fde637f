import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { CUTS, type CutEvent } from '#lib/runtime/metrics/cut-events.ts'
import { echo, peerServer, record } from '../../../support/peer-server.ts'

const PREFACE = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4)])

/** A frame of HTTP/2 (RFC 9113, section 4.1). */
function frame(type: number, payload = Buffer.alloc(0), { flags = 0, stream = 0 } = {}): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** The head of a call in HPACK without a table: `:method POST`, `:scheme http`, `:path /`. */
const HEAD = Buffer.from([0x83, 0x86, 0x84])

const many = (count: number, bytes: (index: number) => Buffer) =>
  Buffer.concat(Array.from({ length: count }, (_, index) => bytes(index)))

/** What a flood sends, and why it is cut. */
const FLOODS: Readonly<Record<string, readonly [Buffer, CutEvent['reason']]>> = {
  pings: [many(2_000, () => frame(6, Buffer.alloc(8))), 'pings'],
  settings: [many(2_000, () => frame(4)), 'settings'],
  resets: [
    many(4_000, (index) =>
      Buffer.concat([
        frame(1, HEAD, { flags: 4, stream: 1 + 2 * index }),
        frame(3, Buffer.alloc(4), { stream: 1 + 2 * index }),
      ]),
    ),
    'protocol',
  ],
  continuations: [
    Buffer.concat([frame(1, HEAD, { stream: 1 }), many(5_000, () => frame(9, Buffer.alloc(0), { stream: 1 }))]),
    'protocol',
  ],
  'frames of no known stream': [
    many(2_000, (index) => frame(0, Buffer.alloc(0), { stream: 1 + 2 * index })),
    'protocol',
  ],
}

describe('the guard of a session', () => {
  const cuts: CutEvent[] = []
  const listener = (event: unknown) => cuts.push(event as CutEvent)
  before(() => subscribe(CUTS.name, listener))
  beforeEach(() => cuts.splice(0))
  after(() => unsubscribe(CUTS.name, listener))

  for (const [name, [bytes, reason]] of Object.entries(FLOODS)) {
    it(`cuts a flood of ${name} within two seconds, and nobody else notices`, async () => {
      await using peer = await peerServer(echo)
      const stream = peer.connection.call.converse()
      await stream.send(record(7))
      const incoming = stream.messages[Symbol.asyncIterator]()
      await incoming.next()
      const startedMs = performance.now()
      const socket = await flood(peer.server.port, bytes)
      if (!socket.closed) await once(socket, 'close')
      expect(performance.now() - startedMs).to.be.lessThan(2_000)
      expect(cuts).to.deep.equal([{ reason, peer: '127.0.0.1' }])
      expect(peer.logged.lines().find(({ msg }) => msg === 'connection cut')).to.include({ reason })
      await stream.send(record(8))
      expect((await incoming.next()).value).to.deep.equal(record(8))
      stream.cancel()
    })
  }

  it('cuts who says nothing after the preface', async () => {
    await using peer = await peerServer(echo, { firstCallTimeoutMs: 100 })
    const socket = await flood(peer.server.port, Buffer.alloc(0))
    if (!socket.closed) await once(socket, 'close')
    expect(cuts).to.deep.equal([{ reason: 'silent', peer: '127.0.0.1' }])
  })
})

async function flood(port: number, bytes: Buffer): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}).resume()
  await once(socket, 'connect')
  socket.write(Buffer.concat([PREFACE, bytes]))
  return socket
}
