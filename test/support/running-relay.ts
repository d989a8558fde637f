/**
 * A relay under test on a free port, with a real Auth, and clients of it.
 *
 * @module
 */
import { join } from 'node:path'
import { RelayServiceService } from '#gen/sotto/relay/v1/relay_service.ts'
import { type Connection, connect, type Target } from '#lib/rpc/client.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { createLogger } from '#lib/runtime/log.ts'
import { type Config, readConfig } from '../../services/relay/config.ts'
import { type RelayDependencies, type RunningRelay, startRelay } from '../../services/relay/start.ts'
import type { AuthUnderTest } from './running-auth.ts'
import { databaseAt } from './test-database.ts'

export type PlainRelayConnection = Connection<typeof RelayServiceService>

export interface RelayUnderTestOptions extends Partial<RelayDependencies> {
  readonly config?: Partial<Config>
}

export class RelayUnderTest implements AsyncDisposable {
  readonly running: RunningRelay
  readonly #authorityPem: string
  readonly #connections: PlainRelayConnection[] = []

  static async start(auth: AuthUnderTest, options: RelayUnderTestOptions = {}): Promise<RelayUnderTest> {
    const { sealingAddress, caPem } = auth.running
    const own = readConfig({ SOTTO_HOME: auth.folder.path })
    const database = await databaseAt(join(auth.folder.path, 'relay', 'mailbox.db'))
    const listen = { host: '127.0.0.1', port: 0 }
    const config = { ...own, database, listen, adminPort: 0, sealingAddress, ...options.config }
    const log = createLogger({ name: 'relay', level: 'silent' })
    const running = await startRelay(config, { clock: systemClock, log, ...options })
    return new RelayUnderTest(running, caPem)
  }

  private constructor(running: RunningRelay, authorityPem: string) {
    this.running = running
    this.#authorityPem = authorityPem
  }

  get port(): number {
    return Number(this.running.address.split(':').at(-1))
  }

  /** By which it is connected to. */
  get target(): Target {
    return {
      address: this.running.address,
      security: { authorityPem: this.#authorityPem, role: 'relay.sotto' },
      isForConversations: true,
    }
  }

  /** Open a new connection, which speaks the contract as it is generated. */
  connect(): PlainRelayConnection {
    const connection = connect(RelayServiceService, this.target)
    this.#connections.push(connection)
    return connection
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.close()
    await this.running.stop()
  }
}
