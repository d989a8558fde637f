import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import { AuthServiceService } from '#gen/sotto/auth/v1/auth_service.ts'
import { DirectoryServiceService, ReplacedAnnouncement } from '#gen/sotto/directory/v1/directory_service.ts'
import { PeerServiceService } from '#gen/sotto/peer/v1/peer_service.ts'
import { type Connection, connect } from '#lib/rpc/client.ts'
import { SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import { serve, startServer } from '#lib/rpc/server.ts'
import { type AuthServer, authServer, SERVER_INFO } from '../../support/auth-server.ts'
import { FarLink } from '../../support/far-link.ts'
import { freePort } from '../../support/free-port.ts'
import { echo, peerServer, record } from '../../support/peer-server.ts'
import { rejection } from '../../support/rejection.ts'
import { testLog } from '../../support/test-log.ts'

const ANNOUNCING = { announce: DirectoryServiceService.announce }
const ANNOUNCED = {
  serverTime: new Date(),
  sessionExpiresAt: new Date(),
  replaced: ReplacedAnnouncement.UNSPECIFIED,
  refusedEndpoints: [],
}

/** A link of which the first connections are reset, each after so many bytes. */
async function cutLink(target: string, ...cuts: readonly number[]): Promise<FarLink> {
  const left = [...cuts]
  return await FarLink.start({ target, cutAfter: () => left.shift() })
}

describe('a connection that breaks before there is an answer', () => {
  let auth: AuthServer

  beforeEach(async () => {
    auth = await authServer({ getServerInfo: async () => SERVER_INFO })
  })
  afterEach(() => auth[Symbol.asyncDispose]())

  function connectTo(address: string): Connection<typeof AuthServiceService> {
    const { authorityPem } = auth.authority
    return connect(AuthServiceService, { address, security: { authorityPem, role: 'auth.sotto' } })
  }

  for (const bytes of [0, 100, 600, 1_200, 2_000, 3_000, 4_000]) {
    it(`is made once more for a call, where it broke after ${bytes} bytes`, async () => {
      await using link = await cutLink(auth.address, bytes)
      const connection = connectTo(link.address)
      expect(await connection.call.getServerInfo({})).to.deep.equal(SERVER_INFO)
      connection.close()
    })
  }

  it('is made once more for several calls at once', async () => {
    await using link = await cutLink(auth.address, 1_000)
    const connection = connectTo(link.address)
    const calls = [1, 2, 3].map(() => connection.call.getServerInfo({}))
    expect(await Promise.all(calls)).to.deep.equal([SERVER_INFO, SERVER_INFO, SERVER_INFO])
    connection.close()
  })

  it('is no such connection where nobody takes it: that is told at once', async () => {
    const port = await freePort()
    let attempts = 0
    // Connections of other tests in this process are none of ours.
    const count = (message: unknown) => {
      ;(message as { socket: Socket }).socket.on('connectionAttempt', (_address, attempted) => {
        if (attempted === port) attempts += 1
      })
    }
    subscribe('net.client.socket', count)
    const connection = connect(PeerServiceService, { address: `127.0.0.1:${port}`, security: undefined })
    expect((await rejection(connection.call.converse().messages.next())).code).to.equal('ERR_UNAVAILABLE')
    expect((await rejection(connection.ready())).code).to.equal('ERR_UNAVAILABLE')
    connection.close()
    unsubscribe('net.client.socket', count)
    expect(attempts).to.equal(1)
  })

  it('is made no third time', async () => {
    await using link = await cutLink(auth.address, 0, 600)
    const connection = connectTo(link.address)
    expect((await rejection(connection.call.getServerInfo({}))).code).to.equal('ERR_UNAVAILABLE')
    connection.close()
  })

  it('is made once more for a stream of answers, which begins no second time once there was one', async () => {
    let begun = 0
    async function* announce() {
      begun += 1
      yield ANNOUNCED
      yield ANNOUNCED
      await new Promise(() => {})
    }
    const server = await startServer({
      services: [serve(ANNOUNCING, { announce })],
      host: '127.0.0.1',
      port: 0,
      security: { certificate: await auth.authority.leaf('directory.sotto') },
      limits: SERVICE_LIMITS,
      log: testLog().log,
    })
    await using link = await cutLink(`127.0.0.1:${server.port}`, 1_000)
    const { authorityPem } = auth.authority
    const connection = connect(ANNOUNCING, {
      address: link.address,
      security: { authorityPem, role: 'directory.sotto' },
    })
    const answers = connection.call.announce({ endpoints: [], instanceId: Buffer.alloc(16) })[Symbol.asyncIterator]()
    expect((await answers.next()).value).to.deep.equal(ANNOUNCED)
    expect((await answers.next()).value).to.deep.equal(ANNOUNCED)
    const next = rejection(answers.next())
    link.cut()
    expect((await next).code).to.equal('ERR_UNAVAILABLE')
    expect(begun).to.equal(1)
    connection.close()
    await server.stop(0)
  })

  it('is made once more where it is to be ready for a conversation', async () => {
    await using peer = await peerServer(echo)
    for (const bytes of [0, 15, 30]) {
      await using link = await cutLink(`127.0.0.1:${peer.server.port}`, bytes)
      const connection = connect(PeerServiceService, { address: link.address, security: undefined })
      await connection.ready()
      const stream = connection.call.converse()
      await stream.send(record(1))
      expect((await stream.messages.next()).done).to.equal(false)
      connection.close()
    }
  })
})
