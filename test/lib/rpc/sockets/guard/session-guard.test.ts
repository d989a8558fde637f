import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { CUTS, type CutEvent } from '#lib/runtime/metrics/cut-events.ts'
import { FLOODS, sendFlood } from '../../../../support/floods.ts'
import { PREFACE } from '../../../../support/http2-frames.ts'
import { CONVERSE, echo, peerServer, record } from '../../../../support/peer-server.ts'

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}).resume()
  await once(socket, 'connect')
  return socket
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}

describe('the guard of a session', () => {
  const cuts: CutEvent[] = []
  const listener = (event: unknown) => cuts.push(event as CutEvent)
  before(() => subscribe(CUTS.name, listener))
  beforeEach(() => cuts.splice(0))
  after(() => unsubscribe(CUTS.name, listener))

  for (const flood of FLOODS) {
    const { name, reasons } = flood
    it(`cuts a flood of ${name} within two seconds, and nobody else notices`, async () => {
      await using peer = await peerServer(echo)
      const stream = peer.connection.call.converse()
      await stream.send(record(7))
      const incoming = stream.messages[Symbol.asyncIterator]()
      await incoming.next()
      const startedMs = performance.now()
      await sendFlood(await opened(peer.server.port), flood, CONVERSE)
      expect(performance.now() - startedMs).to.be.lessThan(2_000)
      expect(cuts.map(({ network }) => network)).to.deep.equal(['127.0.0.1'])
      expect(reasons).to.include(cuts[0]?.reason)
      expect(peer.logged.lines().find(({ msg }) => msg === 'connection cut')).to.include({ reason: cuts[0]?.reason })
      await stream.send(record(8))
      expect((await incoming.next()).value).to.deep.equal(record(8))
      stream.cancel()
    })
  }

  it('cuts who says nothing after the preface', async () => {
    await using peer = await peerServer(echo, { firstCallTimeoutMs: 100 })
    const socket = await opened(peer.server.port)
    socket.write(PREFACE)
    await closed(socket)
    expect(cuts).to.deep.equal([{ reason: 'silent', network: '127.0.0.1' }])
  })
})
