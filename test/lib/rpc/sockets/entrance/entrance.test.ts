import { once } from 'node:events'
import http2 from 'node:http2'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { ConverseRequest } from '#gen/sotto/peer/v1/peer_service.ts'
import { connect as connectTo } from '#lib/rpc/client.ts'
import { PEER_LIMITS } from '#lib/rpc/limits.ts'
import { PeerService } from '../../../../../clients/peer/peer-service.ts'
import { beginCall, FrameType, frame, PREFACE, streamOf } from '../../../../support/http2-frames.ts'
import { CONVERSE, type Converse, echo, type PeerServer, peerServer, record } from '../../../../support/peer-server.ts'
import { framed } from '../../../../support/raw-call.ts'

const PLACES = 2
const LINE = { most: 4, partOfAll: 1, bytes: 512 }

const strangers = {
  ...(PEER_LIMITS.strangers ?? expect.fail('everybody is let in')),
  connections: { places: PLACES, placesPerNetwork: PLACES, vouchedPlaces: 0 },
  line: LINE,
}

/** Lets everybody in who says something, and sends it back. */
const admitting: Converse = async (stream, context) => {
  context.caller.admit()
  await echo(stream, context)
}

describe('the entrance of a server', () => {
  let peer: PeerServer
  const sessions: http2.ClientHttp2Session[] = []
  const sockets: Socket[] = []
  beforeEach(async () => {
    peer = await peerServer(admitting, { strangers })
  })
  afterEach(async () => {
    for (const session of sessions.splice(0)) session.destroy()
    for (const socket of sockets.splice(0)) socket.destroy()
    await peer[Symbol.asyncDispose]()
  })

  /** Connect, and begin HTTP/2. @returns once the server has answered. */
  async function enter(): Promise<http2.ClientHttp2Session> {
    const session = http2.connect(`http://127.0.0.1:${peer.server.port}`)
    session.on('error', () => {})
    sessions.push(session)
    await once(session, 'remoteSettings')
    return session
  }

  async function opened(): Promise<Socket> {
    const socket = connect(peer.server.port, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => {}).resume()
    await once(socket, 'connect')
    return socket
  }

  const closed = async (socket: Socket) => {
    if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()))
  }

  /** Turns of the event loop, in which both ends hear what the other does. */
  async function turns(): Promise<void> {
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate)
  }

  const cuts = () =>
    peer.logged
      .lines()
      .filter(({ msg }) => msg === 'connection cut')
      .map(({ reason }) => reason)

  /** A call with a record, all of it sent at once. */
  const wholeCall = (bytes: number) =>
    Buffer.concat([
      PREFACE,
      beginCall(CONVERSE),
      frame(FrameType.Data, Buffer.from(framed(ConverseRequest.encode(record(bytes)).finish())), {
        stream: streamOf(0),
      }),
    ])

  it('has those who come wait until a place is free, and serves all of them in the end', async () => {
    const inside = [await enter(), await enter()]
    let isServed = false
    const last = enter().then(() => {
      isServed = true
    })
    await turns()
    expect(isServed).to.equal(false)
    inside[0]?.destroy()
    await last
  })

  it('keeps no place for those who say nothing', async () => {
    for (let count = 0; count < PLACES; count += 1) await opened()
    for (let count = 0; count < PLACES; count += 1) await enter()
  })

  it('loses nothing of what is said while it waits', async () => {
    const callers = Array.from({ length: 3 * PLACES }, () =>
      connectTo(PeerService, { address: `127.0.0.1:${peer.server.port}`, security: undefined }),
    )
    const answers = callers.map(async ({ call, close }, number) => {
      const stream = call.converse()
      await stream.send(record(300, number))
      const answer = await stream.messages.next()
      close()
      return answer.value
    })
    expect(await Promise.all(answers)).to.deep.equal(callers.map((_, number) => record(300, number)))
  })

  it('serves a whole call that came before its turn as one that comes at once', async () => {
    const inside = [await enter(), await enter()]
    const socket = await opened()
    let answered = 0
    socket.on('data', ({ length }: Buffer) => {
      answered += length
    })
    socket.write(wholeCall(400))
    await turns()
    expect(answered).to.equal(0)
    for (const session of inside) session.destroy()
    while (answered < 400) await once(socket, 'data')
  })

  it('cuts who says more than there is room for while they wait', async () => {
    for (let count = 0; count < PLACES; count += 1) await enter()
    const socket = await opened()
    while (!socket.closed) {
      socket.write(Buffer.alloc(64 * 1024))
      await new Promise(setImmediate)
    }
    expect(cuts()).to.deep.equal(['framing'])
  })

  it('turns away who comes where the line is full, and forgets those who have gone', async () => {
    for (let count = 0; count < PLACES; count += 1) await enter()
    const waiting: Socket[] = []
    for (let count = 0; count < LINE.most; count += 1) waiting.push(await opened())
    await opened()
    await closed(waiting[0] as Socket)
    expect(cuts()).to.deep.equal(['crowd'])
    waiting[1]?.destroy()
    await turns()
    await opened()
    await turns()
    expect(cuts()).to.deep.equal(['crowd'])
  })

  it('closes those who wait when the server stops', async () => {
    for (let count = 0; count < PLACES; count += 1) await enter()
    const socket = await opened()
    socket.write(PREFACE)
    const stopped = peer.server.stop()
    await closed(socket)
    for (const session of sessions) session.destroy()
    await stopped
  })
})
