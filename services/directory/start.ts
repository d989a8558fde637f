/**
 * The directory, from its settings to a listening server.
 *
 * @module
 */
import { DirectoryServiceService } from '#gen/sotto/directory/v1/directory_service.ts'
import { SealingServiceService } from '#gen/sotto/sealing/v1/sealing_service.ts'
import { HEARTBEAT_MS } from '#lib/protocol.ts'
import { startAdminServer } from '#lib/rpc/admin.ts'
import { connect } from '#lib/rpc/client.ts'
import { serviceLimits } from '#lib/rpc/limits.ts'
import { serve, startServer } from '#lib/rpc/server.ts'
import { startHealthPort } from '#lib/rpc/sockets/health-port.ts'
import { formatAddress } from '#lib/runtime/address.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { AccountNotices } from '#lib/runtime/database/account-notices.ts'
import { awaitDatabase, type DATABASE_WAIT_MS } from '#lib/runtime/database/await-database.ts'
import { watchDatabaseFile } from '#lib/runtime/database/database-file.ts'
import { sharedTimeMs } from '#lib/runtime/database/dialect.ts'
import { certificateCheck } from '#lib/runtime/health/certificate-check.ts'
import { keepChecking } from '#lib/runtime/health/keep-checking.ts'
import type { Logger } from '#lib/runtime/log.ts'
import { certificateGauge, serveMetrics } from '#lib/runtime/metrics/metrics.ts'
import { AuthClient, sealingSecurity } from '../authentication/auth-client.ts'
import { Authentications } from '../authentication/authentications.ts'
import { awaitLeaf, type CERTIFICATE_WAIT_MS, keepLeaf } from '../authentication/certificate.ts'
import { connectionLimits } from '../authentication/connection-limits.ts'
import { keepWatchingRevocations } from '../authentication/revocation-watch.ts'
import type { Config } from './config.ts'
import { PresenceRegistry, RENEWAL_MS } from './presence.ts'
import { keepListening } from './presence-listening.ts'
import { SealingClient } from './sealing-client.ts'
import { createDirectoryHandlers } from './service.ts'
import { type DirectorySchema, MIGRATIONS } from './store.ts'

export interface DirectoryDependencies {
  readonly clock: Clock
  readonly log: Logger
  /** Ends a start that still waits for its certificate or its database, with the signal's reason. */
  readonly signal?: AbortSignal
  /** How long that wait may last, in milliseconds; {@link CERTIFICATE_WAIT_MS} unless set. */
  readonly certificateWaitMs?: number
  /** How long it may wait for the database, in milliseconds; {@link DATABASE_WAIT_MS} unless set. */
  readonly databaseWaitMs?: number
  /** How often an open announcement or watch is answered, in milliseconds; {@link HEARTBEAT_MS} unless set. */
  readonly heartbeatMs?: number
  /** How often the lease is renewed, in milliseconds; {@link RENEWAL_MS} unless set. */
  readonly renewalMs?: number
  /** How often the certificate's file is looked at, in milliseconds; `RELOAD_MS` unless set. */
  readonly reloadMs?: number
}

export interface RunningDirectory {
  /** The address of DirectoryService, HOST:PORT. */
  readonly address: string
  /** Where DirectoryService is for the door, HOST:PORT; undefined where there is none. */
  readonly proxiedAddress: string | undefined
  /** The address of channelz, HOST:PORT. */
  readonly adminAddress: string
  /** The address of the metrics, HOST:PORT; undefined where there are none. */
  readonly metricsAddress: string | undefined
  /** Stop in order: open streams end with UNAVAILABLE, what was announced is withdrawn, then the database. */
  stop(): Promise<void>
}

/**
 * Start the directory. Auth need not run by then, only have left the certificate at some earlier time.
 *
 * @throws SottoError `ERR_UNAVAILABLE` if the certificate does not come, or PostgreSQL does not answer in time, `ERR_CONFIG` if a port is taken, `ERR_STORE`
 *   if the database cannot be used. Nothing is left running then.
 */
export async function startDirectory(config: Config, dependencies: DirectoryDependencies): Promise<RunningDirectory> {
  const { clock, log, heartbeatMs = HEARTBEAT_MS, renewalMs = RENEWAL_MS } = dependencies
  await using resources = new AsyncDisposableStack()

  let leaf = await awaitLeaf(config.tlsFolder, 'SOTTO_DIRECTORY_TLS', dependencies)
  // Who was online is worth nothing after a power cut, so no announcement has to wait for the disk.
  const waiting = { durability: 'process', ...dependencies } as const
  const opened = await awaitDatabase<DirectorySchema>(config.database, MIGRATIONS, waiting)
  const db = resources.adopt(opened, (open) => open.destroy())
  const requireFile = await watchDatabaseFile(config.database)
  const notices = new AccountNotices({ db, setting: config.database, channel: 'sotto_presence', log })
  const sharing = { notices, sharedTimeMs: () => sharedTimeMs(db) }
  const presence = resources.adopt(await PresenceRegistry.join(db, clock, sharing), (joined) =>
    joined.withdrawAll().catch((error: unknown) => {
      log.warn(
        { err: error },
        'cannot tell that nobody is online here any more: it counts no longer when the lease ends',
      )
    }),
  )
  resources.defer(keepListening({ presence, notices, log }))

  const target = { address: config.sealingAddress, security: sealingSecurity(leaf) }
  const connection = resources.adopt(connect(SealingServiceService, target), (open) => open.close())
  const auth = new AuthClient({ connection, service: 'directory', log })
  const sealing = new SealingClient(auth)
  const authentications = new Authentications(auth, clock)
  resources.defer(keepWatchingRevocations({ auth, authentications, log }))

  const { connections, ratePerAccount } = config
  const limits = {
    ...serviceLimits(connections.mostPerAddress, ratePerAccount),
    ...(await connectionLimits(connections, 'SOTTO_DIRECTORY_CONNECTIONS', log)),
  }
  const { allowedEndpoints } = config
  const handling = { presence, sealing, authentications, clock, allowedEndpoints, heartbeatMs }
  const server = resources.adopt(
    await startServer({
      ...config.listen,
      proxied: config.proxied,
      services: [serve(DirectoryServiceService, createDirectoryHandlers(handling))],
      security: { certificate: leaf.certificate },
      limits,
      log,
      reflection: true,
      health: true,
    }),
    (listening) => listening.stop(),
  )
  resources.defer(
    keepLeaf({
      service: 'directory',
      folder: config.tlsFolder,
      leaf,
      clock,
      log,
      intervalMs: dependencies.reloadMs,
      onChange(renewed) {
        leaf = renewed
        server.setCertificate({ certificate: renewed.certificate })
        connection.setSecurity(sealingSecurity(renewed))
      },
    }),
  )
  // Auth is no part of this health: without it who is online stays so, callers are told UNAVAILABLE, and taking the
  // directory out of service would end the announcements as well.
  const renew = async () => {
    await presence.renew()
    await requireFile()
  }
  resources.defer(
    keepChecking({
      checks: [{ of: 'the database', run: renew }, certificateCheck(() => leaf.certificate, clock)],
      log,
      intervalMs: renewalMs,
      onChange: (healthy) => server.setServing(healthy),
    }),
  )

  const adminServer = resources.adopt(await startAdminServer({ port: config.adminPort, log }), (listening) =>
    listening.stop(),
  )
  const { address: metricsAddress } = resources.use(
    await serveMetrics(config.metrics, [
      { name: 'online', help: 'Receivers that are announced at this directory.', read: () => presence.size },
      {
        name: 'watches',
        help: 'Watches of others that are open at this directory.',
        read: () => presence.watchers.size,
      },
      certificateGauge(() => leaf.certificate, clock),
    ]),
  )
  const { healthPort } = config
  if (healthPort !== undefined) {
    const isServing = () => server.isServing
    resources.adopt(await startHealthPort({ port: healthPort, isServing }), (open) => open.stop())
  }
  const running = resources.move()
  return {
    address: formatAddress(server),
    proxiedAddress: server.proxiedAddress,
    adminAddress: formatAddress(adminServer),
    metricsAddress,
    stop: () => running.disposeAsync(),
  }
}
