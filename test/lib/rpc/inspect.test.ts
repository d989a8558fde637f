import { join } from 'node:path'
import { Client, credentials, status } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { expect } from 'chai'
import { BadRequest, ErrorInfo, RetryInfo } from '#gen/google/rpc/error_details.ts'
import { SottoError } from '#lib/errors.ts'
import { startAdminServer } from '#lib/rpc/admin.ts'
import { connect } from '#lib/rpc/client.ts'
import type { RpcServer } from '#lib/rpc/server.ts'
import type { Duplex, Service } from '#lib/rpc/service.ts'
import { type AuthServer, authServer, SERVER_INFO } from '../../support/auth-server.ts'
import { bufCurl } from '../../support/buf-curl.ts'
import { rejection } from '../../support/rejection.ts'

const METHODS = ['GetServerInfo', 'Login', 'Logout'].map((name) => `sotto.auth.v1.AuthService/${name}`)

describe('a server seen from outside', () => {
  let auth: AuthServer
  let admin: RpcServer
  let url: string
  let tls: string[]

  before(async () => {
    const login = async () => {
      const violations = [{ field: 'username', description: 'must be 1 to 32 characters' }]
      throw new SottoError('ERR_INVALID_ARGUMENT', 'a field is wrong', { violations, retryAfterMs: 1500 })
    }
    auth = await authServer({ getServerInfo: async () => SERVER_INFO, login }, { reflection: true, health: true })
    admin = await startAdminServer({ port: 0, log: auth.logged.log })
    url = `https://${auth.address}`
    tls = ['--cacert', join(auth.authority.folder.path, 'ca', 'ca.pem'), '--servername', 'auth.sotto']
  })
  after(async () => {
    await admin.stop(0)
    await auth[Symbol.asyncDispose]()
  })

  for (const version of ['grpc-v1', 'grpc-v1alpha']) {
    it(`lists its methods through reflection ${version}`, async () => {
      const { stdout } = await bufCurl(...tls, '--reflect-protocol', version, '--list-methods', url)
      expect(stdout.split('\n')).to.include.members([...METHODS, 'grpc.health.v1.Health/Watch'])
    })

    it(`can be called by what reflection ${version} tells`, async () => {
      const { stdout } = await bufCurl(...tls, '--reflect-protocol', version, `${url}/${METHODS[0]}`)
      expect(JSON.parse(stdout)).to.include({ protocolVersion: 1, directoryAddress: ':7002' })
    })
  }

  it('gives errors with their details', async () => {
    const { stderr, exitCode } = await bufCurl(...tls, '-d', '{"username":"A"}', `${url}/${METHODS[1]}`)
    expect(exitCode).to.be.above(0)
    const { code, message, details } = JSON.parse(stderr)
    expect({ code, message }).to.deep.equal({ code: 'invalid_argument', message: 'a field is wrong' })
    const detail = (type: string) => {
      const { value } = details.find((each: { type: string }) => each.type === `google.rpc.${type}`)
      return Buffer.from(value, 'base64')
    }
    expect(ErrorInfo.decode(detail('ErrorInfo'))).to.include({ reason: 'ERR_INVALID_ARGUMENT', domain: 'sotto' })
    expect(BadRequest.decode(detail('BadRequest')).fieldViolations[0]).to.include({ field: 'username' })
    expect(RetryInfo.decode(detail('RetryInfo')).retryDelay).to.deep.equal({ seconds: 1n, nanos: 500_000_000 })
  })

  it('shows its servers on the admin port, which is on loopback', async () => {
    expect(admin.host).to.equal('127.0.0.1')
    const { stdout } = await bufCurl(`http://127.0.0.1:${admin.port}/grpc.channelz.v1.Channelz/GetServers`)
    expect(JSON.parse(stdout).server).to.be.an('array').with.lengthOf.at.least(2)
  })

  it('says of what the admin port does not have that it is not there', async () => {
    const url = `http://127.0.0.1:${admin.port}/grpc.channelz.v1.Channelz/GetServer`
    const { stderr } = await bufCurl('-d', '{"serverId": 999999}', url)
    expect(JSON.parse(stderr)).to.include({ code: 'not_found' })
  })

  it('refuses a request to the admin port that is no message of its type', async () => {
    const client = new Client(`127.0.0.1:${admin.port}`, credentials.createInsecure())
    const same = (bytes: Buffer) => bytes
    const code = await new Promise((resolve) => {
      const path = '/grpc.channelz.v1.Channelz/GetServers'
      client.makeUnaryRequest(path, same, same, Buffer.of(0xff), (error) => resolve(error?.code))
    })
    client.close()
    expect(code).to.equal(status.INVALID_ARGUMENT)
  })

  describe('health', () => {
    const health = loaded('grpc/health/v1/health.proto', 'grpc.health.v1.Health')
    const connectHealth = () => {
      const security = { authorityPem: auth.authority.authorityPem, role: 'auth.sotto' } as const
      return connect(health, { address: auth.address, security })
    }

    it('follows the real state: Check, List and Watch', async () => {
      const connection = connectHealth()
      const { Check, List, Watch } = connection.call as unknown as HealthCalls
      const watched = Watch({ service: METHODS[0]?.split('/')[0] ?? '' })[Symbol.asyncIterator]()
      expect((await watched.next()).value).to.deep.equal({ status: 'SERVING' })
      auth.server.setServing(false)
      expect((await watched.next()).value).to.deep.equal({ status: 'NOT_SERVING' })
      expect(await Check({ service: '' })).to.deep.equal({ status: 'NOT_SERVING' })
      auth.server.setServing(true)
      expect((await watched.next()).value).to.deep.equal({ status: 'SERVING' })
      expect(await List({})).to.have.nested.property('statuses.sotto\\.auth\\.v1\\.AuthService.status', 'SERVING')
      await watched.return?.()
      connection.close()
    })

    it('tells a watcher nothing until something changes', async () => {
      const connection = connectHealth()
      const { Check, Watch } = connection.call as unknown as HealthCalls
      const watched = Watch({ service: '' })[Symbol.asyncIterator]()
      expect((await watched.next()).value).to.deep.equal({ status: 'SERVING' })
      const next = watched.next()
      auth.server.setServing(true)
      expect(await Check({ service: '' })).to.deep.equal({ status: 'SERVING' })
      auth.server.setServing(false)
      expect((await next).value).to.deep.equal({ status: 'NOT_SERVING' })
      auth.server.setServing(true)
      await watched.return?.()
      connection.close()
    })

    it('does not know a service that is not there: Check fails, and Watch waits for it', async () => {
      const connection = connectHealth()
      const { Check, Watch } = connection.call as unknown as HealthCalls
      const service = 'sotto.Nothing'
      expect((await rejection(Check({ service }))).code).to.equal('ERR_NO_SUCH_SERVICE')
      const { stderr } = await bufCurl(...tls, '-d', JSON.stringify({ service }), `${url}/grpc.health.v1.Health/Check`)
      expect(JSON.parse(stderr)).to.have.property('code', 'not_found')
      const watched = Watch({ service })[Symbol.asyncIterator]()
      expect((await watched.next()).value).to.deep.equal({ status: 'SERVICE_UNKNOWN' })
      const next = rejection(watched.next())
      auth.server.setServing(false)
      auth.server.setServing(true)
      expect(await Check({ service: '' })).to.deep.equal({ status: 'SERVING' })
      connection.close()
      expect((await next).code).to.equal('ERR_CHANNEL_CLOSED')
    })

    it('serves more watchers than Node.js expects of one emitter', async () => {
      const connections = Array.from({ length: 20 }, connectHealth)
      const warnings: Error[] = []
      const onWarning = (warning: Error) => warnings.push(warning)
      process.on('warning', onWarning)
      const watches = connections.map(({ call }) =>
        (call as unknown as HealthCalls).Watch({ service: '' })[Symbol.asyncIterator](),
      )
      for (const watched of watches) expect((await watched.next()).value).to.deep.equal({ status: 'SERVING' })
      auth.server.setServing(false)
      for (const watched of watches) expect((await watched.next()).value).to.deep.equal({ status: 'NOT_SERVING' })
      auth.server.setServing(true)
      await Promise.all(watches.map((watched) => watched.return?.()))
      for (const connection of connections) connection.close()
      process.off('warning', onWarning)
      expect(warnings).to.deep.equal([])
    })

    it('says that a stopping server does not serve, and then ends the watch', async () => {
      const connection = connectHealth()
      const { Watch } = connection.call as unknown as HealthCalls
      const watched = Watch({ service: '' })[Symbol.asyncIterator]()
      expect((await watched.next()).value).to.deep.equal({ status: 'SERVING' })
      const stopping = auth.server.stop()
      expect((await watched.next()).value).to.deep.equal({ status: 'NOT_SERVING' })
      expect((await rejection(watched.next())).code).to.equal('ERR_UNAVAILABLE')
      connection.close()
      await stopping
    })
  })

  describe('reflection', () => {
    const reflection = loaded('grpc/reflection/v1/reflection.proto', 'grpc.reflection.v1.ServerReflection')

    async function ask(request: object): Promise<Record<string, unknown>> {
      const connection = connect(reflection, { address: `127.0.0.1:${admin.port}`, security: undefined })
      const stream = (connection.call as unknown as ReflectionCalls).ServerReflectionInfo()
      await stream.send(request)
      stream.end()
      const [answer] = await Array.fromAsync(stream.messages)
      connection.close()
      return answer as Record<string, unknown>
    }

    for (const symbol of [
      'sotto.auth.v1.AuthService',
      'sotto.auth.v1.AuthService.Login',
      'sotto.auth.v1.LoginRequest.username',
    ]) {
      it(`gives the file of ${symbol}, and what it imports`, async () => {
        const { file_descriptor_response: files } = await ask({ file_containing_symbol: symbol })
        expect(files).to.have.property('file_descriptor_proto').with.lengthOf(2)
      })
    }

    it('gives a file by its name', async () => {
      const { file_descriptor_response: files } = await ask({ file_by_filename: 'sotto/auth/v1/auth_service.proto' })
      expect(files).to.have.property('file_descriptor_proto').with.lengthOf(2)
    })

    it('has no extensions of a message that it knows', async () => {
      const { all_extension_numbers_response: numbers } = await ask({
        all_extension_numbers_of_type: 'sotto.auth.v1.LoginRequest',
      })
      expect(numbers).to.have.property('base_type_name', 'sotto.auth.v1.LoginRequest')
    })

    for (const request of [
      { file_containing_symbol: 'sotto.auth.v1.Nothing' },
      { file_containing_symbol: '' },
      { file_by_filename: '../../etc/passwd' },
      { all_extension_numbers_of_type: 'sotto.Nothing' },
      { file_containing_extension: { containing_type: 'sotto.Nothing', extension_number: 1 } },
    ]) {
      it(`does not find ${JSON.stringify(request)}`, async () => {
        expect(await ask(request)).to.have.nested.property('error_response.error_code', 5)
      })
    }
  })
})

interface HealthCalls {
  Check(request: object): Promise<object>
  List(request: object): Promise<object>
  Watch(request: object): AsyncIterable<object>
}

interface ReflectionCalls {
  ServerReflectionInfo(): Duplex<object, object>
}

function loaded(file: string, name: string): Service {
  const options = { includeDirs: ['proto'], keepCase: true, enums: String, oneofs: true }
  return loadSync(file, options)[name] as unknown as Service
}
