/** What callers who show no bearer can make auth and the directory hold, all of them together. */
import { readFile } from 'node:fs/promises'
import http2 from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { expect } from 'chai'
import { Deployment } from '../support/deployment.ts'

/** What all of them together may make a service hold, in MB of 2^20 bytes. */
const LIMIT_MIB = 64

/** Addresses of this machine from which they come, and connections that they try to hold from each. */
const [ADDRESSES, CONNECTIONS] = [4, 120]

/** Calls over each, and bytes of a request that is never ended: the largest that a service takes in. */
const [CALLS, REQUEST_BYTES] = [20, 16 * 1024]

const WAVES = 4

async function residentMib(pid: number): Promise<number> {
  const [, kibibytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) / 1024
}

/** A stranger: a connection with calls whose requests are large and do not end. */
function comeFrom(localAddress: string, address: string, ca: string, path: string): http2.ClientHttp2Session {
  const [host = '', port = ''] = address.split(':')
  const socket = connectTcp({ host, port: Number(port), localAddress })
  const secure = connectTls({
    socket,
    ca,
    servername: 'auth.sotto',
    checkServerIdentity: () => undefined,
    ALPNProtocols: ['h2'],
  })
  secure.on('error', () => {})
  const session = http2.connect(`https://${address}`, { createConnection: () => secure })
  session.on('error', () => {})
  const frame = Buffer.alloc(5 + REQUEST_BYTES)
  frame.writeUInt32BE(REQUEST_BYTES, 1)
  for (let count = 0; count < CALLS; count += 1) {
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' }
    const stream = session.request(headers)
    stream.on('error', () => {}).resume()
    stream.write(frame.subarray(0, -1))
  }
  return session
}

/** Until the service has seen all that a stranger sent, or has cut them. */
async function answered(session: http2.ClientHttp2Session): Promise<void> {
  const closed = new Promise((resolve) => session.once('close', resolve))
  await Promise.race([new Promise((resolve) => session.once('remoteSettings', resolve)), closed])
  if (session.destroyed) return
  await Promise.race([new Promise<void>((resolve) => session.ping(() => resolve()) || resolve()), closed])
}

describe('strangers', function () {
  this.timeout(120_000)
  let services: Deployment
  const sessions: http2.ClientHttp2Session[] = []

  before(async () => {
    services = await Deployment.start()
  })
  after(async () => {
    for (const session of sessions) session.destroy()
    await services[Symbol.asyncDispose]()
  })

  /** Come in waves from all addresses. @returns the most that the service held. */
  async function most(pid: number, address: string, path: string): Promise<number> {
    const ca = await readFile(services.caFile, 'utf8')
    let found = 0
    for (let wave = 0; wave < WAVES; wave += 1) {
      const come = Array.from({ length: ADDRESSES * CONNECTIONS }, (_, number) =>
        comeFrom(`127.0.0.${2 + (number % ADDRESSES)}`, address, ca, path),
      )
      sessions.push(...come)
      await Promise.all(come.map(answered))
      found = Math.max(found, await residentMib(pid))
    }
    return found
  }

  for (const [name, path, addressOf] of [
    ['auth', '/sotto.auth.v1.AuthService/Login', ({ authAddress }: Deployment) => authAddress],
    [
      'directory',
      '/sotto.directory.v1.DirectoryService/Announce',
      ({ directoryAddress }: Deployment) => directoryAddress,
    ],
  ] as const) {
    it(`make ${name} hold no more than ${LIMIT_MIB} MiB`, async () => {
      const { pid } = services.service(name)
      const before = await residentMib(pid)
      const held = (await most(pid, addressOf(services), path)) - before
      expect(held).to.be.lessThan(LIMIT_MIB)
    })
  }
})
