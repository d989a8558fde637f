import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect } from 'chai'
import { parseAddress } from '#lib/runtime/address.ts'
import { HEAD_BYTES } from '#lib/runtime/network/proxy-header.ts'
import { LOOPBACK } from '#lib/runtime/network/ranges.ts'
import { MAX_HELLO_BYTES } from '../../../services/door/client-hello.ts'
import type { Config } from '../../../services/door/config.ts'
import { type DoorDependencies, type RunningDoor, startDoor } from '../../../services/door/start.ts'
import { STRANGERS } from '../../../services/door/visitors.ts'
import { type AuthServer, authServer, SERVER_INFO } from '../../support/auth-server.ts'
import { type TestLog, testLog } from '../../support/test-log.ts'
import { askOver, clientHello, connectFrom } from '../../support/tls-caller.ts'

/** What the addresses of a connection over IPv4 take in a header of the PROXY protocol. */
const TCP4_BYTES = 12

/** More than the system holds for two connections; the door has 128 KiB. */
const TOO_MANY_BYTES = 32 * 1024 * 1024

describe('the door', () => {
  let stack: AsyncDisposableStack
  let auth: AuthServer
  /** The addresses of the callers, as auth was told of them. */
  let seen: string[]
  let logged: TestLog

  beforeEach(async () => {
    stack = new AsyncDisposableStack()
    seen = []
    logged = testLog()
    const getServerInfo = async (_: object, { remoteAddress }: { remoteAddress: string }) => {
      seen.push(remoteAddress)
      return SERVER_INFO
    }
    auth = stack.use(await authServer({ getServerInfo }, { proxied: { host: '127.0.0.1', port: 0, from: LOOPBACK } }))
  })
  afterEach(() => stack.disposeAsync())

  /** Start a door before auth, and what is given. */
  async function open(
    changes: Partial<Config> = {},
    others: Partial<DoorDependencies> = {},
  ): Promise<RunningDoor & { readonly port: number }> {
    const config: Config = {
      listen: { host: '127.0.0.1', port: 0 },
      services: new Map([['auth', auth.server.proxiedAddress ?? '']]),
      connections: { most: 100, mostPerAddress: 100 },
      healthPort: 0,
      metrics: { host: '127.0.0.1', port: 0 },
      logLevel: 'silent',
      ...changes,
    }
    const door = await startDoor(config, { log: logged.log, stopGraceMs: 300, ...others })
    stack.defer(() => door.stop())
    return { ...door, port: parseAddress(door.address).port }
  }

  /** A service that keeps what it gets, and says nothing of its own. */
  async function mute(onConnection: (socket: Socket) => void = () => {}): Promise<string> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {})
      stack.defer(() => void socket.destroy())
      onConnection(socket)
    }).listen(0, '127.0.0.1')
    stack.defer(() => void server.close())
    await once(server, 'listening')
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  const cuts = () =>
    logged
      .lines()
      .filter(({ msg }) => msg === 'connection cut')
      .map(({ reason }) => reason)

  async function closed(socket: Socket): Promise<void> {
    socket.resume()
    if (!socket.closed) await once(socket, 'close')
  }

  /** Write until nothing more is taken. @returns how many bytes it was; too many if all was taken. */
  async function fill(socket: Socket): Promise<number> {
    const piece = Buffer.alloc(64 * 1024)
    for (let sent = 0; ; ) {
      sent += piece.length
      if (socket.write(piece)) continue
      const timeout = AbortSignal.timeout(200)
      const isTaken = await once(socket, 'drain', { signal: timeout }).catch(() => undefined)
      if (isTaken === undefined || sent > TOO_MANY_BYTES) return sent
    }
  }

  it('leads to auth, which sees the address of the caller', async () => {
    const { port } = await open()
    for (const from of ['127.0.0.1', '127.0.0.77']) expect(await askOver(await connectFrom(from, port))).to.equal(0)
    expect(seen).to.deep.equal(['127.0.0.1', '127.0.0.77'])
    expect(cuts()).to.deep.equal([])
  })

  it('takes callers of IPv4 at an address for all as what they are', async () => {
    const { port } = await open({ listen: { host: '::', port: 0 } })
    expect(await askOver(await connectFrom('127.0.0.77', port))).to.equal(0)
    expect(seen).to.deep.equal(['127.0.0.77'])
  })

  it('passes a hello on as it came, in pieces, in records, or with what follows', async () => {
    const { promise: accepted, resolve } = Promise.withResolvers<Socket>()
    const services = new Map([['directory', await mute(resolve)]] as const)
    const { port } = await open({ services })
    const hello = await clientHello('directory.sotto')
    const middle = 700
    const cut = (part: Buffer) => Buffer.concat([Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part])
    const records = Buffer.concat([cut(hello.subarray(5, middle)), cut(hello.subarray(middle))])
    const socket = await connectFrom('127.0.0.1', port)
    for (let at = 0; at < records.length; at += 300) {
      socket.write(records.subarray(at, at + 300))
      await new Promise(setImmediate)
    }
    socket.write('what follows')
    socket.end()
    const got = Buffer.concat(await (await accepted).toArray())
    expect(
      got.subarray(HEAD_BYTES + TCP4_BYTES).equals(Buffer.concat([records, Buffer.from('what follows')])),
    ).to.equal(true)
  })

  it('cuts, and counts, what is no hello, names nobody, or nobody whom it knows', async () => {
    const { port, metricsAddress } = await open()
    const bad: [Uint8Array, string][] = [
      [Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'hello'],
      [Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n'), 'hello'],
      [Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c', 'latin1'), 'hello'],
      [Buffer.concat([Buffer.from([22, 3, 1, 0x3f, 0xff, 1, 0, 0xff]), Buffer.alloc(MAX_HELLO_BYTES)]), 'hello'],
      [await clientHello(undefined), 'name'],
      [await clientHello('sealing.sotto'), 'name'],
      [await clientHello('relay.example'), 'name'],
      [await clientHello('auth.sotto.example'), 'name'],
      // Known, and not there.
      [await clientHello('directory.sotto'), 'name'],
    ]
    for (const [bytes] of bad) {
      const socket = await connectFrom('127.0.0.1', port)
      socket.write(bytes)
      await closed(socket)
    }
    expect(cuts()).to.deep.equal(bad.map(([, reason]) => reason))
    expect(seen).to.deep.equal([])
    const metrics = await (await fetch(`http://${metricsAddress}/metrics`)).text()
    expect(metrics).to.include('sotto_cut_total{reason="name",network="127.0.0.1"} 5\n')
    expect(metrics).to.include('sotto_connections 0\n')
  })

  it('cuts who is silent or slow after a second, and who ends too soon; who only looks is no fault', async () => {
    const { port } = await open()
    const hello = await clientHello('auth.sotto')
    const startedMs = performance.now()
    const [silent, slow, ended, gone] = await Promise.all([1, 2, 3, 4].map(() => connectFrom('127.0.0.1', port)))
    const drip = setInterval(() => slow?.write(hello.subarray(0, 1)), 5_000)
    slow?.write(hello.subarray(0, hello.length - 1))
    ended?.end(hello.subarray(0, 100))
    gone?.end()
    await Promise.all([silent, slow, ended, gone].map((socket) => closed(socket as Socket)))
    clearInterval(drip)
    expect(performance.now() - startedMs).to.be.within(900, 4_000)
    expect(cuts().toSorted()).to.deep.equal(['handshake', 'handshake', 'hello'])
  })

  it('has the one who waits longest make room for more than may be silent', async () => {
    const { port } = await open({}, { strangers: { ...STRANGERS, places: 8, placesPerNetwork: 8, graceMs: 0 } })
    const crowd = await Promise.all(Array.from({ length: 12 }, () => connectFrom('127.0.0.2', port)))
    expect(await askOver(await connectFrom('127.0.0.1', port))).to.equal(0)
    for (const socket of crowd) socket.destroy()
    expect(cuts()).to.deep.equal(Array(5).fill('crowd'))
  })

  it('takes no more than may be there, and no more from one address', async () => {
    const { port } = await open({ connections: { most: 3, mostPerAddress: 2 } })
    const held = [await connectFrom('127.0.0.2', port), await connectFrom('127.0.0.2', port)]
    await closed(await connectFrom('127.0.0.2', port))
    expect(cuts()).to.deep.equal(['full'])
    expect(await askOver(await connectFrom('127.0.0.1', port))).to.equal(0)
    for (const socket of held) socket.destroy()
  })

  it('cuts who comes while a service is away, and says so in its health, until it is back', async () => {
    const away = createServer().listen(0, '127.0.0.1')
    await once(away, 'listening')
    const { port: free } = away.address() as AddressInfo
    away.close()
    await once(away, 'close')
    const door = await open({ services: new Map([['auth', `127.0.0.1:${free}`]]) }, { healthIntervalMs: 50 })
    const socket = await connectFrom('127.0.0.1', door.port)
    socket.write(await clientHello('auth.sotto'))
    await closed(socket)
    expect(cuts()).to.deep.equal(['unreachable'])
    const health = async () => (await fetch(`http://127.0.0.1:${door.healthPort}/`)).status
    while ((await health()) !== 503) await new Promise(setImmediate)
    const back = createServer().listen(free, '127.0.0.1')
    stack.defer(() => void back.close())
    while ((await health()) !== 200) await new Promise(setImmediate)
    expect(logged.text()).to.include('auth cannot be used').and.to.include('auth can be used again')
  })

  it('holds little of what a service does not take', async () => {
    const services = new Map([['auth', await mute((socket) => socket.pause())]] as const)
    const { port } = await open({ services })
    const socket = await connectFrom('127.0.0.1', port)
    socket.write(await clientHello('auth.sotto'))
    const sent = await fill(socket)
    expect(sent).to.be.lessThan(TOO_MANY_BYTES)
    socket.destroy()
  })

  it('ends the side of the service when the caller is gone', async () => {
    const { promise: accepted, resolve } = Promise.withResolvers<Socket>()
    const services = new Map([['auth', await mute(resolve)]] as const)
    const { port } = await open({ services })
    const socket = await connectFrom('127.0.0.1', port)
    socket.write(await clientHello('auth.sotto'))
    const service = await accepted
    service.resume()
    await once(service, 'data')
    socket.resetAndDestroy()
    await once(service, 'end')
  })

  it('cuts a caller who takes nothing of what a service says, also where that is gone', async () => {
    const { promise: accepted, resolve } = Promise.withResolvers<Socket>()
    const services = new Map([['auth', await mute(resolve)]] as const)
    const { port, metricsAddress } = await open({ services }, { unreadTimeoutMs: 300 })
    const socket = await connectFrom('127.0.0.1', port)
    socket.pause()
    socket.write(await clientHello('auth.sotto'))
    const service = await accepted
    service.resume()
    await fill(service)
    service.destroy()
    const connections = async () => {
      const text = await (await fetch(`http://${metricsAddress}/metrics`)).text()
      return /^sotto_connections (\d+)$/m.exec(text)?.[1]
    }
    while ((await connections()) !== '0');
    expect(cuts()).to.deep.equal(['unread'])
    socket.destroy()
  })

  it('takes nobody in while it stops, lets calls end for a while, and cuts what is left', async () => {
    const { promise: accepted, resolve } = Promise.withResolvers<Socket>()
    const services = new Map([['auth', await mute(resolve)]] as const)
    const door = await open({ services })
    const socket = await connectFrom('127.0.0.1', door.port)
    socket.write(await clientHello('auth.sotto'))
    const service = await accepted
    const stopped = door.stop()
    service.write('the rest')
    const [rest] = await once(socket, 'data')
    expect(String(rest)).to.equal('the rest')
    await closed(socket)
    await stopped
    const refused = await connectFrom('127.0.0.1', door.port).catch((error: NodeJS.ErrnoException) => error.code)
    expect(refused).to.equal('ECONNREFUSED')
  })
})
