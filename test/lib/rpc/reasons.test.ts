/** Every error of a server carries a reason, whoever made it: the gRPC library, too. Over real sockets, byte by byte. */
import { deflateSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { Code } from '#gen/google/rpc/code.ts'
import { startAdminServer } from '#lib/rpc/admin.ts'
import { SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import { MAX_METADATA_BYTES } from '#lib/rpc/standard/refused-calls.ts'
import { type AuthServer, authServer, SERVER_INFO } from '../../support/auth-server.ts'
import { CONVERSE, echo, peerServer } from '../../support/peer-server.ts'
import { framed, type RawCall, rawAnswer } from '../../support/raw-call.ts'
import { testLog } from '../../support/test-log.ts'

const GET_SERVER_INFO = '/sotto.auth.v1.AuthService/GetServerInfo'
const HEALTH_WATCH = '/grpc.health.v1.Health/Watch'

/** An empty message, which GetServerInfo and Watch take. */
const EMPTY = framed(Buffer.alloc(0))

interface Refused extends Omit<RawCall, 'port'> {
  readonly status: keyof typeof Code
  readonly reason: string
}

const REFUSED: Readonly<Record<string, Refused>> = {
  'a method that a service does not have': {
    path: '/sotto.auth.v1.AuthService/Nothing',
    status: 'UNIMPLEMENTED',
    reason: 'ERR_UNIMPLEMENTED',
  },
  'a service that the server does not have': {
    path: '/sotto.directory.v1.DirectoryService/Announce',
    bytes: EMPTY,
    status: 'UNIMPLEMENTED',
    reason: 'ERR_UNIMPLEMENTED',
  },
  'a path that is none': { path: '/', status: 'UNIMPLEMENTED', reason: 'ERR_UNIMPLEMENTED' },
  'a path of many characters': {
    path: `/${'x'.repeat(10_000)}`,
    status: 'UNIMPLEMENTED',
    reason: 'ERR_UNIMPLEMENTED',
  },
  'a message that is too large': {
    path: GET_SERVER_INFO,
    bytes: framed(Buffer.alloc(0), 0, SERVICE_LIMITS.maxReceiveBytes + 1),
    end: false,
    status: 'RESOURCE_EXHAUSTED',
    reason: 'ERR_REQUEST_TOO_LARGE',
  },
  'a message that unpacks to too much': {
    path: GET_SERVER_INFO,
    headers: { 'grpc-encoding': 'gzip' },
    bytes: framed(gzipSync(Buffer.alloc(1024 * 1024)), 1),
    status: 'RESOURCE_EXHAUSTED',
    reason: 'ERR_REQUEST_TOO_LARGE',
  },
  'a message that does not unpack': {
    path: GET_SERVER_INFO,
    headers: { 'grpc-encoding': 'gzip' },
    bytes: framed(Buffer.from('no gzip'), 1),
    status: 'INVALID_ARGUMENT',
    reason: 'ERR_INVALID_ARGUMENT',
  },
  'a compression that nobody has': {
    path: GET_SERVER_INFO,
    headers: { 'grpc-encoding': 'snappy' },
    bytes: framed(Buffer.from('snappy'), 1),
    status: 'UNIMPLEMENTED',
    reason: 'ERR_UNIMPLEMENTED',
  },
  'a message that is none of its type': {
    path: GET_SERVER_INFO,
    bytes: framed(Buffer.from([0x0a, 0x7f])),
    status: 'INVALID_ARGUMENT',
    reason: 'ERR_INVALID_ARGUMENT',
  },
  'the same, compressed': {
    path: GET_SERVER_INFO,
    headers: { 'grpc-encoding': 'deflate' },
    bytes: framed(deflateSync(Buffer.from([0x0a, 0x7f])), 1),
    status: 'INVALID_ARGUMENT',
    reason: 'ERR_INVALID_ARGUMENT',
  },
  'no message': { path: GET_SERVER_INFO, status: 'INVALID_ARGUMENT', reason: 'ERR_INVALID_ARGUMENT' },
  'no message to a stream': { path: HEALTH_WATCH, status: 'INVALID_ARGUMENT', reason: 'ERR_INVALID_ARGUMENT' },
  'two messages': {
    path: GET_SERVER_INFO,
    bytes: Buffer.concat([EMPTY, EMPTY]),
    status: 'INVALID_ARGUMENT',
    reason: 'ERR_INVALID_ARGUMENT',
  },
  'a deadline that cannot be read': {
    path: GET_SERVER_INFO,
    headers: { 'grpc-timeout': 'soon' },
    end: false,
    status: 'INVALID_ARGUMENT',
    reason: 'ERR_INVALID_ARGUMENT',
  },
  'a deadline that passes': {
    path: HEALTH_WATCH,
    headers: { 'grpc-timeout': '30m' },
    bytes: EMPTY,
    status: 'DEADLINE_EXCEEDED',
    reason: 'ERR_DEADLINE_EXCEEDED',
  },
  'a deadline that passes before the request has come': {
    path: GET_SERVER_INFO,
    headers: { 'grpc-timeout': '30m' },
    end: false,
    status: 'DEADLINE_EXCEEDED',
    reason: 'ERR_DEADLINE_EXCEEDED',
  },
  'more metadata than a call may have': {
    path: GET_SERVER_INFO,
    headers: { 'x-large': 'x'.repeat(MAX_METADATA_BYTES) },
    bytes: EMPTY,
    status: 'RESOURCE_EXHAUSTED',
    reason: 'ERR_REQUEST_TOO_LARGE',
  },
}

describe('an error of a server has a reason', () => {
  let auth: AuthServer

  before(async () => {
    auth = await authServer({ getServerInfo: async () => SERVER_INFO }, { security: undefined, health: true })
  })
  after(() => auth[Symbol.asyncDispose]())

  for (const [what, { status, reason, ...call }] of Object.entries(REFUSED)) {
    it(`for ${what}: ${reason}`, async () => {
      const { port } = auth.server
      expect(await rawAnswer({ ...call, port })).to.include({ status: Code[status], reason })
      const last = auth.logged.lines().at(-1)
      expect(last).to.include({ msg: 'call refused', code: reason, status })
    })
  }

  it('where the library calls a fault what is one, which the caller learns no more of', async () => {
    const broken = { ...SERVER_INFO, realm: 7 as unknown as Buffer }
    await using failing = await authServer({ getServerInfo: async () => broken }, { security: undefined })
    const answer = await rawAnswer({ port: failing.server.port, path: GET_SERVER_INFO, bytes: EMPTY })
    expect(answer).to.include({ status: Code.INTERNAL, reason: 'ERR_INTERNAL' })
    expect(failing.logged.lines().at(-1)).to.include({ level: 'error', msg: 'call failed' })
  })

  it('at a receiver and on the admin port, too', async () => {
    await using peer = await peerServer(echo)
    const path = '/sotto.peer.v1.PeerService/Other'
    expect(await rawAnswer({ port: peer.server.port, path })).to.include({ reason: 'ERR_UNIMPLEMENTED' })
    const large = { headers: { 'x-large': 'x'.repeat(MAX_METADATA_BYTES) }, path: CONVERSE }
    expect(await rawAnswer({ port: peer.server.port, ...large })).to.include({ reason: 'ERR_REQUEST_TOO_LARGE' })
    const admin = await startAdminServer({ port: 0, log: testLog().log })
    try {
      const call = { port: admin.port, path: '/grpc.channelz.v1.Channelz/GetServer' }
      const nobody = { ...call, bytes: framed(Buffer.from([0x08, 0x7f])) }
      expect(await rawAnswer(nobody)).to.include({ status: Code.NOT_FOUND, reason: 'ERR_NO_SUCH_SERVICE' })
    } finally {
      await admin.stop(0)
    }
  })

  it('and says nothing more to a call that is over', async () => {
    const { port } = auth.server
    const before = auth.logged.lines().length
    await rawAnswer({ port, path: HEALTH_WATCH, headers: { 'grpc-timeout': '10m' }, bytes: EMPTY })
    expect(auth.logged.lines().slice(before)).to.have.lengthOf(1)
  })
})
