import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import { OrphanedSockets } from '#lib/rpc/sockets/orphaned-sockets.ts'

describe('OrphanedSockets', () => {
  let server: Server
  let socket: Socket
  let addresses: string[]
  let undeliverable: OrphanedSockets

  beforeEach(async () => {
    server = createServer((accepted) => accepted.resume().on('error', () => undefined)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    socket = connect((server.address() as { port: number }).port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    addresses = ['127.0.0.1', 'fe80::1%eth0']
    undeliverable = new OrphanedSockets(() => addresses)
    undeliverable.add(socket)
  })
  afterEach(() => {
    socket.destroy()
    server.close()
  })

  it('are let be for as long as their address is there', () => {
    for (let look = 0; look < 3; look += 1) undeliverable.poll()
    expect(socket.destroyed).to.equal(false)
  })

  it('are destroyed when it is missing twice in a row', async () => {
    addresses = ['192.0.2.7']
    undeliverable.poll()
    expect(socket.destroyed).to.equal(false)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    undeliverable.poll()
    await closed
    expect(socket.destroyed).to.equal(true)
  })

  it('are let be where their address was never listed, as 127.0.0.2 is not', () => {
    const unlisted = new OrphanedSockets(() => ['192.0.2.7'])
    unlisted.add(socket)
    for (let look = 0; look < 3; look += 1) unlisted.poll()
    expect(socket.destroyed).to.equal(false)
  })

  it('outlast a moment without it', () => {
    for (const present of [false, true, false, true]) {
      addresses = present ? ['127.0.0.1'] : []
      undeliverable.poll()
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
    undeliverable.add(inner)
    undeliverable.poll()
    undeliverable.poll()
    expect(inner.destroyed).to.equal(false)
    caller.destroy()
    inner.destroy()
    both.close()
  })
})
