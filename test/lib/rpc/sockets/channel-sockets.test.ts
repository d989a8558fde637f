import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import { ChannelSockets } from '#lib/rpc/sockets/channel-sockets.ts'
import { freePort } from '../../../support/free-port.ts'
import { reset } from '../../../support/reset.ts'

describe('ChannelSockets', () => {
  let server: Server
  let port: number
  /** What the server does with a connection. */
  let greet: (socket: Socket) => void

  before(async () => {
    server = createServer((socket) => greet(socket.on('error', () => {}).resume())).listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as { port: number }).port
  })
  after(() => void server.close())

  it('gives up a socket on which nothing is said in time', async () => {
    greet = () => {}
    const socket = new ChannelSockets(50).own(() => connect(port, '127.0.0.1'))
    const [error] = await once(socket, 'error')
    expect(error).to.be.an('error')
  })

  it('keeps a socket on which something was said', async () => {
    greet = (socket) => socket.write('hello')
    const sockets = new ChannelSockets(50)
    const socket = sockets.own(() => connect(port, '127.0.0.1'))
    await once(socket, 'data')
    sockets.close()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(socket.destroyed).to.equal(false)
    socket.destroy()
  })

  it('leaves the sockets of others alone', async () => {
    greet = () => {}
    const sockets = new ChannelSockets(50)
    const own = await sockets.own(async () => {
      await null
      return connect(port, '127.0.0.1')
    })
    const other = connect(port, '127.0.0.1')
    sockets.close()
    expect(own.destroyed).to.equal(true)
    expect(other.destroyed).to.equal(false)
    other.destroy()
  })

  it('opens none once it is closed', async () => {
    const sockets = new ChannelSockets(50)
    sockets.close()
    await once(
      sockets.own(() => connect(port, '127.0.0.1')),
      'close',
    )
  })

  it('counts those that were made and broke, and neither those that were refused nor those that were silent', async () => {
    const sockets = new ChannelSockets(50)
    const ended = (to: number) =>
      new Promise((resolve) => {
        const socket = sockets.own(() => connect(to, '127.0.0.1'))
        socket.on('error', () => {}).on('close', resolve)
      })
    await ended(await freePort())
    greet = () => {}
    await ended(port)
    expect(sockets.broken).to.equal(0)
    greet = reset
    await ended(port)
    expect(sockets.broken).to.equal(1)
  })
})
