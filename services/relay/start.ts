/**
 * The relay, from its settings to a listening server.
 *
 * @module
 */
import { MailboxServiceService } from '#gen/sotto/relay/v1/mailbox_service.ts'
import { SealingServiceService } from '#gen/sotto/sealing/v1/sealing_service.ts'
import { HEARTBEAT_MS } from '#lib/protocol.ts'
import { startAdminServer } from '#lib/rpc/admin.ts'
import { connect } from '#lib/rpc/client.ts'
import { relayLimits } from '#lib/rpc/limits.ts'
import { serve, startServer } from '#lib/rpc/server.ts'
import { startHealthPort } from '#lib/rpc/sockets/health-port.ts'
import { formatAddress } from '#lib/runtime/address.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { DATABASE_WAIT_MS } from '#lib/runtime/database/await-database.ts'
import { certificateCheck } from '#lib/runtime/health/certificate-check.ts'
import { HEALTH_INTERVAL_MS, keepChecking } from '#lib/runtime/health/keep-checking.ts'
import type { Logger } from '#lib/runtime/log.ts'
import { certificateGauge, serveMetrics } from '#lib/runtime/metrics/metrics.ts'
import { AuthClient, sealingSecurity } from '../authentication/auth-client.ts'
import { Authentications } from '../authentication/authentications.ts'
import { awaitLeaf, type CERTIFICATE_WAIT_MS, keepLeaf } from '../authentication/certificate.ts'
import { connectionLimits } from '../authentication/connection-limits.ts'
import { keepWatchingRevocations } from '../authentication/revocation-watch.ts'
import { Attendances } from './attendances.ts'
import type { Config } from './config.ts'
import { DEFAULT_LETTER_LIMITS } from './mailbox/letters.ts'
import { openMailbox } from './mailbox/open-mailbox.ts'
import { Quotas } from './quotas.ts'
import { RelayService } from './relay-service.ts'
import { type Answerer, createRelayHandlers, type Traffic } from './service.ts'

export interface RelayDependencies {
  readonly clock: Clock
  readonly log: Logger
  /** Ends a start that still waits for its certificate or its database, with the signal's reason. */
  readonly signal?: AbortSignal
  /** How long that wait may last, in milliseconds; {@link CERTIFICATE_WAIT_MS} unless set. */
  readonly certificateWaitMs?: number
  /** How long it may wait for the database, in milliseconds; {@link DATABASE_WAIT_MS} unless set. */
  readonly databaseWaitMs?: number
  /** How often health is found out, in milliseconds; {@link HEALTH_INTERVAL_MS} unless set. */
  readonly healthIntervalMs?: number
  /** How often the certificate is looked at, in milliseconds. */
  readonly reloadMs?: number
  /** How often an open attendance is answered, in milliseconds; {@link HEARTBEAT_MS} unless set. */
  readonly heartbeatMs?: number
  /** How long a call waits for its answer, in milliseconds. */
  readonly answerTimeoutMs?: number
}

export interface RunningRelay {
  /** The address of RelayService, HOST:PORT. */
  readonly address: string
  /** Where RelayService is for the door, HOST:PORT; undefined where there is none. */
  readonly proxiedAddress: string | undefined
  /** The address of channelz, HOST:PORT. */
  readonly adminAddress: string
  /** The address of the metrics, HOST:PORT; undefined where there are none. */
  readonly metricsAddress: string | undefined
  /** Stop in order: open streams end with UNAVAILABLE, and both ends of a call come back by another way. */
  stop(): Promise<void>
}

/**
 * Start the relay. Auth need not run by then, only have left the certificate at some earlier time.
 *
 * @throws SottoError `ERR_UNAVAILABLE` if the certificate does not come, or PostgreSQL does not answer in time, `ERR_CONFIG`
 *   if a port is taken, `ERR_STORE` if the database of the mailboxes cannot be used. Nothing is left running then.
 */
export async function startRelay(config: Config, dependencies: RelayDependencies): Promise<RunningRelay> {
  const {
    clock,
    log,
    heartbeatMs = HEARTBEAT_MS,
    healthIntervalMs = HEALTH_INTERVAL_MS,
    answerTimeoutMs,
  } = dependencies
  await using resources = new AsyncDisposableStack()

  let leaf = await awaitLeaf(config.tlsFolder, 'SOTTO_RELAY_TLS', dependencies)
  const target = { address: config.sealingAddress, security: sealingSecurity(leaf) }
  const connection = resources.adopt(connect(SealingServiceService, target), (open) => open.close())
  const auth = new AuthClient({ connection, service: 'relay', log })
  const authentications = new Authentications(auth, clock)
  resources.defer(keepWatchingRevocations({ auth, authentications, log }))

  const attendances = new Attendances<Answerer>()
  const traffic: Traffic = { joined: 0, bytes: 0 }
  const handlers = createRelayHandlers({
    attendances,
    authentications,
    quotas: new Quotas(config.quotas, clock),
    traffic,
    heartbeatMs,
    ...(answerTimeoutMs !== undefined && { answerTimeoutMs }),
  })
  const mailbox = resources.adopt(
    await openMailbox({
      ...dependencies,
      database: config.database,
      limits: { ...DEFAULT_LETTER_LIMITS, ...config.letters },
      authenticate: (context) => authentications.authenticate(context),
      onMail: (account) => attendances.noteMail(account),
      attending: () => attendances.accounts,
    }),
    (open) => open.close(),
  )
  const limits = {
    ...relayLimits(config.connections.mostPerAddress, config.ratePerAccount),
    ...(await connectionLimits(config.connections, 'SOTTO_RELAY_CONNECTIONS', log)),
  }
  const server = resources.adopt(
    await startServer({
      ...config.listen,
      proxied: config.proxied,
      services: [serve(RelayService, handlers), serve(MailboxServiceService, mailbox.handlers)],
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
      service: 'relay',
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
  // Auth is no part of this health: without it what is carried goes on.
  resources.defer(
    keepChecking({
      checks: [{ of: 'the database', run: () => mailbox.check() }, certificateCheck(() => leaf.certificate, clock)],
      log,
      intervalMs: healthIntervalMs,
      onChange: (healthy) => server.setServing(healthy),
    }),
  )
  const adminServer = resources.adopt(await startAdminServer({ port: config.adminPort, log }), (listening) =>
    listening.stop(),
  )
  const { address: metricsAddress } = resources.use(
    await serveMetrics(config.metrics, [
      { name: 'attending', help: 'Attendances that stand at this relay.', read: () => attendances.size },
      { name: 'joined_calls', help: 'Conversations that run through this relay.', read: () => traffic.joined },
      { name: 'carried_bytes', help: 'Bytes carried since the start of this relay.', read: () => traffic.bytes },
      {
        name: 'letters',
        help: 'Letters that wait in the mailboxes.',
        read: async () => (await mailbox.size()).letters,
      },
      { name: 'letter_bytes', help: 'Bytes of the letters that wait.', read: async () => (await mailbox.size()).bytes },
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
