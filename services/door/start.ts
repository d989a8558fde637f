/**
 * The door, from its settings to a listening port.
 *
 * @module
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { HealthPort } from '#lib/rpc/sockets/health-port.ts'
import type { RoomLimits } from '#lib/rpc/sockets/waiting-room.ts'
import { formatAddress, parseAddress } from '#lib/runtime/address.ts'
import { openFilesLimit } from '#lib/runtime/files.ts'
import { HEALTH_INTERVAL_MS, keepChecking } from '#lib/runtime/health/keep-checking.ts'
import type { Logger } from '#lib/runtime/log.ts'
import { serveMetrics } from '#lib/runtime/metrics/metrics.ts'
import { bindPort } from '#lib/runtime/network/bind.ts'
import type { Config } from './config.ts'
import { type STRANGERS, Visitors } from './visitors.ts'

export interface DoorDependencies {
  readonly log: Logger
  /** How many may be about to say where they want; {@link STRANGERS} unless set. */
  readonly strangers?: RoomLimits
  /** How long a caller may take nothing of what waits, in milliseconds; `UNREAD_TIMEOUT_MS` unless set. */
  readonly unreadTimeoutMs?: number
  /** How often it is seen whether the services answer, in milliseconds; {@link HEALTH_INTERVAL_MS} unless set. */
  readonly healthIntervalMs?: number
  /** How long connections have to end by themselves at the stop, in milliseconds; {@link STOP_GRACE_MS} unless set. */
  readonly stopGraceMs?: number
}

export interface RunningDoor {
  /** HOST:PORT. */
  readonly address: string
  /** The port of the health; undefined where there is none. */
  readonly healthPort: number | undefined
  /** The address of the metrics, HOST:PORT; undefined where there are none. */
  readonly metricsAddress: string | undefined
  /** Stop in order: take nobody in any more, let what is open end by itself for a while, then cut it. */
  stop(): Promise<void>
}

/** As for a service's own server: well within the 10 s of `docker stop`. */
export const STOP_GRACE_MS = 3_000

/** Files that the door has open beside its connections, at most. */
const OWN_FILES = 64

/**
 * Start the door. The services need not run by then.
 *
 * @throws SottoError `ERR_CONFIG` if a port cannot be had. Nothing is left running then.
 */
export async function startDoor(config: Config, dependencies: DoorDependencies): Promise<RunningDoor> {
  const {
    log,
    strangers,
    unreadTimeoutMs,
    healthIntervalMs = HEALTH_INTERVAL_MS,
    stopGraceMs = STOP_GRACE_MS,
  } = dependencies
  await using resources = new AsyncDisposableStack()
  const { services } = config
  const visitors = new Visitors({
    services,
    connections: await connectionsOf(config, log),
    strangers,
    unreadTimeoutMs,
    log,
  })
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => visitors.add(socket))
  const { host } = config.listen
  const port = await bindPort(server, host, config.listen.port)
  server.on('error', (error) => log.error({ err: error }, 'cannot accept connections'))
  resources.defer(async () => {
    const closed = once(server, 'close')
    server.close()
    const timer = setTimeout(() => visitors.destroy(), stopGraceMs)
    await closed
    clearTimeout(timer)
  })

  let isHealthy = true
  resources.defer(
    keepChecking({
      checks: [...services].map(([service, address]) => ({ of: service, run: () => answer(address) })),
      log,
      intervalMs: healthIntervalMs,
      onChange(healthy) {
        isHealthy = healthy
      },
    }),
  )
  const { address: metricsAddress } = resources.use(
    await serveMetrics(config.metrics, [
      { name: 'connections', help: 'Connections of callers that are open.', read: () => visitors.size },
      {
        name: 'connections_waiting',
        help: 'Connections of callers who have not said where they want.',
        read: () => visitors.waiting,
      },
    ]),
  )
  const health = config.healthPort === undefined ? undefined : await startHealth(config.healthPort, () => isHealthy)
  if (health !== undefined) resources.defer(() => health.stop())
  const running = resources.move()
  return {
    address: formatAddress({ host, port }),
    healthPort: health?.port,
    metricsAddress,
    stop: () => running.disposeAsync(),
  }
}

/** Without it, and without metrics, HTTP is not loaded, which would take 10 MB. */
async function startHealth(port: number, isServing: () => boolean): Promise<HealthPort> {
  const { startHealthPort } = await import('#lib/rpc/sockets/health-port.ts')
  return await startHealthPort({ port, isServing })
}

/** Whether somebody takes connections at an address. @throws Error if not. */
async function answer(address: string): Promise<void> {
  const socket = connect(parseAddress(address))
  socket.setTimeout(HEALTH_INTERVAL_MS, () => socket.destroy(new Error('it does not answer in time')))
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}

/** As many connections as the settings say, or as there may be files for. */
async function connectionsOf({ connections }: Config, log: Logger): Promise<Config['connections']> {
  const openFiles = (await openFilesLimit()) ?? Number.POSITIVE_INFINITY
  const most = Math.min(connections.most, Math.floor((openFiles - OWN_FILES) / 2))
  if (most < connections.most) {
    log.info(
      { openFiles, connections: most },
      'fewer connections than SOTTO_DOOR_CONNECTIONS: raise the limit of open files (ulimit -n)',
    )
  }
  return { ...connections, most }
}
