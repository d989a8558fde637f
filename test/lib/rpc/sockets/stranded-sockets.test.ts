import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import { StrandedSockets } from '#lib/rpc/sockets/stranded-sockets.ts'

describe('StrandedSockets', () => {
  let server: Server
  let socket: Socket
  let addresses: string[]
  let stranded: StrandedSockets

  beforeEach(async () => {
    server = createServer((accepted) => accepted.resume().on('error', () => undefined)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    socket = connect((server.address() as { port: number }).port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    addresses = ['127.0.0.1', 'fe80::1%eth0']
    stranded = new StrandedSockets(() => addresses)
    stranded.add(socket)
  })
  afterEach(() => {
    socket.destroy()
    server.close()
  })

  it('are let be for as long as their address is there', () => {
    for (let look = 0; look < 3; look += 1) stranded.poll()
    expect(socket.destroyed).to.equal(false)
  })

  it('are destroyed when it is missing twice in a row', async () => {
    addresses = ['192.0.2.7']
    stranded.poll()
    expect(socket.destroyed).to.equal(false)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    stranded.poll()
    await closed
    expect(socket.destroyed).to.equal(true)
  })

  it('outlast a moment without it', () => {
    for (const present of [false, true, false, true]) {
      addresses = present ? ['127.0.0.1'] : []
      stranded.poll()
    }
    expect(socket.destroyed).to.equal(false)
  })

  it('have an address of one family on a socket for both', async () => {
    const both = createServer().listen(0, '::')
    await once(both, 'listening')
    const accepted = once(both, 'connection')
    const caller = connect((both.address() as { port: number }).port, '127.0.0.1')
    const [inner] = (await accepted) as [Socket]
    expect(inner.localAddress).to.equal('::ffff:127.0.0.1')
    stranded.add(inner)
    stranded.poll()
    stranded.poll()
    expect(inner.destroyed).to.equal(false)
    caller.destroy()
    inner.destroy()
    both.close()
  })
})
