import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { AuthServiceService } from '#gen/sotto/auth/v1/auth_service.ts'
import { PeerServiceService } from '#gen/sotto/peer/v1/peer_service.ts'
import { SottoError } from '#lib/errors.ts'
import { connect } from '#lib/rpc/client.ts'
import { ensureCertificateAuthority } from '#lib/runtime/certificates/authority.ts'
import { ensureLeaf } from '#lib/runtime/certificates/leaf.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { authServer, SERVER_INFO } from '../../support/auth-server.ts'
import { FakeClock } from '../../support/clock.ts'
import { freePort } from '../../support/free-port.ts'
import { echo, peerServer, record } from '../../support/peer-server.ts'
import { rejection } from '../../support/rejection.ts'
import { testAuthority } from '../../support/test-authority.ts'

const never = () => new Promise<never>(() => {})

describe('connect', () => {
  it('says that nobody answers', async () => {
    await using authority = await testAuthority()
    const security = { authorityPem: authority.authorityPem, role: 'auth.sotto' } as const
    const connection = connect(AuthServiceService, { address: `127.0.0.1:${await freePort()}`, security })
    expect((await rejection(connection.call.getServerInfo({}))).code).to.equal('ERR_UNAVAILABLE')
    connection.close()
  })

  it('trusts no other authority', async () => {
    await using auth = await authServer({})
    await using other = await testAuthority()
    const connection = auth.connect({ authorityPem: other.authorityPem })
    expect((await rejection(connection.call.getServerInfo({}))).code).to.equal('ERR_SERVER_UNTRUSTED')
  })

  for (const [what, years] of [
    ['that has expired', -2],
    ['that is not valid yet', 1],
  ] as const) {
    it(`names the clock of this machine, and what it says, where it meets a certificate ${what}`, async () => {
      await using authority = await testAuthority()
      const made = new FakeClock(Date.now() + years * 365 * 86_400_000)
      const signer = await ensureCertificateAuthority(join(authority.folder.path, 'ca'), systemClock)
      const folder = join(authority.folder.path, 'tls')
      const certificate = await ensureLeaf({
        folder,
        authority: signer,
        role: 'auth.sotto',
        names: ['localhost'],
        clock: made,
      })
      await using auth = await authServer({}, { security: { certificate } })
      const connection = auth.connect({ authorityPem: authority.authorityPem })
      const { code, message, hint } = await rejection(connection.call.getServerInfo({}))
      expect(code).to.equal('ERR_CERTIFICATE_TIME')
      expect(message).to.include(`the clock of this machine says ${new Date().toISOString().slice(0, 10)}`)
      expect(hint).to.match(/^set the clock/)
    })
  }

  it('trusts no other role', async () => {
    await using auth = await authServer({})
    const connection = auth.connect({ role: 'directory.sotto' })
    expect((await rejection(connection.call.getServerInfo({}))).code).to.equal('ERR_SERVER_UNTRUSTED')
  })

  it('does not talk TLS to a server that does not, nor plainly to one that does', async () => {
    await using peer = await peerServer(echo)
    await using auth = await authServer({})
    const { authorityPem } = auth.authority
    const secure = connect(AuthServiceService, {
      address: `127.0.0.1:${peer.server.port}`,
      security: { authorityPem, role: 'auth.sotto' },
    })
    expect((await rejection(secure.call.getServerInfo({}))).code).to.be.oneOf([
      'ERR_SERVER_UNTRUSTED',
      'ERR_UNAVAILABLE',
    ])
    secure.close()
    const plain = connect(PeerServiceService, { address: auth.address, security: undefined })
    expect((await rejection(plain.call.converse().messages.next())).code).to.equal('ERR_UNAVAILABLE')
    plain.close()
  })

  it('takes no way through a proxy', async () => {
    await using auth = await authServer({ getServerInfo: async () => SERVER_INFO })
    const before = process.env['https_proxy']
    process.env['https_proxy'] = `http://127.0.0.1:${await freePort()}`
    try {
      expect(await auth.connect().call.getServerInfo({})).to.deep.equal(SERVER_INFO)
    } finally {
      if (before === undefined) delete process.env['https_proxy']
      else process.env['https_proxy'] = before
    }
  })

  it('gives a call up at its deadline', async () => {
    await using auth = await authServer({ getServerInfo: never })
    const refusal = await rejection(auth.connect().call.getServerInfo({}, { deadlineMs: 50 }))
    expect(refusal.code).to.equal('ERR_UNAVAILABLE')
  })

  it('gives a call up when its signal says so, with the reason of the signal', async () => {
    const { promise: called, resolve } = Promise.withResolvers<void>()
    await using auth = await authServer({
      getServerInfo: () => {
        resolve()
        return never()
      },
    })
    const abort = new AbortController()
    const call = rejection(auth.connect().call.getServerInfo({}, { signal: abort.signal }))
    await called
    abort.abort(new SottoError('ERR_PEER_SILENT', 'waited long enough'))
    expect((await call).code).to.equal('ERR_PEER_SILENT')
    const late = rejection(auth.connect().call.getServerInfo({}, { signal: AbortSignal.abort() }))
    expect((await late).code).to.equal('ERR_INTERRUPTED')
  })

  it('gives a stream up when its signal says so', async () => {
    await using peer = await peerServer(never)
    const abort = new AbortController()
    const stream = peer.connection.call.converse({ signal: abort.signal })
    const next = rejection(stream.messages.next())
    abort.abort()
    expect((await next).code).to.equal('ERR_INTERRUPTED')
  })

  it('leaves no call open at the other end that was given up when it had just begun', async () => {
    const ends: Promise<unknown>[] = []
    await using peer = await peerServer(async (stream, context) => {
      ends.push(once(context.signal, 'abort'))
      await echo(stream, context)
    })
    await peer.connection.ready()
    const abort = new AbortController()
    const givenUp = peer.connection.call.converse({ signal: abort.signal })
    abort.abort()
    expect((await rejection(givenUp.messages.next())).code).to.equal('ERR_INTERRUPTED')
    // The other end hears of calls in the order of their beginnings.
    const later = peer.connection.call.converse()
    await later.send(record(1))
    await later.messages.next()
    await Promise.all(ends.slice(0, -1))
    later.cancel()
  })

  describe('close', () => {
    it('gives up what is open, and refuses what comes later', async () => {
      const { promise: called, resolve } = Promise.withResolvers<void>()
      await using auth = await authServer({
        getServerInfo: () => {
          resolve()
          return never()
        },
      })
      const connection = auth.connect()
      const open = rejection(connection.call.getServerInfo({}))
      await called
      connection.close()
      expect((await open).code).to.equal('ERR_CHANNEL_CLOSED')
      expect((await rejection(connection.call.getServerInfo({}))).code).to.equal('ERR_CHANNEL_CLOSED')
    })
  })

  describe('ready', () => {
    it('resolves once the other end speaks HTTP/2', async () => {
      await using peer = await peerServer(echo)
      await peer.connection.ready()
    })

    it('rejects at the first failure', async () => {
      const connection = connect(PeerServiceService, { address: `127.0.0.1:${await freePort()}`, security: undefined })
      expect(await rejection(connection.ready())).to.include({ code: 'ERR_UNAVAILABLE', retryAfterMs: undefined })
      connection.close()
    })

    it('rejects with a time to come back where connections are taken and closed, as by a server without room', async () => {
      const full = createServer((socket) => socket.destroy())
      full.listen(0, '127.0.0.1')
      await once(full, 'listening')
      const { port } = full.address() as { port: number }
      const connection = connect(PeerServiceService, { address: `127.0.0.1:${port}`, security: undefined })
      expect(await rejection(connection.ready())).to.include({ code: 'ERR_UNAVAILABLE', retryAfterMs: 1_000 })
      connection.close()
      full.close()
      await once(full, 'close')
    })

    it('rejects when the other end says nothing in time, and close leaves no socket behind', async () => {
      const silent = createServer((socket) => socket.on('error', () => {}).resume())
      silent.listen(0, '127.0.0.1')
      await once(silent, 'listening')
      const { port } = silent.address() as { port: number }
      const connection = connect(PeerServiceService, { address: `127.0.0.1:${port}`, security: undefined })
      expect((await rejection(connection.ready({ timeoutMs: 50 }))).code).to.equal('ERR_UNAVAILABLE')
      const abort = new AbortController()
      const waiting = rejection(connection.ready({ signal: abort.signal }))
      abort.abort(new SottoError('ERR_INTERRUPTED', 'interrupted'))
      expect((await waiting).code).to.equal('ERR_INTERRUPTED')
      connection.close()
      // Closes once its last connection is gone.
      silent.close()
      await once(silent, 'close')
    })
  })
})
