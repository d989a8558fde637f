import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import { INTERNAL_LIMITS } from '#lib/rpc/limits.ts'
import { encodeProxyHeader } from '#lib/runtime/network/proxy-header.ts'
import { LOOPBACK, Ranges } from '#lib/runtime/network/ranges.ts'
import { type AuthServer, authServer, SERVER_INFO } from '../../../support/auth-server.ts'
import { askOver, clientHello, connectFrom } from '../../../support/tls-caller.ts'

const CALLED = { address: '192.0.2.1', port: 443 }
const HEADER = encodeProxyHeader({ address: '192.0.2.77', port: 5_000 }, CALLED)

describe('a port for those who pass on what others call', () => {
  let auth: AuthServer
  let port: number
  /** The addresses of the callers, as the handler was told of them. */
  let seen: string[]

  beforeEach(async () => {
    seen = []
    const getServerInfo = async (_: object, { remoteAddress }: { remoteAddress: string }) => {
      seen.push(remoteAddress)
      return SERVER_INFO
    }
    auth = await authServer({ getServerInfo }, { proxied: { host: '127.0.0.1', port: 0, from: LOOPBACK } })
    port = Number(auth.server.proxiedAddress?.split(':')[1])
  })
  afterEach(() => auth[Symbol.asyncDispose]())

  /** Send bytes, and then wait until the server closes the connection. */
  async function closedAfter(bytes: Uint8Array, to = port): Promise<void> {
    const socket = await connectFrom('127.0.0.1', to)
    socket.write(bytes)
    socket.resume()
    await once(socket, 'close')
  }

  const cuts = () =>
    auth.logged
      .lines()
      .filter(({ msg }) => msg === 'connection cut')
      .map(({ reason }) => reason)

  it('sees the address that the header names, of both families, in calls and in the log', async () => {
    for (const from of ['192.0.2.77', '2001:db8::7:1']) {
      const socket = await connectFrom('127.0.0.1', port)
      const to = from.includes(':') ? { address: '2001:db8::1', port: 443 } : CALLED
      socket.write(encodeProxyHeader({ address: from, port: 5_000 }, to))
      expect(await askOver(socket)).to.equal(0)
    }
    expect(seen).to.deep.equal(['192.0.2.77', '2001:db8::7:1'])
    expect(
      auth.logged
        .lines()
        .filter(({ rpc }) => rpc)
        .map(({ peer }) => peer),
    ).to.deep.equal(seen)
  })

  it('takes a header in pieces', async () => {
    const socket = await connectFrom('127.0.0.1', port)
    for (const byte of HEADER) {
      socket.write(Buffer.of(byte))
      await new Promise(setImmediate)
    }
    expect(await askOver(socket)).to.equal(0)
    expect(seen).to.deep.equal(['192.0.2.77'])
  })

  it('sees a sender that speaks for itself as what it is', async () => {
    const socket = await connectFrom('127.0.0.9', port)
    const local = Buffer.from(HEADER.subarray(0, 16))
    local[12] = 0x20
    local.writeUInt16BE(0, 14)
    socket.write(local)
    expect(await askOver(socket)).to.equal(0)
    expect(seen).to.deep.equal(['127.0.0.9'])
  })

  it('counts by the address in the header', async () => {
    const limited = await authServer(
      { getServerInfo: async () => SERVER_INFO },
      {
        proxied: { host: '127.0.0.1', port: 0, from: LOOPBACK },
        limits: { ...INTERNAL_LIMITS, maxConnectionsPerNetwork: 1 },
      },
    )
    await using _ = limited
    const open = async (address: string): Promise<Socket> => {
      const socket = await connectFrom('127.0.0.1', Number(limited.server.proxiedAddress?.split(':')[1]))
      socket.write(encodeProxyHeader({ address, port: 1 }, CALLED))
      return socket
    }
    const first = await open('192.0.2.1')
    const second = await open('192.0.2.1')
    second.resume()
    await once(second, 'close')
    expect(await askOver(await open('192.0.2.2'))).to.equal(0)
    expect(first.closed).to.equal(false)
    first.destroy()
  })

  it('cuts what is no header, or none of a connection over TCP, and counts it', async () => {
    const changed = (at: number, value: number) => {
      const header = Buffer.from(HEADER)
      header[at] = value
      return header
    }
    const wrong = [
      await clientHello('auth.sotto'),
      Buffer.from('PROXY TCP4 192.0.2.77 192.0.2.1 5000 443\r\n'),
      ...Array.from({ length: 12 }, (_, at) => changed(at, 0xff)),
      changed(12, 0x11), // of version 1
      changed(12, 0x22), // an unknown command
      changed(13, 0x12), // over UDP
      changed(13, 0x31), // over a Unix socket
      changed(14, 0xff), // 65,292 bytes to come
      changed(15, 4), // addresses that are cut short
    ]
    await Promise.all(wrong.map((bytes) => closedAfter(bytes)))
    expect(cuts()).to.deep.equal(wrong.map(() => 'proxy'))
    expect(seen).to.deep.equal([])
  })

  it('cuts who says nothing, and leaves who is gone', async () => {
    const gone = await connectFrom('127.0.0.1', port)
    gone.end()
    gone.resume()
    await Promise.all([once(gone, 'close'), closedAfter(HEADER.subarray(0, 20))])
    expect(cuts()).to.deep.equal(['proxy'])
  })

  it('believes nobody but those who are trusted', async () => {
    const from = new Ranges(['127.0.0.2'])
    const strict = await authServer({}, { proxied: { host: '127.0.0.1', port: 0, from } })
    await using _ = strict
    await closedAfter(HEADER, Number(strict.server.proxiedAddress?.split(':')[1]))
    expect(strict.logged.text()).to.include('"reason":"proxy"')
  })

  it('is the only one: at the port for everybody a header is no TLS, whoever sends it', async () => {
    await closedAfter(HEADER, auth.server.port)
    const socket = await connectFrom('127.0.0.1', auth.server.port)
    socket.write(HEADER)
    expect(await askOver(socket)).to.equal(undefined)
    expect(seen).to.deep.equal([])
  })
})
