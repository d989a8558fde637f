import { expect } from 'chai'
import { Code } from '#gen/google/rpc/code.ts'
import { SottoError } from '#lib/errors.ts'
import type { CallContext, CallOptions } from '#lib/rpc/service.ts'
import { Secret } from '#lib/secret.ts'
import { authServer, SERVER_INFO } from '../../support/auth-server.ts'
import { rejection } from '../../support/rejection.ts'
import { testAuthority } from '../../support/test-authority.ts'

const LOGIN = { username: 'alice', password: 'x', identityKey: Buffer.alloc(32), replaceIdentityKey: false, code: '' }

describe('startServer', () => {
  it('answers over TLS', async () => {
    await using auth = await authServer({ getServerInfo: async () => SERVER_INFO })
    expect(await auth.connect().call.getServerInfo({})).to.deep.equal(SERVER_INFO)
  })

  it('refuses an address that is taken', async () => {
    await using auth = await authServer({})
    const port = auth.server.port
    expect((await rejection(authServer({}, { port }))).code).to.equal('ERR_CONFIG')
  })

  describe('tells a handler', () => {
    async function contextOf(options: Parameters<Awaited<ReturnType<typeof authServer>>['connect']>[0], call: object) {
      let seen: CallContext | undefined
      await using auth = await authServer({
        getServerInfo: async (_, context) => {
          seen = context
          return SERVER_INFO
        },
      })
      await auth.connect(options).call.getServerInfo({}, call)
      return { context: seen as CallContext, logged: auth.logged }
    }

    it('the bearer', async () => {
      const bearer = Secret.of(Buffer.alloc(32, 0xab))
      const { context } = await contextOf({}, { bearer })
      expect(context.bearer?.equals(bearer)).to.equal(true)
    })

    it('that there is no bearer, or none of 32 bytes', async () => {
      expect((await contextOf({}, {})).context.bearer).to.equal(undefined)
      const short = Secret.of(Buffer.alloc(31))
      expect((await contextOf({}, { bearer: short })).context.bearer).to.equal(undefined)
    })

    it('the request id that it was given, and logs it', async () => {
      const { context, logged } = await contextOf({}, { requestId: 'from-far_away.1' })
      expect(context.requestId).to.equal('from-far_away.1')
      expect(logged.lines().at(-1)).to.include({ requestId: 'from-far_away.1' })
    })

    it('a new request id in the place of one that is none', async () => {
      const { context } = await contextOf({}, { requestId: 'a b' })
      expect(context.requestId).to.match(/^[0-9a-f]{16}$/)
    })

    it('the address of the caller', async () => {
      expect((await contextOf({}, {})).context.remoteAddress).to.equal('127.0.0.1')
    })

    /** What a handler that waits for it is told of the end of its call. */
    async function endOf(options: CallOptions, onCalled: () => void = () => {}): Promise<unknown> {
      const { promise: seen, resolve } = Promise.withResolvers<unknown>()
      await using auth = await authServer({
        getServerInfo: (_, { signal }) =>
          new Promise((_resolve, reject) => {
            onCalled()
            signal.addEventListener('abort', () => {
              resolve(signal.reason)
              reject(signal.reason)
            })
          }),
      })
      await rejection(auth.connect().call.getServerInfo({}, options))
      return await seen
    }

    it('that the caller has given up', async () => {
      const given = new AbortController()
      expect(await endOf({ signal: given.signal }, () => given.abort())).to.have.property('code', 'ERR_CHANNEL_CUT')
    })

    it('that the deadline has passed', async () => {
      // The caller's own end may be the first to notice.
      expect(await endOf({ deadlineMs: 50 }))
        .to.have.property('code')
        .that.is.oneOf(['ERR_DEADLINE_EXCEEDED', 'ERR_CHANNEL_CUT'])
    })
  })

  describe('logs', () => {
    it('one line a call, with the method, the status and the time it took', async () => {
      await using auth = await authServer({ getServerInfo: async () => SERVER_INFO })
      await auth.connect().call.getServerInfo({})
      expect(auth.logged.lines()).to.have.lengthOf(1)
      const [line] = auth.logged.lines()
      expect(line).to.include({
        level: 'info',
        rpc: 'sotto.auth.v1.AuthService/GetServerInfo',
        status: 'OK',
        peer: '127.0.0.1',
      })
      expect(line?.['durationMs']).to.be.a('number')
    })

    it('a refusal with its own code, also where the caller learns another', async () => {
      await using auth = await authServer({
        login: async () => {
          throw new SottoError('ERR_PEER_SILENT', 'said nothing')
        },
      })
      const refusal = await rejection(auth.connect().call.login(LOGIN))
      expect(refusal.code).to.equal('ERR_CHANNEL_CLOSED')
      expect(auth.logged.lines()).to.have.lengthOf(1)
      expect(auth.logged.lines()[0]).to.include({
        level: 'info',
        code: 'ERR_PEER_SILENT',
        status: 'ABORTED',
      })
    })

    it('a fault once, with its cause, under the request id that the caller is told', async () => {
      await using auth = await authServer({
        login: async () => {
          throw new Error('no such table', { cause: new Error('the disk is gone') })
        },
      })
      const failure = await rejection(auth.connect().call.login(LOGIN, { requestId: 'the-call' }))
      expect(failure.code).to.equal('ERR_INTERNAL')
      expect(failure.message).to.not.include('table')
      expect(failure.hint).to.include('the-call')
      const lines = auth.logged.lines().filter(({ level }) => level === 'error')
      expect(lines).to.have.lengthOf(1)
      expect(lines[0]).to.have.nested.property('err.cause.message', 'the disk is gone')
      expect(lines[0]).to.include({ requestId: 'the-call', status: 'INTERNAL' })
    })

    it('neither request, nor answer, nor bearer', async () => {
      const bearer = Secret.of(Buffer.alloc(32, 0x5a))
      await using auth = await authServer({
        login: async () => {
          throw new Error('a fault')
        },
      })
      await rejection(auth.connect().call.login({ ...LOGIN, password: 'correct horse' }, { bearer }))
      expect(auth.logged.text()).to.not.include('correct horse')
      expect(auth.logged.text()).to.not.include(Buffer.from(bearer.reveal()).toString('base64url'))
    })
  })

  describe('with mutual TLS', () => {
    const ONLY_DIRECTORY = { onlyRole: 'directory.sotto' } as const

    it('lets the one role in', async () => {
      let role: string | undefined
      await using auth = await authServer(
        {
          getServerInfo: async (_, { peerCertificateName }) => {
            role = peerCertificateName
            return SERVER_INFO
          },
        },
        ONLY_DIRECTORY,
      )
      const certificate = await auth.authority.leaf('directory.sotto')
      await auth.connect({ certificate }).call.getServerInfo({})
      expect(role).to.equal('directory.sotto')
    })

    it('refuses another role of the same authority', async () => {
      await using auth = await authServer({}, ONLY_DIRECTORY)
      const certificate = await auth.authority.leaf('auth.sotto')
      const refusal = await rejection(auth.connect({ certificate }).call.getServerInfo({}))
      // Under this contract, which knows no such reason, the caller learns of the bare status alone.
      expect(refusal.cause).to.include({ code: Code.PERMISSION_DENIED })
      expect(auth.logged.lines()).to.have.lengthOf(1)
      expect(auth.logged.lines()[0]).to.include({ code: 'ERR_CALLER_UNTRUSTED' })
    })

    it('refuses a certificate of another authority, and none', async () => {
      await using auth = await authServer({}, ONLY_DIRECTORY)
      await using other = await testAuthority()
      const certificate = await other.leaf('directory.sotto')
      const codes = ['ERR_UNAVAILABLE', 'ERR_SERVER_UNTRUSTED']
      expect(codes).to.include((await rejection(auth.connect({ certificate }).call.getServerInfo({}))).code)
      expect(codes).to.include((await rejection(auth.connect().call.getServerInfo({}))).code)
    })
  })
})
