import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { expect } from 'chai'
import { type AnnounceResponse, DirectoryServiceService } from '#gen/sotto/directory/v1/directory_service.ts'
import { connect } from '#lib/rpc/client.ts'
import { SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import { serve, startServer } from '#lib/rpc/server.ts'
import type { CallContext } from '#lib/rpc/service.ts'
import { authServer, SERVER_INFO } from '../../support/auth-server.ts'
import { echo, peerServer, record } from '../../support/peer-server.ts'
import { rejection } from '../../support/rejection.ts'
import { testAuthority } from '../../support/test-authority.ts'
import { testLog } from '../../support/test-log.ts'

/** The one method of the directory that is a server stream. */
const ANNOUNCING = { announce: DirectoryServiceService.announce }

const ANNOUNCED: AnnounceResponse = {
  serverTime: new Date(),
  sessionExpiresAt: new Date(),
  replaced: 0,
  refusedEndpoints: [],
}

describe('RpcServer.stop', () => {
  it('ends open streams as unavailable, with a time to come back', async () => {
    await using peer = await peerServer(echo)
    const stream = peer.connection.call.converse()
    await stream.send(record(1))
    await stream.messages.next()
    const next = rejection(stream.messages.next())
    await peer.server.stop()
    expect(await next).to.include({ code: 'ERR_UNAVAILABLE', retryAfterMs: 1000 })
  })

  it('ends a server stream, and tells its handler', async () => {
    await using authority = await testAuthority()
    let aborted: unknown
    async function* announce(_: unknown, { signal }: CallContext): AsyncGenerator<AnnounceResponse> {
      yield ANNOUNCED
      await once(signal, 'abort')
      aborted = signal.reason
    }
    const server = await startServer({
      services: [serve(ANNOUNCING, { announce })],
      host: '127.0.0.1',
      port: 0,
      security: { certificate: await authority.leaf('directory.sotto') },
      limits: SERVICE_LIMITS,
      log: testLog().log,
    })
    const connection = connect(ANNOUNCING, {
      address: `127.0.0.1:${server.port}`,
      security: { authorityPem: authority.authorityPem, role: 'directory.sotto' },
    })
    const responses = connection.call.announce({ endpoints: [], instanceId: Buffer.alloc(16) })[Symbol.asyncIterator]()
    expect((await responses.next()).value).to.deep.equal(ANNOUNCED)
    const next = rejection(responses.next())
    await server.stop()
    expect((await next).code).to.equal('ERR_UNAVAILABLE')
    expect(aborted).to.have.property('code', 'ERR_UNAVAILABLE')
    connection.close()
  })

  it('lets unary calls finish', async () => {
    const { promise: called, resolve: isCalled } = Promise.withResolvers<void>()
    const { promise: may, resolve: finish } = Promise.withResolvers<void>()
    await using auth = await authServer({
      getServerInfo: async () => {
        isCalled()
        await may
        return SERVER_INFO
      },
    })
    const call = auth.connect().call.getServerInfo({})
    await called
    const stopping = auth.server.stop()
    finish()
    expect(await call).to.deep.equal(SERVER_INFO)
    await stopping
  })

  it('does not wait longer than it is told for a call that does not finish', async () => {
    const { promise: called, resolve: isCalled } = Promise.withResolvers<void>()
    await using auth = await authServer({
      getServerInfo: () => {
        isCalled()
        return new Promise(() => {})
      },
    })
    const call = rejection(auth.connect().call.getServerInfo({}))
    await called
    await auth.server.stop(50)
    expect((await call).code).to.equal('ERR_UNAVAILABLE')
  })

  it('closes connections that have no call, and takes no new ones', async () => {
    await using peer = await peerServer(echo)
    const socket = connectSocket(peer.server.port, '127.0.0.1')
    await once(socket, 'connect')
    const closed = once(socket.resume(), 'close')
    await peer.server.stop(50)
    await closed
    const late = connectSocket(peer.server.port, '127.0.0.1')
    expect((await once(late, 'error'))[0]).to.have.property('code', 'ECONNREFUSED')
  })

  it('may be asked twice', async () => {
    await using peer = await peerServer(echo)
    await Promise.all([peer.server.stop(), peer.server.stop()])
  })
})
