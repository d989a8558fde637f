import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import { limitConnections } from '../../../../clients/web/server/connection-limit.ts'

const MOST = 4
/** Longer than the system waits at either end before it tells the other that there is room again. */
const UNTAKEN_MS = 300
/** Together more than the system holds for one who does not read. */
const [PIECES, PIECE_BYTES] = [512, 64 * 1024]

describe('limitConnections', () => {
  let server: Server
  let port: number
  const sockets: Socket[] = []
  /** The server's ends, in the order in which they came. */
  let accepted: Socket[]
  beforeEach(async () => {
    server = createServer((request, response) => {
      response.writeHead(200).write('begun')
      if (request.url === '/large') {
        Readable.from(Array(PIECES).fill(Buffer.alloc(PIECE_BYTES))).pipe(response)
        return
      }
      if (request.url !== '/long') response.end()
    })
    accepted = []
    server.on('connection', (socket: Socket) => accepted.push(socket))
    limitConnections(server, MOST, UNTAKEN_MS)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
    server.closeAllConnections()
    server.close()
  })

  /** Connect, and say nothing. */
  async function silent(): Promise<Socket> {
    const accepted = once(server, 'connection')
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    sockets.push(socket)
    await accepted
    return socket
  }

  async function ask(path: string): Promise<IncomingMessage> {
    const [response] = (await once(get({ port, path, agent: false }), 'response')) as [IncomingMessage]
    sockets.push(response.socket)
    return response
  }

  it('makes room for who asks among those who say nothing, the oldest of whom goes', async () => {
    const all: Socket[] = []
    for (let count = 0; count < MOST; count += 1) all.push(await silent())
    const closed = all.map((each) => once(each, 'close'))
    expect((await ask('/')).statusCode).to.equal(200)
    await closed[0]
    for (let count = 0; count < 2 * MOST; count += 1) await silent()
    await Promise.all(closed)
    expect((await ask('/')).statusCode).to.equal(200)
  })

  it('closes nothing that is being answered, but then who comes', async () => {
    const long = [await ask('/long')]
    for (let count = 0; count < 3 * MOST; count += 1) await silent()
    while (long.length < MOST) long.push(await ask('/long'))
    const late = await silent()
    await once(late, 'close')
    expect(long.map(({ destroyed }) => destroyed)).to.deep.equal(Array(MOST).fill(false))
    // What has been answered makes room again.
    const atServer = accepted[0] as Socket
    const ended = once(atServer, 'close')
    long[0]?.destroy()
    await ended
    expect((await ask('/')).statusCode).to.equal(200)
  })

  it('closes who does not read the answer, and nobody who waits for more of it', async () => {
    const long = await ask('/long')
    const unread: Socket[] = []
    for (let count = 1; count < MOST; count += 1) unread.push(await silent())
    const closed = accepted.slice(1).map((each) => once(each, 'close'))
    for (const each of unread) each.pause().write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n')
    await Promise.all(closed)
    expect(long.destroyed).to.equal(false)
    expect((await ask('/')).statusCode).to.equal(200)
  })

  it('lets an answer be read that is larger than what is held of it', async () => {
    let length = 0
    for await (const piece of await ask('/large')) length += piece.length
    expect(length).to.equal('begun'.length + PIECES * PIECE_BYTES)
  })
})
