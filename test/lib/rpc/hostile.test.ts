import { once } from 'node:events'
import http2 from 'node:http2'
import { connect as connectSocket, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { Code } from '#gen/google/rpc/code.ts'
import { AuthServiceService } from '#gen/sotto/auth/v1/auth_service.ts'
import { PEER_LIMITS, SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import { type RpcServer, serve, startServer } from '#lib/rpc/server.ts'
import { unexpectedCalls } from '../../support/auth-server.ts'
import { CONVERSE, type Converse, echo, peerServer, record } from '../../support/peer-server.ts'
import { framed, rawCall } from '../../support/raw-call.ts'
import { rejection } from '../../support/rejection.ts'
import { testAuthority } from '../../support/test-authority.ts'
import { testLog } from '../../support/test-log.ts'

/** How an HTTP/2 connection begins, with an empty SETTINGS frame behind it (RFC 9113, section 3.4). */
const PREFACE = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from('000000040000000000', 'hex'),
])

/** Times short enough for a test. */
const HASTY = { firstCallTimeoutMs: 100, firstMessageTimeoutMs: 100, idleTimeoutMs: 100, lingerMs: 100 }

/** A line as long as there may be connections. */
const line = { most: Number.POSITIVE_INFINITY, partOfAll: 1, bytes: 1_024 }

const LOGIN = '/sotto.auth.v1.AuthService/Login'

describe('a server among hostile callers', () => {
  describe('on plain HTTP/2', () => {
    it('closes connections that say nothing', async () => {
      await using peer = await peerServer(echo, HASTY)
      const sockets = await Promise.all(Array.from({ length: 20 }, () => opened(peer.server.port)))
      await Promise.all(sockets.map(closed))
    })

    it('closes connections that say nothing after the preface', async () => {
      await using peer = await peerServer(echo, HASTY)
      const socket = await opened(peer.server.port)
      socket.write(PREFACE)
      await closed(socket)
    })

    it('closes connections whose preface comes a byte at a time', async () => {
      await using peer = await peerServer(echo, HASTY)
      const socket = await opened(peer.server.port)
      let sent = 0
      const trickle = setInterval(() => socket.write(PREFACE.subarray(sent, ++sent)), 20)
      await closed(socket)
      clearInterval(trickle)
    })

    it('closes connections that begin with something else', async () => {
      await using peer = await peerServer(echo)
      const socket = await opened(peer.server.port)
      socket.write('GET / HTTP/1.1\r\nhost: here\r\n\r\n')
      await closed(socket)
    })

    it('closes connections that have had no call for long', async () => {
      await using peer = await peerServer(echo, HASTY)
      const session = http2.connect(`http://127.0.0.1:${peer.server.port}`)
      const stream = session.request({ ':method': 'POST', ':path': CONVERSE, 'content-type': 'application/grpc' })
      stream.resume().end()
      await sessionClosed(session)
    })

    it('serves others while many are silent', async () => {
      await using peer = await peerServer(echo)
      const silent = await Promise.all(Array.from({ length: 20 }, () => opened(peer.server.port)))
      const stream = peer.connection.call.converse()
      await stream.send(record(7))
      stream.end()
      expect(await Array.fromAsync(stream.messages)).to.deep.equal([record(7)])
      for (const socket of silent) socket.destroy()
    })

    it('closes connections over the limit of one address, and takes new ones when others have gone', async () => {
      const limit = 3
      await using peer = await peerServer(echo, { maxConnectionsPerNetwork: limit })
      const sockets = await Promise.all(Array.from({ length: limit }, () => opened(peer.server.port)))
      await closed(await opened(peer.server.port))
      for (const socket of sockets) socket.destroy()
      await Promise.all(sockets.map(closed))
      const stream = peer.connection.call.converse()
      stream.end()
      expect(await Array.fromAsync(stream.messages)).to.deep.equal([])
    })

    it('closes connections over the limit of all', async () => {
      await using peer = await peerServer(echo, { maxConnections: 1 })
      const first = await opened(peer.server.port)
      await closed(await opened(peer.server.port))
      first.destroy()
    })

    it('closes connections over which nobody is let in, however much is called', async () => {
      const room = { places: 8, placesPerNetwork: 8, vouchedPlaces: 0 }
      const strangers = { connections: room, line, calls: room, admissionTimeoutMs: 100, admission: 'call' } as const
      await using peer = await peerServer(echo, { strangers })
      const session = http2.connect(`http://127.0.0.1:${peer.server.port}`)
      const call = () => {
        if (session.destroyed) return
        const stream = session.request({ ':method': 'POST', ':path': CONVERSE, 'content-type': 'application/grpc' })
        stream.on('error', () => {}).once('close', call)
        stream.resume().end()
      }
      call()
      await sessionClosed(session)
    })

    it('keeps a connection over which somebody was let in once, where an admission lasts as long as that', async () => {
      const room = { places: 2, placesPerNetwork: 2, vouchedPlaces: 0 }
      const strangers = {
        connections: room,
        line,
        calls: room,
        admissionTimeoutMs: 100,
        admission: 'connection',
      } as const
      const admit: Converse = async (_stream, { caller }) => caller.admit()
      await using peer = await peerServer(admit, { strangers })
      const session = http2.connect(`http://127.0.0.1:${peer.server.port}`)
      const call = async () => {
        const stream = session.request({ ':method': 'POST', ':path': CONVERSE, 'content-type': 'application/grpc' })
        stream.resume().end()
        await once(stream, 'close')
      }
      await call()
      // Whoever comes later and is let in by nobody has to go.
      await closed(await opened(peer.server.port))
      expect(session.destroyed).to.equal(false)
      await call()
      session.destroy()
    })

    it('widens the window of those who are let in, who share what all of these may be', async () => {
      const earnedWindow = { bytes: 400_000, totalBytes: 800_000 }
      const admit: Converse = async (_stream, { caller }) => caller.admit()
      await using peer = await peerServer(admit, { earnedWindow })
      const callers: http2.ClientHttp2Session[] = []
      /** The windows of a stream and of its connection after a call that is let in. */
      const windowsOf = async () => {
        const session = http2.connect(`http://127.0.0.1:${peer.server.port}`)
        callers.push(session)
        await once(session, 'remoteSettings')
        const stream = session.request({ ':method': 'POST', ':path': CONVERSE, 'content-type': 'application/grpc' })
        stream.resume().end()
        await once(stream, 'close')
        await new Promise<void>((resolve) => session.ping(() => resolve()))
        return [session.remoteSettings.initialWindowSize, session.state.remoteWindowSize]
      }
      const [wide, half] = [earnedWindow.bytes, earnedWindow.bytes / 2]
      expect(await windowsOf()).to.deep.equal([wide, wide])
      expect(await windowsOf()).to.deep.equal([wide, wide])
      expect((await windowsOf())[0]).to.equal(half)
      for (const session of callers) {
        await new Promise<void>((resolve) => session.ping(() => resolve()))
        expect(session.remoteSettings.initialWindowSize).to.equal(half)
      }
      callers[0]?.destroy()
      callers[1]?.destroy()
      // The server learns of it when it learns of it; the test's time limit bounds it.
      for (let [window] = await windowsOf(); window !== wide; [window] = await windowsOf());
      for (const session of callers) session.destroy()
    })

    it('opens more streams to a caller once somebody is let in', async () => {
      const room = { places: 2, placesPerNetwork: 2, vouchedPlaces: 0 }
      const strangers = {
        connections: room,
        line,
        calls: room,
        admissionTimeoutMs: 5_000,
        admission: 'connection',
        streamsPerConnection: 2,
      } as const
      const admit: Converse = async (_stream, { caller }) => caller.admit()
      await using peer = await peerServer(admit, { strangers })
      const session = http2.connect(`http://127.0.0.1:${peer.server.port}`)
      const [before] = (await once(session, 'remoteSettings')) as [http2.Settings]
      expect(before.maxConcurrentStreams).to.equal(2)
      const stream = session.request({ ':method': 'POST', ':path': CONVERSE, 'content-type': 'application/grpc' })
      stream.resume().end()
      const [after] = (await once(session, 'remoteSettings')) as [http2.Settings]
      expect(after.maxConcurrentStreams).to.equal(PEER_LIMITS.maxStreamsPerConnection)
      session.destroy()
    })

    it('announces its limits: of streams, and of what may be under way to it', async () => {
      await using peer = await peerServer(echo)
      const session = http2.connect(`http://127.0.0.1:${peer.server.port}`)
      const [settings] = (await once(session, 'remoteSettings')) as [http2.Settings]
      expect(settings.maxConcurrentStreams).to.equal(PEER_LIMITS.maxStreamsPerConnection)
      expect(settings.initialWindowSize).to.equal(PEER_LIMITS.receiveWindowBytes)
      // The window of the whole connection is no setting; its update comes after them.
      await new Promise<void>((resolve) => session.ping(() => resolve()))
      expect(session.state.remoteWindowSize).to.equal(Math.max(65_535, PEER_LIMITS.receiveWindowBytes))
      session.destroy()
    })

    it('ends a call whose first message does not come', async () => {
      await using peer = await peerServer(echo, HASTY)
      const call = {
        port: peer.server.port,
        path: CONVERSE,
        bytes: framed(Buffer.alloc(10)).subarray(0, 8),
        end: false,
      }
      expect(await rawCall(call)).to.equal(Code.ABORTED)
      expect(peer.logged.lines().map(({ code }) => code)).to.include('ERR_PEER_SILENT')
    })

    it('refuses a length of 2 GiB before anything of it comes', async () => {
      await using peer = await peerServer(echo)
      const bytes = framed(Buffer.alloc(0), 0, 2 ** 31)
      expect(await rawCall({ port: peer.server.port, path: CONVERSE, bytes, end: false })).to.equal(
        Code.RESOURCE_EXHAUSTED,
      )
    })

    it('refuses a message one byte over the limit', async () => {
      await using peer = await peerServer(echo)
      const bytes = framed(Buffer.alloc(0), 0, PEER_LIMITS.maxReceiveBytes + 1)
      expect(await rawCall({ port: peer.server.port, path: CONVERSE, bytes, end: false })).to.equal(
        Code.RESOURCE_EXHAUSTED,
      )
    })

    it('refuses a message of 5 MB', async () => {
      await using peer = await peerServer(echo)
      const stream = peer.connection.call.converse()
      const sending = stream.send(record(5_000_000)).catch(() => {})
      expect((await rejection(Array.fromAsync(stream.messages))).code).to.equal('ERR_REQUEST_TOO_LARGE')
      await sending
    })

    it('refuses a message that unpacks to 64 MiB', async () => {
      await using peer = await peerServer(echo)
      const bytes = framed(gzipSync(Buffer.alloc(64 * 1024 * 1024)), 1)
      const call = { port: peer.server.port, path: CONVERSE, headers: { 'grpc-encoding': 'gzip' }, bytes, end: false }
      expect(await rawCall(call)).to.equal(Code.RESOURCE_EXHAUSTED)
    })

    it('calls bytes that are no message an invalid argument', async () => {
      await using peer = await peerServer(echo)
      // A field of length 127 in a message of 2 bytes.
      expect(
        await rawCall({ port: peer.server.port, path: CONVERSE, bytes: framed(Buffer.from([0x0a, 0x7f])) }),
      ).to.equal(Code.INVALID_ARGUMENT)
    })

    it('refuses more metadata than HTTP/2 allows by default', async () => {
      await using peer = await peerServer(echo)
      const headers = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x-${index}`, 'y']))
      expect(await rawCall({ port: peer.server.port, path: CONVERSE, headers })).to.equal(undefined)
      const large = { 'x-large': 'y'.repeat(100_000) }
      expect(await rawCall({ port: peer.server.port, path: CONVERSE, headers: large })).to.equal(undefined)
    })

    it('knows no other method', async () => {
      await using peer = await peerServer(echo)
      expect(await rawCall({ port: peer.server.port, path: '/sotto.peer.v1.PeerService/Other' })).to.equal(
        Code.UNIMPLEMENTED,
      )
    })

    it('resets calls that are answered and that the caller does not end', async () => {
      await using peer = await peerServer(async () => {}, { lingerMs: 50 })
      const session = http2.connect(`http://127.0.0.1:${peer.server.port}`)
      const stream = session.request({ ':method': 'POST', ':path': CONVERSE, 'content-type': 'application/grpc' })
      stream.resume()
      await once(stream, 'close')
      expect(stream.rstCode).to.equal(http2.constants.NGHTTP2_NO_ERROR)
      session.destroy()
    })
  })

  describe('on TLS', () => {
    let server: RpcServer
    let authority: Awaited<ReturnType<typeof testAuthority>>

    before(async () => {
      authority = await testAuthority()
      server = await startServer({
        services: [serve(AuthServiceService, unexpectedCalls())],
        host: '127.0.0.1',
        port: 0,
        security: { certificate: await authority.leaf('auth.sotto') },
        limits: { ...SERVICE_LIMITS, ...HASTY },
        log: testLog().log,
      })
    })
    after(async () => {
      await server.stop(0)
      await authority[Symbol.asyncDispose]()
    })

    const secured = async (options: object = {}): Promise<TLSSocket> => {
      const socket = connectTls({
        host: '127.0.0.1',
        port: server.port,
        ca: authority.authorityPem,
        servername: 'auth.sotto',
        ALPNProtocols: ['h2'],
        ...options,
      })
      await once(socket, 'secureConnect')
      return socket
    }

    it('closes connections that do not begin a handshake', async () => {
      await closed(await opened(server.port))
    })

    it('closes connections that stop in mid-handshake', async () => {
      const socket = await opened(server.port)
      // The header of a ClientHello of 512 bytes, and none of them.
      socket.write(Buffer.from('1603010200010001fc0303', 'hex'))
      await closed(socket)
    })

    it('closes connections that begin with something else', async () => {
      const socket = await opened(server.port)
      socket.write('GET / HTTP/1.1\r\n\r\n')
      await closed(socket)
    })

    it('closes connections that say nothing after the handshake, and nothing after the preface', async () => {
      const [silent, polite] = [await secured(), await secured()]
      polite.write(PREFACE)
      await Promise.all([closed(silent), closed(polite)])
    })

    it('closes connections that do not speak HTTP/2', async () => {
      const thrown = await secured({ ALPNProtocols: ['http/1.1'] }).catch((error: unknown) => error)
      expect(thrown).to.have.property('code', 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL')
    })

    it('refuses TLS 1.2', async () => {
      const socket = connectTls({
        host: '127.0.0.1',
        port: server.port,
        ca: authority.authorityPem,
        servername: 'auth.sotto',
        maxVersion: 'TLSv1.2',
        minVersion: 'TLSv1.2',
      })
      const [error] = await once(socket, 'error')
      expect(error).to.have.property('code', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
    })

    it('agrees on TLS 1.3 with a hybrid key exchange', async () => {
      const socket = await secured()
      expect(socket.getProtocol()).to.equal('TLSv1.3')
      expect(socket.getEphemeralKeyInfo()).to.have.property('name', 'X25519MLKEM768')
      socket.destroy()
    })

    it('is there for others after all that', async () => {
      const session = http2.connect(`https://127.0.0.1:${server.port}`, {
        ca: authority.authorityPem,
        servername: 'auth.sotto',
      })
      const stream = session.request({ ':method': 'POST', ':path': LOGIN, 'content-type': 'application/grpc' })
      stream.end(framed(Buffer.from([0x0a, 0x7f])))
      const [headers] = await once(stream, 'response')
      expect(headers['grpc-status']).to.equal(String(Code.INVALID_ARGUMENT))
      session.destroy()
    })
  })
})

async function opened(port: number): Promise<Socket> {
  const socket = connectSocket(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** A call that is under way as the server closes may come back as a reset: that is the end that is waited for, too. */
async function sessionClosed(session: http2.ClientHttp2Session): Promise<void> {
  await new Promise<void>((resolve) => session.on('error', () => {}).once('close', () => resolve()))
}

async function closed(socket: Socket): Promise<void> {
  socket.resume()
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()))
}
