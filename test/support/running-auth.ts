/**
 * An Auth under test on free ports, with its data in a folder of its own, and clients of it.
 *
 * @module
 */
import { join } from 'node:path'
import { AuthServiceService, type LoginRequest } from '#gen/sotto/auth/v1/auth_service.ts'
import { SealingServiceService } from '#gen/sotto/sealing/v1/sealing_service.ts'
import { type Connection, connect } from '#lib/rpc/client.ts'
import { loadLeaf } from '#lib/runtime/certificates/leaf.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { DatabaseSetting } from '#lib/runtime/database/options.ts'
import { createLogger, type Logger } from '#lib/runtime/log.ts'
import type { CertificateChain } from '#lib/runtime/tls.ts'
import { Secret } from '#lib/secret.ts'
import { deriveSessionKeys, type SessionKeys } from '#lib/session/session-keys.ts'
import { addUsers, initialise } from '../../services/auth/admin.ts'
import { type Config, readConfig } from '../../services/auth/config.ts'
import { type RunningAuth, startAuth } from '../../services/auth/start.ts'
import { passwordOf, QUICK_PARAMETERS } from './auth-records.ts'
import { FakeClock } from './clock.ts'
import { layHome } from './laid-home.ts'
import { keyPairOf } from './random.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'
import { databaseAt } from './test-database.ts'

export interface AuthUnderTestOptions {
  readonly clock?: Clock
  readonly log?: Logger
  /** Changes to the settings. Passwords are quick to hash unless these differ. */
  readonly config?: Partial<Config>
  readonly healthIntervalMs?: number
  readonly reloadMs?: number
  /** Begin with what a first start makes ({@link layHome}) instead of making it, where the database is SQLite. */
  readonly isLaid?: boolean
}

/** A session that a test has begun. */
export interface TestSession {
  readonly token: Secret
  readonly id: Buffer
  readonly keys: SessionKeys
}

export class AuthUnderTest implements AsyncDisposable {
  readonly folder: TemporaryFolder
  readonly config: Config
  readonly clock: Clock
  readonly #options: AuthUnderTestOptions
  #running: RunningAuth | undefined
  #connections: { close(): void }[] = []

  static async start(options: AuthUnderTestOptions = {}): Promise<AuthUnderTest> {
    const folder = await temporaryFolder()
    try {
      const database = await databaseAt(join(folder.path, 'auth', 'auth.db'))
      const auth = new AuthUnderTest(folder, database, options)
      if (options.isLaid === true && database.kind === 'sqlite') await layHome(folder.path)
      // Where a test says nothing of the database, it says nothing of keys that others share.
      if (auth.config.database === database) await initialise(auth.config, auth.clock)
      await auth.start()
      return auth
    } catch (error) {
      await folder[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(folder: TemporaryFolder, database: DatabaseSetting, options: AuthUnderTestOptions) {
    this.folder = folder
    this.clock = options.clock ?? new FakeClock(Date.now())
    this.#options = options
    this.config = {
      ...readConfig({ SOTTO_HOME: folder.path }),
      database,
      listen: { host: '127.0.0.1', port: 0 },
      sealingListen: { host: '127.0.0.1', port: 0 },
      adminPort: 0,
      password: QUICK_PARAMETERS,
      ...options.config,
    }
  }

  async start(): Promise<void> {
    const { log = createLogger({ name: 'auth', level: 'silent' }), healthIntervalMs, reloadMs } = this.#options
    this.#running = await startAuth(this.config, {
      clock: this.clock,
      log,
      ...(healthIntervalMs !== undefined && { healthIntervalMs }),
      ...(reloadMs !== undefined && { reloadMs }),
    })
  }

  /** Stop Auth, and keep its data. */
  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.close()
    this.#connections = []
    await this.#running?.stop()
    this.#running = undefined
  }

  get running(): RunningAuth {
    if (!this.#running) throw new Error('auth does not run')
    return this.#running
  }

  /** Connect to AuthService. */
  connect(): Connection<typeof AuthServiceService> {
    const { address, caPem } = this.running
    return this.#keep(connect(AuthServiceService, { address, security: { authorityPem: caPem, role: 'auth.sotto' } }))
  }

  /** Connect to SealingService, with the directory's certificate, another one, or none. */
  async connectSealing(certificate?: CertificateChain | 'none'): Promise<Connection<typeof SealingServiceService>> {
    const { sealingAddress: address, caPem: authorityPem } = this.running
    const shown = certificate ?? (await this.directoryCertificate())
    const security = { authorityPem, role: 'sealing.sotto', ...(shown !== 'none' && { certificate: shown }) } as const
    return this.#keep(connect(SealingServiceService, { address, security }))
  }

  /** The certificate that Auth has made for the directory, with its key. */
  async directoryCertificate(): Promise<CertificateChain> {
    return (await loadLeaf(this.config.directoryTlsFolder)).certificate
  }

  /** The certificate that Auth has made for the relay, with its key. */
  async relayCertificate(): Promise<CertificateChain> {
    return (await loadLeaf(join(this.folder.path, 'relay', 'tls'))).certificate
  }

  /** The certificate that AuthService shows, with its key. */
  async ownCertificate(): Promise<CertificateChain> {
    return (await loadLeaf(join(this.config.dataFolder, 'tls'))).certificate
  }

  async addUser(name: string, password: string): Promise<void> {
    await addUsers(this.config, this.clock, [{ name, password: passwordOf(password) }])
  }

  /** Begin a session as a client would. The password is the name's unless it is given, the key the name's own. */
  async login(name: string, changes: Partial<LoginRequest> = {}): Promise<TestSession> {
    const response = await this.connect().call.login({ ...loginRequestOf(name), ...changes })
    const token = Secret.of(response.sessionToken)
    return { token, id: response.sessionId, keys: deriveSessionKeys(token) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.folder[Symbol.asyncDispose]()
  }

  #keep<T extends { close(): void }>(connection: T): T {
    this.#connections.push(connection)
    return connection
  }
}

/** The request for a login with the password and the identity key of a name. */
export function loginRequestOf(name: string): LoginRequest {
  return {
    username: name,
    password: `${name}'s password`,
    identityKey: Buffer.from(keyPairOf(name).publicKey),
    replaceIdentityKey: false,
    code: '',
  }
}
