/**
 * The door's settings, from environment variables.
 *
 * @module
 */
import * as z from 'zod/mini'
import {
  addressSetting,
  byDefault,
  hostSetting,
  logLevelSetting,
  portSetting,
  readSettings,
  relaySetting,
  wholeNumberSetting,
} from '#lib/runtime/config.ts'
import { type Environment, invalidSettings } from '#lib/runtime/environment.ts'
import type { LogLevel } from '#lib/runtime/log-levels.ts'
import type { MetricsAddress } from '#lib/runtime/metrics/metrics.ts'
import { SERVICES, type Service } from './roles.ts'

export interface Config {
  /**
   * `SOTTO_DOOR_HOST` (`::`), `SOTTO_DOOR_PORT` (443): an IP literal, `::` for all addresses, and a port, 0 for any free
   * one.
   */
  readonly listen: { readonly host: string; readonly port: number }
  /**
   * `SOTTO_DOOR_TO_AUTH`, `SOTTO_DOOR_TO_DIRECTORY`, `SOTTO_DOOR_TO_RELAY` (none): the HOST:PORT where each service takes
   * what the door passes on, its `…_PROXY_PORT`. Who asks for one that is not set is refused, but at least one is. With
   * `SOTTO_RELAY` (`on`) set to `off` there is no relay, whatever is set.
   */
  readonly services: ReadonlyMap<Service, string>
  /**
   * `SOTTO_DOOR_CONNECTIONS` (25,000), `SOTTO_DOOR_CONNECTIONS_PER_ADDRESS` (2,000): how many connections may be open at
   * once, and how many of them from one address; the services have limits of their own behind. Each takes two file
   * descriptors.
   */
  readonly connections: { readonly most: number; readonly mostPerAddress: number }
  /** `SOTTO_DOOR_HEALTH_PORT` (none): health over plain HTTP, on loopback alone; 0 for any free port. */
  readonly healthPort: number | undefined
  /** `SOTTO_DOOR_METRICS_HOST` (`127.0.0.1`), `SOTTO_DOOR_METRICS_PORT`: metrics for Prometheus; none without a port. */
  readonly metrics: MetricsAddress | undefined
  /** `SOTTO_LOG_LEVEL` (`info`). */
  readonly logLevel: LogLevel
}

const connectionsSetting = wholeNumberSetting(1, 1_000_000)

const SETTINGS = {
  SOTTO_DOOR_HOST: byDefault(hostSetting, '::'),
  SOTTO_DOOR_PORT: byDefault(portSetting, 443),
  SOTTO_DOOR_TO_AUTH: z.optional(addressSetting),
  SOTTO_DOOR_TO_DIRECTORY: z.optional(addressSetting),
  SOTTO_DOOR_TO_RELAY: z.optional(addressSetting),
  SOTTO_RELAY: relaySetting,
  SOTTO_DOOR_CONNECTIONS: byDefault(connectionsSetting, 25_000),
  SOTTO_DOOR_CONNECTIONS_PER_ADDRESS: byDefault(connectionsSetting, 2_000),
  SOTTO_DOOR_HEALTH_PORT: z.optional(portSetting),
  SOTTO_DOOR_METRICS_HOST: byDefault(hostSetting, '127.0.0.1'),
  SOTTO_DOOR_METRICS_PORT: z.optional(portSetting),
  SOTTO_LOG_LEVEL: byDefault(logLevelSetting, 'info'),
}

const settingOf = (service: Service) => `SOTTO_DOOR_TO_${service.toUpperCase() as Uppercase<Service>}` as const

/** The settings that are not the door's but may be set beside its own: one environment may serve all, and clients. */
const SETTINGS_OF_OTHERS = [
  'SOTTO_HOME',
  'SOTTO_AUTH_',
  'SOTTO_DIRECTORY_',
  'SOTTO_RELAY_',
  'SOTTO_SEALING_',
  'SOTTO_NAMES',
  'SOTTO_TRACES',
  'SOTTO_CHANNEL_TIMES',
  'SOTTO_PASSPHRASE_FILE',
]

/**
 * Read the settings, all of them, before anything is started.
 *
 * @throws SottoError `ERR_CONFIG` that names everything that is wrong.
 */
export function readConfig(env: Environment): Config {
  const read = readSettings(SETTINGS, env, SETTINGS_OF_OTHERS)
  const services = new Map<Service, string>()
  for (const service of SERVICES) {
    const address = service === 'relay' && read.SOTTO_RELAY === 'off' ? undefined : read[settingOf(service)]
    if (address !== undefined) services.set(service, address)
  }
  if (services.size === 0) throw invalidSettings([`${SERVICES.map(settingOf).join(', ')}: at least one has to be set`])
  const metricsPort = read.SOTTO_DOOR_METRICS_PORT
  return {
    listen: { host: read.SOTTO_DOOR_HOST, port: read.SOTTO_DOOR_PORT },
    services,
    connections: { most: read.SOTTO_DOOR_CONNECTIONS, mostPerAddress: read.SOTTO_DOOR_CONNECTIONS_PER_ADDRESS },
    healthPort: read.SOTTO_DOOR_HEALTH_PORT,
    metrics: metricsPort === undefined ? undefined : { host: read.SOTTO_DOOR_METRICS_HOST, port: metricsPort },
    logLevel: read.SOTTO_LOG_LEVEL,
  }
}
