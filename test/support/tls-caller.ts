/**
 * A client over a socket of the test's own choice: it says what the test wants before TLS, or comes from an address of its
 * choice.
 *
 * @module
 */
import { once } from 'node:events'
import http2 from 'node:http2'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** Connect to a port of this machine. @param from - Each of 127.0.0.0/8 is an address of this machine. */
export async function connectFrom(from: string, port: number): Promise<Socket> {
  const socket = connectTcp({ port, host: '127.0.0.1', localAddress: from, noDelay: true })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/**
 * Call AuthService.GetServerInfo over a socket.
 *
 * @returns the gRPC status; undefined where the connection is closed before there is one.
 */
export async function askOver(socket: Socket, role = 'auth.sotto'): Promise<number | undefined> {
  const secured = connectTls({
    socket,
    servername: role,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
  })
  secured.on('error', () => {})
  await new Promise<void>((resolve) => secured.once('secureConnect', resolve).once('close', resolve))
  if (secured.destroyed) return undefined
  const session = http2.connect('https://auth.sotto', { createConnection: () => secured })
  session.on('error', () => {})
  const stream = session.request({
    ':method': 'POST',
    ':path': '/sotto.auth.v1.AuthService/GetServerInfo',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  let status: number | undefined
  const note = ({ 'grpc-status': received }: http2.IncomingHttpHeaders) => {
    if (received !== undefined) status = Number(received)
  }
  stream
    .on('error', () => {})
    .on('response', note)
    .on('trailers', note)
  stream.resume()
  stream.end(Buffer.alloc(5))
  await new Promise<void>((resolve) => stream.once('close', resolve))
  session.destroy()
  return status
}

/** The first bytes of a client of ours that asks for a role; of any client, without a name. */
export async function clientHello(servername: string | undefined): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = connectTls({
    port,
    host: '127.0.0.1',
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
    ...(servername !== undefined && { servername }),
  })
  client.on('error', () => {})
  const [accepted] = (await once(server, 'connection')) as [Socket]
  const [bytes] = (await once(accepted, 'data')) as [Buffer]
  client.destroy()
  accepted.destroy()
  server.close()
  return bytes
}
