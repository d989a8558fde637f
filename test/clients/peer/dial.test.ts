import { once } from 'node:events'
import { createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect } from 'chai'
import { dial } from '../../../clients/peer/dial.ts'
import { freePort } from '../../support/free-port.ts'
import { rejection } from '../../support/rejection.ts'

const { signal } = new AbortController()

describe('dial', () => {
  const to = (...ports: readonly number[]) => ({
    endpoints: ports.map((port) => ({ address: '127.0.0.1', port })),
    relay: undefined,
  })

  it('says that nobody answers, and nothing of when to come back', async () => {
    const failure = await rejection(dial(to(await freePort()), signal))
    expect(failure).to.include({ code: 'ERR_PEER_UNREACHABLE', retryAfterMs: undefined })
  })

  it('says when to come back where one endpoint takes connections and closes them', async () => {
    const full = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    await once(full, 'listening')
    const { port } = full.address() as AddressInfo
    const failure = await rejection(dial(to(await freePort(), port), signal))
    expect(failure).to.include({ code: 'ERR_PEER_UNREACHABLE', retryAfterMs: 1_000 })
    full.close()
    await once(full, 'close')
  })

  it('gives each endpoint the head start that it is told, and none to one that has failed', async () => {
    const sockets = new Set<Socket>()
    const silent = createServer((socket) => sockets.add(socket.on('error', () => {}))).listen(0, '127.0.0.1')
    const answering = createHttp2Server().listen(0, '127.0.0.1')
    await Promise.all([silent, answering].map((server) => once(server, 'listening')))
    const [silentPort, port] = [silent, answering].map((server) => (server.address() as AddressInfo).port)
    const ofAnHour = 3_600_000
    for (const [before, staggerMs] of [
      [silentPort, 0],
      [await freePort(), ofAnHour],
    ] as const) {
      const reached = await dial(to(before ?? 0, port ?? 0), signal, staggerMs)
      expect([reached.route, reached.place]).to.deep.equal(['direct', `127.0.0.1:${port}`])
      reached.close()
    }
    for (const socket of sockets) socket.destroy()
    for (const server of [silent, answering]) {
      server.close()
      await once(server, 'close')
    }
  })
})
