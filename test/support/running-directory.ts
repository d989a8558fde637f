/**
 * A directory under test on a free port, with a real Auth, and clients of it.
 *
 * @module
 */
import { join } from 'node:path'
import type { AnnounceRequest, AnnounceResponse } from '#gen/sotto/directory/v1/directory_service.ts'
import { DirectoryServiceService } from '#gen/sotto/directory/v1/directory_service.ts'
import { type Connection, connect } from '#lib/rpc/client.ts'
import { createLogger } from '#lib/runtime/log.ts'
import { Ranges } from '#lib/runtime/network/ranges.ts'
import type { Secret } from '#lib/secret.ts'
import { type Config, readConfig } from '../../services/directory/config.ts'
import { type DirectoryDependencies, type RunningDirectory, startDirectory } from '../../services/directory/start.ts'
import { OpenStream } from './open-stream.ts'
import { bytesOf } from './random.ts'
import type { AuthUnderTest, TestSession } from './running-auth.ts'
import { databaseAt } from './test-database.ts'

export type DirectoryConnection = Connection<typeof DirectoryServiceService>

export interface DirectoryUnderTestOptions extends Partial<DirectoryDependencies> {
  readonly config?: Partial<Config>
}

export class DirectoryUnderTest implements AsyncDisposable {
  readonly auth: AuthUnderTest
  readonly config: Config
  readonly running: RunningDirectory
  readonly #authorityPem: string
  readonly #connections: DirectoryConnection[] = []

  /** Start a directory with an Auth; it keeps its data in the same temporary folder. */
  static async start(auth: AuthUnderTest, options: DirectoryUnderTestOptions = {}): Promise<DirectoryUnderTest> {
    const { sealingAddress, caPem } = auth.running
    const own = directoryConfigFor(auth)
    const database = await databaseAt(join(own.dataFolder, 'directory.db'))
    const config = { ...own, database, sealingAddress, ...options.config }
    const log = createLogger({ name: 'directory', level: 'silent' })
    const running = await startDirectory(config, { clock: auth.clock, log, ...options })
    return new DirectoryUnderTest(auth, config, running, caPem)
  }

  private constructor(auth: AuthUnderTest, config: Config, running: RunningDirectory, authorityPem: string) {
    this.auth = auth
    this.config = config
    this.running = running
    this.#authorityPem = authorityPem
  }

  /** Open a new connection, straight to the directory or through a relay at another address. */
  connect(address: string = this.running.address): DirectoryConnection {
    const security = { authorityPem: this.#authorityPem, role: 'directory.sotto' } as const
    const connection = connect(DirectoryServiceService, { address, security })
    this.#connections.push(connection)
    return connection
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.close()
    await this.running.stop()
  }
}

/** The settings of a directory that keeps its data in Auth's folder, and allows the endpoints of {@link ANNOUNCE_REQUEST}. */
export function directoryConfigFor(auth: AuthUnderTest): Config {
  const config = readConfig({ SOTTO_HOME: auth.folder.path })
  const allowedEndpoints = new Ranges(ANNOUNCE_REQUEST.endpoints.map(({ address }) => address))
  return { ...config, listen: { host: '127.0.0.1', port: 0 }, adminPort: 0, allowedEndpoints }
}

/** An announcement that a test holds open. */
export class OpenAnnouncement extends OpenStream<AnnounceResponse> {
  /** Announce, and wait until the directory confirms it. */
  static async begin(connection: DirectoryConnection, session: TestSession, changes: Partial<AnnounceRequest> = {}) {
    const announcement = new OpenAnnouncement(connection, session.keys.directoryBearer, changes)
    return { announcement, first: await announcement.next() }
  }

  constructor({ call }: DirectoryConnection, bearer: Secret, changes: Partial<AnnounceRequest>) {
    super((signal) => call.announce({ ...ANNOUNCE_REQUEST, ...changes }, { bearer, signal }))
  }
}

/** The announcement of a test that changes nothing in it. */
export const ANNOUNCE_REQUEST: AnnounceRequest = {
  endpoints: [
    { address: '192.0.2.7', port: 4000 },
    { address: '2001:db8::7', port: 4001 },
  ],
  instanceId: Buffer.from(bytesOf('instance id', 16)),
}
