import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer, connect as dial } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { DirectoryServiceService, Presence } from '#gen/sotto/directory/v1/directory_service.ts'
import { connect } from '#lib/rpc/client.ts'
import type { Method } from '#lib/rpc/service.ts'
import { isServing } from '#lib/rpc/standard/health-check.ts'
import { parseAddress } from '#lib/runtime/address.ts'
import { createLogger } from '#lib/runtime/log.ts'
import { startDirectory } from '../../../services/directory/start.ts'
import { freePort } from '../../support/free-port.ts'
import { rejection } from '../../support/rejection.ts'
import { AuthUnderTest } from '../../support/running-auth.ts'
import { DirectoryUnderTest, directoryConfigFor, OpenAnnouncement } from '../../support/running-directory.ts'

describe('startDirectory', () => {
  let auth: AuthUnderTest

  before(async () => {
    auth = await AuthUnderTest.start({ isLaid: true })
    await auth.addUser('bob', "bob's password")
  })
  after(() => auth[Symbol.asyncDispose]())

  /** Start from settings alone: the Auth of these need not run, nor have run. */
  const start = async (options: { certificateWaitMs?: number; signal?: AbortSignal; tlsFolder?: string } = {}) => {
    const { tlsFolder = auth.config.directoryTlsFolder, ...dependencies } = options
    const log = createLogger({ name: 'directory', level: 'silent' })
    const config = { ...directoryConfigFor(auth), sealingAddress: '127.0.0.1:1', tlsFolder }
    return await startDirectory(config, { clock: auth.clock, log, ...dependencies })
  }

  const targetOf = (address: string, authorityPem: string) =>
    ({ address, security: { authorityPem, role: 'directory.sotto' } }) as const

  it('starts without Auth once the certificate is there, and is healthy', async () => {
    const directory = await start()
    expect(await isServing(targetOf(directory.address, auth.running.caPem))).to.equal(true)
    await directory.stop()
  })

  it('waits for the certificate that Auth makes', async () => {
    await auth.stop()
    await rm(auth.config.directoryTlsFolder, { recursive: true })
    const starting = start()
    await auth.start()
    const directory = await starting
    expect(await isServing(targetOf(directory.address, auth.running.caPem))).to.equal(true)
    await directory.stop()
  })

  it('gives up after a while if no certificate comes', async () => {
    const tlsFolder = join(auth.folder.path, 'nowhere')
    expect(await rejection(start({ tlsFolder, certificateWaitMs: 0 }))).to.have.property('code', 'ERR_UNAVAILABLE')
  })

  it('can be told to give up that wait', async () => {
    const tlsFolder = join(auth.folder.path, 'nowhere')
    const signal = AbortSignal.abort(new Error('told so'))
    const thrown: unknown = await start({ tlsFolder, signal }).catch((error: unknown) => error)
    expect(thrown).to.equal(signal.reason)
  })

  it('refuses a port that is taken, and leaves nothing open', async () => {
    const port = await freePort()
    const holder = createServer().listen(port, '127.0.0.1')
    const attempt = DirectoryUnderTest.start(auth, { config: { listen: { host: '127.0.0.1', port } } })
    expect(await rejection(attempt)).to.have.property('code', 'ERR_CONFIG')
    holder.close()
  })

  it('refuses a database that is none', async () => {
    const path = join(auth.config.directoryTlsFolder, 'ca.pem', 'directory.db')
    const config = { database: { kind: 'sqlite', path } } as const
    expect(await rejection(DirectoryUnderTest.start(auth, { config }))).to.have.property('code', 'ERR_STORE')
  })

  it('is healthy as long as its database can be written, and again when it can', async () => {
    const changes = Promise.withResolvers<void>()
    const unhealthy = Promise.withResolvers<void>()
    const log = createLogger({
      name: 'directory',
      destination: {
        write(line) {
          if (line.includes('the database cannot be used')) unhealthy.resolve()
          if (line.includes('the database can be used again')) changes.resolve()
        },
      },
    })
    await using directory = await DirectoryUnderTest.start(auth, { log, renewalMs: 5 })
    const target = targetOf(directory.running.address, auth.running.caPem)
    const file = new DatabaseSync(join(directory.config.dataFolder, 'directory.db'))
    file.exec('alter table replica rename to elsewhere')
    await unhealthy.promise
    expect(await isServing(target)).to.equal(false)
    file.exec('alter table elsewhere rename to replica')
    await changes.promise
    expect(await isServing(target)).to.equal(true)
    file.close()
  })

  it('tells those who are online that it stops, and takes them offline', async () => {
    await using directory = await DirectoryUnderTest.start(auth)
    const bob = await auth.login('bob')
    const { announcement } = await OpenAnnouncement.begin(directory.connect(), bob)
    const [ended] = await Promise.all([announcement.end(), directory.running.stop()])
    expect(ended).to.have.property('code', 'ERR_UNAVAILABLE')
    const file = new DatabaseSync(join(directory.config.dataFolder, 'directory.db'))
    expect(file.prepare('select replica_id, endpoints from presence').all()).to.deep.equal([
      { replica_id: null, endpoints: '[]' },
    ])
    expect(file.prepare('select * from replica').all()).to.deep.equal([])
    file.close()
  })

  it('lets a receiver come back after a restart, to the same place', async () => {
    const port = await freePort()
    const options = { config: { listen: { host: '127.0.0.1', port } } }
    const bob = await auth.login('bob')
    for (let restart = 0; restart < 2; restart++) {
      await using directory = await DirectoryUnderTest.start(auth, options)
      await OpenAnnouncement.begin(directory.connect(), bob)
      const { call } = directory.connect()
      const { presence } = await call.getPresence({ username: 'bob' }, { bearer: bob.keys.directoryBearer })
      expect(presence).to.equal(Presence.ONLINE)
    }
  })

  it('passes the request id on to Auth, so that one search of the logs finds the whole way', async () => {
    const lines: string[] = []
    const log = createLogger({ name: 'auth', destination: { write: (line) => lines.push(line) } })
    await using other = await AuthUnderTest.start({ log })
    await using directory = await DirectoryUnderTest.start(other)
    await other.addUser('bob', "bob's password")
    const bob = await other.login('bob')
    const options = { bearer: bob.keys.directoryBearer, requestId: 'one-of-a-kind' }
    await directory.connect().call.getPresence({ username: 'bob' }, options)
    const methods = lines.filter((line) => line.includes('one-of-a-kind')).join('')
    expect(methods).to.include('Authenticate').and.to.include('FindAccount')
  })

  it('writes no bearer to its files, and lets nobody else read them', async () => {
    await using directory = await DirectoryUnderTest.start(auth)
    const bob = await auth.login('bob')
    await OpenAnnouncement.begin(directory.connect(), bob)
    const files = (await readdir(directory.config.dataFolder)).filter((name) => name.startsWith('directory.db'))
    expect(files).to.include.members(['directory.db', 'directory.db-wal'])
    const contents = await Promise.all(files.map((file) => readFile(join(directory.config.dataFolder, file))))
    const everything = Buffer.concat(contents)
    // The search can find: what is no secret is there.
    expect(everything.includes(bob.id)).to.equal(true)
    for (const secret of [bob.token, ...Object.values(bob.keys)]) {
      const bytes = Buffer.from(secret.reveal())
      for (const form of [
        bytes,
        bytes.toString('hex'),
        bytes.toString('base64').slice(0, 43),
        bytes.toString('base64url'),
      ]) {
        expect(everything.includes(form)).to.equal(false)
      }
    }
    for (const file of files) expect((await stat(join(directory.config.dataFolder, file))).mode & 0o077).to.equal(0)
  })

  describe('given garbage', () => {
    /** The calls, with requests that go out as they are. */
    const rawService = Object.fromEntries(
      Object.entries(DirectoryServiceService).map(([name, method]) => [
        name,
        { ...(method as Method), requestSerialize: (bytes: Buffer) => bytes },
      ]),
    )
    const garbage = ['ff', '0a', '0a05', '0affffffff0f', '120108', '0a0180'].map((hex) => Buffer.from(hex, 'hex'))

    it('refuses it by every call, and serves on', async () => {
      await using directory = await DirectoryUnderTest.start(auth)
      const bob = await auth.login('bob')
      const bearer = bob.keys.directoryBearer
      const raw = connect(rawService, targetOf(directory.running.address, auth.running.caPem))
      for (const bytes of garbage) {
        for (const name of ['getPresence', 'requestChat', 'announce']) {
          const call = raw.call[name] as unknown as (request: Buffer, options: object) => unknown
          const answer = call(bytes, { bearer })
          const attempt =
            name === 'announce' ? (answer as AsyncIterable<unknown>)[Symbol.asyncIterator]().next() : answer
          const refused = await rejection(attempt as Promise<unknown>)
          expect(refused.code, `${bytes.toString('hex')} to ${name}`).to.equal('ERR_INVALID_ARGUMENT')
        }
      }
      raw.close()
      expect(await directory.connect().call.getPresence({ username: 'bob' }, { bearer })).to.deep.equal({
        presence: Presence.OFFLINE,
      })
    })

    it('closes connections that speak no TLS, and serves on', async () => {
      await using directory = await DirectoryUnderTest.start(auth)
      const socket = dial(parseAddress(directory.running.address))
      const closed = new Promise((resolve) => socket.on('close', resolve).on('error', () => {}))
      socket.end('GET / HTTP/1.1\r\n\r\n')
      await closed
      expect(await isServing(targetOf(directory.running.address, auth.running.caPem))).to.equal(true)
    })
  })
})
