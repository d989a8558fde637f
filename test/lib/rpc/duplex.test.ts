import { once } from 'node:events'
import { connect as connectSocket, createServer, type Socket } from 'node:net'
import { expect } from 'chai'
import { type ConverseRequest, PeerServiceService } from '#gen/sotto/peer/v1/peer_service.ts'
import { SottoError } from '#lib/errors.ts'
import { connect } from '#lib/rpc/client.ts'
import { CONVERSATION_WINDOW_BYTES } from '#lib/rpc/limits.ts'
import { type Converse, echo, peerServer, record } from '../../support/peer-server.ts'
import { rejection } from '../../support/rejection.ts'
import { reset } from '../../support/reset.ts'

describe('Duplex', () => {
  it('carries messages both ways, in order, and ends when the caller has ended', async () => {
    await using peer = await peerServer(echo)
    const stream = peer.connection.call.converse()
    const sent = [0, 1, 2, 3, 4].map((fill) => record(1000 + fill, fill))
    for (const message of sent) await stream.send(message)
    stream.end()
    const received = await Array.fromAsync(stream.messages)
    expect(received).to.deep.equal(sent)
  })

  it('lets the first message be taken apart from the rest', async () => {
    const sizes: number[] = []
    const converse: Converse = async (stream) => {
      const { value: first } = await stream.messages.next()
      sizes.push(sizeOf(first))
      for await (const message of stream.messages) sizes.push(sizeOf(message))
    }
    await using peer = await peerServer(converse)
    const stream = peer.connection.call.converse()
    for (const size of [1, 2, 3]) await stream.send(record(size))
    stream.end()
    expect(await Array.fromAsync(stream.messages)).to.deep.equal([])
    expect(sizes).to.deep.equal([1, 2, 3])
  })

  it('makes the sender wait for a receiver that does not read', async () => {
    const { promise: mayRead, resolve: read } = Promise.withResolvers<void>()
    let received = 0
    const converse: Converse = async (stream) => {
      await mayRead
      for await (const _ of stream.messages) received += 1
    }
    await using peer = await peerServer(converse)
    const stream = peer.connection.call.converse()
    // 16 MiB, where the window takes 1 MiB and some buffers as much again.
    const count = 256
    let taken = 0
    const sending = (async () => {
      for (; taken < count; taken += 1) await stream.send(record(65_535))
      stream.end()
    })()
    await quiet(() => taken)
    expect(taken).to.be.within(1, 100)
    read()
    await sending
    await Array.fromAsync(stream.messages)
    expect(received).to.equal(count)
  })

  it('makes the serving end wait for a caller that does not read', async () => {
    let taken = 0
    const { promise: over, resolve } = Promise.withResolvers<unknown>()
    const converse: Converse = async (stream) => {
      try {
        for (; taken < 1024; taken += 1) await stream.send(record(65_535))
      } catch (thrown) {
        resolve(thrown)
        throw thrown
      }
    }
    await using peer = await peerServer(converse)
    const stream = peer.connection.call.converse()
    await stream.messages.next()
    await quiet(() => taken)
    // What its window holds, and what the two ends hold beside that.
    expect(taken).to.be.within(1, CONVERSATION_WINDOW_BYTES / 65_535 + 40)
    stream.cancel()
    expect(await over).to.have.property('code', 'ERR_CHANNEL_CUT')
  })

  it('tells the serving end when the caller leaves the loop', async () => {
    const { promise: over, resolve } = Promise.withResolvers<unknown>()
    const converse: Converse = async (stream, { signal }) => {
      await stream.send(record(1))
      signal.addEventListener('abort', () => resolve(signal.reason), { once: true })
      for await (const _ of stream.messages);
    }
    await using peer = await peerServer(converse)
    const stream = peer.connection.call.converse()
    for await (const _ of stream.messages) break
    expect(await over).to.have.property('code', 'ERR_CHANNEL_CUT')
    expect((await rejection(stream.send(record(1)))).code).to.equal('ERR_CHANNEL_CLOSED')
  })

  it('gives the caller what the handler threw', async () => {
    const converse: Converse = async (stream) => {
      await stream.messages.next()
      throw new SottoError('ERR_BUSY', 'too many conversations', { retryAfterMs: 1500 })
    }
    await using peer = await peerServer(converse)
    const stream = peer.connection.call.converse()
    await stream.send(record(1))
    const refusal = await rejection(Array.fromAsync(stream.messages))
    expect(refusal).to.include({ code: 'ERR_BUSY', retryAfterMs: 1500 })
    expect((await rejection(stream.send(record(1)))).code).to.equal('ERR_BUSY')
  })

  it('gives out what had come before the stream broke', async () => {
    const converse: Converse = async (stream) => {
      for (const size of [1, 2, 3]) await stream.send(record(size))
      throw new SottoError('ERR_BUSY', 'enough')
    }
    await using peer = await peerServer(converse)
    const stream = peer.connection.call.converse()
    const sizes: unknown[] = []
    const refusal = await rejection(
      (async () => {
        for await (const { message } of stream.messages) sizes.push(message?.value)
      })(),
    )
    expect(refusal.code).to.equal('ERR_BUSY')
    expect(sizes).to.have.lengthOf(3)
  })

  it('calls a connection that breaks in mid-stream a cut, on both ends', async () => {
    const { promise: over, resolve } = Promise.withResolvers<unknown>()
    const converse: Converse = async (stream) => {
      try {
        await echo(stream, undefined as never)
      } catch (thrown) {
        resolve(thrown)
      }
    }
    await using peer = await peerServer(converse)
    await using cable = await cableTo(peer.server.port)
    const connection = connect(PeerServiceService, { address: `127.0.0.1:${cable.port}`, security: undefined })
    const stream = connection.call.converse()
    await stream.send(record(1))
    await stream.messages.next()
    cable.cut()
    expect((await rejection(stream.messages.next())).code).to.equal('ERR_CHANNEL_CUT')
    expect((await rejection(stream.send(record(1)))).code).to.equal('ERR_CHANNEL_CUT')
    expect(await over).to.have.property('code', 'ERR_CHANNEL_CUT')
    connection.close()
  })

  it('calls a connection that breaks before the other end has answered unavailable', async () => {
    await using peer = await peerServer(async (stream) => void (await stream.messages.next()))
    await using cable = await cableTo(peer.server.port)
    const connection = connect(PeerServiceService, { address: `127.0.0.1:${cable.port}`, security: undefined })
    await connection.ready()
    const stream = connection.call.converse()
    cable.cut()
    expect((await rejection(stream.messages.next())).code).to.equal('ERR_UNAVAILABLE')
    connection.close()
  })
})

/** How long the record in a message is, in bytes. */
function sizeOf(message: ConverseRequest | undefined): number {
  return message?.message?.$case === 'record' ? message.message.value.length : -1
}

/** Resolves when a count has stood still for a while of real time: the one way to see that something waits. */
async function quiet(count: () => number): Promise<void> {
  let last = -1
  while (count() !== last || last === 0) {
    last = count()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** A link to a port of this machine that can be cut like a cable: both ends get a reset. */
async function cableTo(port: number): Promise<{ port: number; cut(): void } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connectSocket(port, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    near.pipe(far).pipe(near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) reset(socket)
  }
  return {
    port: (server.address() as { port: number }).port,
    cut,
    async [Symbol.asyncDispose]() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
