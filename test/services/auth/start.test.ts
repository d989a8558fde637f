import { readdir, readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { connect as connectTls } from 'node:tls'
import { expect } from 'chai'
import { isServing } from '#lib/rpc/standard/health-check.ts'
import { parseAddress } from '#lib/runtime/address.ts'
import { createLogger } from '#lib/runtime/log.ts'
import { startAuth } from '../../../services/auth/start.ts'
import { keyPairOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { AuthUnderTest } from '../../support/running-auth.ts'

/** Every file below a folder, as paths from there. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted()
}

describe('startAuth', () => {
  let auth: AuthUnderTest

  beforeEach(async () => {
    auth = await AuthUnderTest.start({ healthIntervalMs: 5 })
  })

  afterEach(async () => {
    await auth[Symbol.asyncDispose]()
  })

  it('keeps everything private, and gives the directory its certificate and no more', async () => {
    const files = await filesIn(auth.folder.path)
    const forDirectory = files.filter((file) => file.startsWith('directory/'))
    expect(forDirectory).to.deep.equal(['directory/tls/ca.pem', 'directory/tls/leaf.pem'])
    for (const file of files.filter((name) => !name.endsWith('/ca.pem'))) {
      expect((await stat(join(auth.folder.path, file))).mode & 0o077, file).to.equal(0)
    }
    const authorityKey = (await readFile(join(auth.config.dataFolder, 'ca', 'ca.key'), 'utf8')).trim()
    expect(authorityKey).to.match(/^-----BEGIN PRIVATE KEY-----/)
    for (const file of forDirectory) {
      expect(await readFile(join(auth.folder.path, file), 'utf8')).to.not.include(authorityKey)
    }
    for (const folder of [auth.config.dataFolder, auth.config.directoryTlsFolder]) {
      expect((await stat(folder)).mode & 0o777, folder).to.equal(0o700)
    }
  })

  it('comes back from a stop with its accounts, sessions, keys and certificates', async () => {
    await auth.addUser('alice', "alice's password")
    await auth.addUser('bob', "bob's password")
    const [alice, bob] = [await auth.login('alice'), await auth.login('bob')]
    const before = await auth.connect().call.getServerInfo({})
    const { caPem } = auth.running
    await auth.stop()
    await auth.start()
    expect(auth.running.caPem).to.equal(caPem)
    const info = await auth.connect().call.getServerInfo({})
    expect(info.realm).to.deep.equal(before.realm)
    const { call } = await auth.connectSealing()
    const chat = {
      senderBearer: Buffer.from(alice.keys.directoryBearer.reveal()),
      receiverSessionId: bob.id,
      receiverInstanceId: Buffer.alloc(16),
      nonce: Buffer.alloc(16),
      senderAddress: '',
      requestId: 'r',
    }
    const { results } = await call.sealChats({ chats: [chat] })
    expect(results[0]?.result?.$case).to.equal('sealed')
    const identityKey = Buffer.from(keyPairOf('another').publicKey)
    expect((await rejection(auth.login('bob', { identityKey }))).code).to.equal('ERR_IDENTITY_CONFLICT')
  })

  it('is healthy as long as its database can be read and written, and again when it can', async () => {
    const { address, sealingAddress, caPem: authorityPem } = auth.running
    const certificate = await auth.directoryCertificate()
    const targets = [
      { address, security: { authorityPem, role: 'auth.sotto' } },
      { address: sealingAddress, security: { authorityPem, role: 'sealing.sotto', certificate } },
    ] as const
    const until = async (serving: boolean) => {
      for (const target of targets) while ((await isServing(target)) !== serving);
    }
    await until(true)
    const database = new DatabaseSync(join(auth.config.dataFolder, 'auth.db'))
    database.exec('alter table account rename to hidden')
    await until(false)
    database.exec('alter table hidden rename to account')
    await until(true)
    // Another program that keeps writing.
    database.exec('begin immediate')
    await until(false)
    database.exec('rollback')
    database.close()
    await until(true)
  })

  it('speaks TLS 1.3 and nothing older', async () => {
    const handshake = async (text: string, version: 'TLSv1.2' | 'TLSv1.3') => {
      const { host, port } = parseAddress(text)
      const { promise, resolve } = Promise.withResolvers<string>()
      const socket = connectTls({
        host,
        port,
        ca: auth.running.caPem,
        servername: 'localhost',
        minVersion: version,
        maxVersion: version,
        ALPNProtocols: ['h2'],
      })
      socket.once('secureConnect', () => resolve(socket.getProtocol() ?? ''))
      socket.once('error', () => resolve('refused'))
      const answer = await promise
      socket.destroy()
      return answer
    }
    for (const address of [auth.running.address, auth.running.sealingAddress]) {
      expect(await handshake(address, 'TLSv1.3')).to.equal('TLSv1.3')
      expect(await handshake(address, 'TLSv1.2')).to.equal('refused')
    }
  })

  it('leaves nothing running where one of its ports is taken', async () => {
    await auth.stop()
    const occupant = createServer()
    await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve))
    const taken = occupant.address() as { port: number }
    const log = createLogger({ name: 'auth', level: 'silent' })
    const dependencies = { clock: auth.clock, log }
    for (const port of ['listen', 'sealingListen', 'adminPort'] as const) {
      const free = { host: '127.0.0.1', port: 0 }
      const change = port === 'adminPort' ? taken.port : { host: '127.0.0.1', port: taken.port }
      const config = { ...auth.config, listen: free, sealingListen: free, [port]: change }
      expect((await rejection(startAuth(config, dependencies))).code).to.equal('ERR_CONFIG')
    }
    occupant.close()
    await auth.start()
    await auth.connect().call.getServerInfo({})
  })
})
