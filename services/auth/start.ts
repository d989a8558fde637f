/**
 * Auth, from its settings to two listening servers.
 *
 * @module
 */
import type { Kysely } from 'kysely'
import { AuthServiceService } from '#gen/sotto/auth/v1/auth_service.ts'
import { SealingServiceService } from '#gen/sotto/sealing/v1/sealing_service.ts'
import { startAdminServer } from '#lib/rpc/admin.ts'
import { SEALING_LIMITS, serviceLimits } from '#lib/rpc/limits.ts'
import { type ServerOptions, type ServerSecurity, serve, startServer } from '#lib/rpc/server.ts'
import { startHealthPort } from '#lib/rpc/sockets/health-port.ts'
import { formatAddress } from '#lib/runtime/address.ts'
import { firstAuthorityOf, inDer } from '#lib/runtime/certificates/chain.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { awaitDatabase, type DATABASE_WAIT_MS } from '#lib/runtime/database/await-database.ts'
import { probeDatabase } from '#lib/runtime/database/database.ts'
import { watchDatabaseFile } from '#lib/runtime/database/database-file.ts'
import { certificateCheck } from '#lib/runtime/health/certificate-check.ts'
import { HEALTH_INTERVAL_MS, keepChecking } from '#lib/runtime/health/keep-checking.ts'
import type { Logger } from '#lib/runtime/log.ts'
import { authorityGauge, certificateGauge, serveMetrics } from '#lib/runtime/metrics/metrics.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import { Accounts } from './accounts.ts'
import { SignInAttempts } from './attempts/sign-in-attempts.ts'
import { Refusals } from './audit/refusals.ts'
import type { Config } from './config.ts'
import { noSharedKeys } from './errors.ts'
import { claimDatabase, claimWrappingKeys, requireAuthorityOf, requireDatabase } from './installation.ts'
import { type Certificates, ensureCertificates, keepCertificates, trustedBySealing } from './keys/certificates.ts'
import { loadWrappingKeys } from './keys/wrapping-key-file.ts'
import type { WrappingKeys } from './keys/wrapping-keys.ts'
import { MIGRATIONS } from './migrations.ts'
import { HashingQueue } from './passwords/hashing-queue.ts'
import { Passwords } from './passwords/passwords.ts'
import { keepPublicAddress } from './public-address.ts'
import { keepPurging } from './purge.ts'
import { Revocations } from './revocations.ts'
import { createSealingService } from './sealing-service.ts'
import { endSessionsWithout } from './second-factor/administration.ts'
import { SecondFactors } from './second-factor/second-factors.ts'
import { createAuthService } from './service.ts'
import { Sessions } from './sessions.ts'
import type { AuthSchema } from './store.ts'

export interface AuthDependencies {
  readonly clock: Clock
  readonly log: Logger
  /** Ends a start that still waits for its database, with the signal's reason. */
  readonly signal?: AbortSignal
  /** How long that wait may last, in milliseconds; {@link DATABASE_WAIT_MS} unless set. */
  readonly databaseWaitMs?: number
  /** How often health is found out, in milliseconds; {@link HEALTH_INTERVAL_MS} unless set. */
  readonly healthIntervalMs?: number
  /** How often the files of keys and certificates are looked at, in milliseconds; `RELOAD_MS` unless set. */
  readonly reloadMs?: number
}

export interface RunningAuth {
  /** The address of AuthService, HOST:PORT. */
  readonly address: string
  /** Where AuthService is for the door, HOST:PORT; undefined where there is none. */
  readonly proxiedAddress: string | undefined
  /** The address of SealingService, HOST:PORT. */
  readonly sealingAddress: string
  /** The address of channelz, HOST:PORT. */
  readonly adminAddress: string
  /** The address of the metrics, HOST:PORT; undefined where there are none. */
  readonly metricsAddress: string | undefined
  /** The authority's certificate: what clients trust. */
  readonly caPem: string
  /** Stop in order: no new calls, the open ones to their end, then the database. */
  stop(): Promise<void>
}

/**
 * Start Auth: certificates and keys are made where they lack, the database is brought up to date.
 *
 * @throws SottoError `ERR_CONFIG` if a port is taken or the wrapping key cannot be used, `ERR_STORE` if another file
 *   cannot, `ERR_UNAVAILABLE` if PostgreSQL does not answer in time. Nothing is left running then.
 */
export async function startAuth(config: Config, dependencies: AuthDependencies): Promise<RunningAuth> {
  const { clock, log, healthIntervalMs = HEALTH_INTERVAL_MS, reloadMs } = dependencies
  const nowMs = () => clock.now().getTime()
  await using resources = new AsyncDisposableStack()

  // First the database, then what it belongs to: a start that breaks off leaves none that waits for what never comes.
  await requireDatabase(config)
  const database = await awaitDatabase<AuthSchema>(config.database, MIGRATIONS, { durability: 'disk', ...dependencies })
  const db = resources.adopt(database, (open) => open.destroy())
  const requireFile = await watchDatabaseFile(config.database)
  await requireAuthorityOf(db, config.authorityFolder)
  let certificates = await ensureCertificates(config, clock)
  let authorities = inDer(certificates.authoritiesPem)
  const realm = realmOf(firstAuthorityOf(certificates.authoritiesPem))
  await claimDatabase(db, realm, clock)
  const wrappingKeys = await wrappingKeysOf(config, db, clock)

  const queue = new HashingQueue(config.hashing)
  const accounts = new Accounts(db, new Passwords(config.password, queue), nowMs)
  const revocations = new Revocations(db)
  const { sessionLifetimeMs: lifetimeMs, isSecondFactorRequired } = config
  const sessions = new Sessions({ db, revocations, wrappingKeys, lifetimeMs, isSecondFactorRequired, nowMs })
  const secondFactors = new SecondFactors({ db, wrappingKeys, isRequired: isSecondFactorRequired, nowMs })
  if (isSecondFactorRequired) await endSessionsWithout(db, nowMs())
  const attempts = new SignInAttempts(db, (text) => wrappingKeys.current.pseudonym(text), nowMs)
  const refusals = new Refusals(db, nowMs)
  resources.defer(() =>
    refusals
      .flush(true)
      .catch((error: unknown) => log.warn({ err: error }, 'cannot note how many refusals were not told')),
  )
  resources.defer(keepPurging({ sessions, attempts, secondFactors, refusals, log }))
  const { directoryAddress, relayAddresses, signUp, hasRoster, maxSessionDurationMs } = config
  const common = { accounts, sessions, clock, log, realm }
  const ofAuth = {
    ...common,
    authorities: () => authorities,
    attempts,
    secondFactors,
    refusals,
    revocations,
    directoryAddress,
    relayAddresses,
    signUp,
  }

  const start = async (
    options: Pick<ServerOptions, 'host' | 'port' | 'proxied' | 'services' | 'security' | 'limits'>,
  ) =>
    resources.adopt(await startServer({ ...options, log, reflection: true, health: true }), (server) => server.stop())
  const authServer = await start({
    ...config.listen,
    proxied: config.proxied,
    services: [serve(AuthServiceService, createAuthService(ofAuth))],
    security: authSecurity(certificates),
    limits: serviceLimits(config.connectionsPerAddress, config.ratePerAccount),
  })
  await keepPublicAddress(config, authServer.port)
  const sealingServer = await start({
    ...config.sealingListen,
    services: [
      serve(SealingServiceService, createSealingService({ ...common, revocations, hasRoster, maxSessionDurationMs })),
    ],
    security: sealingSecurity(certificates),
    limits: SEALING_LIMITS,
  })
  resources.defer(
    keepCertificates({
      config,
      certificates,
      clock,
      log,
      intervalMs: reloadMs,
      onAuthorities(authoritiesPem) {
        authorities = inDer(authoritiesPem)
      },
      onChange(renewed) {
        certificates = renewed
        authServer.setCertificate(authSecurity(renewed))
        sealingServer.setCertificate(sealingSecurity(renewed))
      },
    }),
  )

  const canUseDatabase = async () => {
    await db.selectFrom('account').select('id').limit(1).execute()
    await probeDatabase(db)
    await requireFile()
  }
  resources.defer(
    keepChecking({
      checks: [{ of: 'the database', run: canUseDatabase }, certificateCheck(() => certificates.auth, clock)],
      log,
      intervalMs: healthIntervalMs,
      onChange(healthy) {
        for (const server of [authServer, sealingServer]) server.setServing(healthy)
      },
    }),
  )
  const adminServer = resources.adopt(await startAdminServer({ port: config.adminPort, log }), (server) =>
    server.stop(),
  )
  const { address: metricsAddress } = resources.use(
    await serveMetrics(config.metrics, [
      { name: 'sign_ins_waiting', help: 'Passwords that wait to be hashed.', read: () => queue.length },
      certificateGauge(() => certificates.auth, clock),
      authorityGauge(() => certificates.authoritiesPem, clock),
    ]),
  )
  const { healthPort } = config
  if (healthPort !== undefined) {
    const isServing = () => authServer.isServing
    resources.adopt(await startHealthPort({ port: healthPort, isServing }), (open) => open.stop())
  }
  const running = resources.move()
  return {
    address: formatAddress(authServer),
    proxiedAddress: authServer.proxiedAddress,
    sealingAddress: formatAddress(sealingServer),
    adminAddress: formatAddress(adminServer),
    metricsAddress,
    caPem: certificates.authoritiesPem,
    stop: () => running.disposeAsync(),
  }
}

function authSecurity({ auth }: Certificates): ServerSecurity {
  return { certificate: auth }
}

function sealingSecurity(certificates: Certificates): ServerSecurity {
  const roles = ['directory.sotto', 'relay.sotto'] as const
  const onlyClient = { roles, authoritiesPem: trustedBySealing(certificates) }
  return { certificate: certificates.sealing, onlyClient }
}

/** Where others share the database, they share the key: one that this process made would open nothing of theirs. */
async function wrappingKeysOf(
  { wrappingKeyFile, database }: Config,
  db: Kysely<AuthSchema>,
  clock: Clock,
): Promise<WrappingKeys> {
  if (database.kind === 'sqlite') return await claimWrappingKeys(db, wrappingKeyFile, clock)
  const keys = await loadWrappingKeys(wrappingKeyFile, clock)
  if (keys === undefined) throw noSharedKeys(wrappingKeyFile)
  return keys
}
