/**
 * The directory's settings, from environment variables.
 *
 * @module
 */

import { join } from 'node:path'
import * as z from 'zod/mini'
import type { ProxiedListen } from '#lib/rpc/server.ts'
import {
  addressSetting,
  byDefault,
  connectionsSetting,
  factorSetting,
  hostSetting,
  logLevelSetting,
  pathSetting,
  portSetting,
  proxiesSetting,
  rangesSetting,
  readSettings,
} from '#lib/runtime/config.ts'
import { databaseSetting, databaseUrlFileSetting, databaseUrlSetting } from '#lib/runtime/database/database-setting.ts'
import type { DatabaseSetting } from '#lib/runtime/database/options.ts'
import { type Environment, sottoHome } from '#lib/runtime/environment.ts'
import type { LogLevel } from '#lib/runtime/log-levels.ts'
import type { Ranges } from '#lib/runtime/network/ranges.ts'
import { TRACE_MODES, type TraceMode } from '#lib/runtime/tracing/tracing.ts'

export interface Config {
  /**
   * `SOTTO_DIRECTORY_HOST` (`::`), `SOTTO_DIRECTORY_PORT` (7002): an IP literal, `::` for all addresses, and a port, 0
   * for any free one.
   */
  readonly listen: { readonly host: string; readonly port: number }
  /**
   * `SOTTO_DIRECTORY_PROXY_PORT` (none): a second port, for the door or another program that passes connections on and tells by
   * the PROXY protocol whose they are; 0 for any free one. `SOTTO_DIRECTORY_PROXY_HOST` (`127.0.0.1`): where it listens.
   * `SOTTO_DIRECTORY_PROXY_FROM` (this machine): the addresses and networks of those programs, which are believed.
   */
  readonly proxied: ProxiedListen | undefined
  /** `SOTTO_DIRECTORY_ADMIN_PORT` (7012): channelz, on loopback alone; 0 for any free port. */
  readonly adminPort: number
  /** `SOTTO_DIRECTORY_HEALTH_PORT` (none): health over plain HTTP, on loopback alone; 0 for any free port. */
  readonly healthPort: number | undefined
  /**
   * `SOTTO_DIRECTORY_CONNECTIONS` (25,000), `SOTTO_DIRECTORY_CONNECTIONS_PER_ADDRESS` (1,000): how many connections may be
   * open at once, and how many of them from one address. Seven in eight may be of people who are online, so that there is
   * room for calls. Each takes a file descriptor and some 100 KB.
   */
  readonly connections: { readonly most: number; readonly mostPerAddress: number }
  /**
   * `SOTTO_DIRECTORY_RATE_PER_ACCOUNT` (1): how many times as often as lib/rpc/call-limits says one account may call. What an
   * address may grows with its connections.
   */
  readonly ratePerAccount: number
  /**
   * `SOTTO_DIRECTORY_ENDPOINTS` (none): further addresses and networks, separated by commas, at which others may be told to
   * call somebody: those that a router passes on, such as `203.0.113.7, 2001:db8::/32`. Private addresses, and the one that
   * somebody calls from, need no mention.
   */
  readonly allowedEndpoints: Ranges
  /** `SOTTO_SEALING_ADDRESS` (localhost and `SOTTO_SEALING_PORT`, 7003): Auth's SealingService, as HOST:PORT. */
  readonly sealingAddress: string
  /**
   * `SOTTO_DIRECTORY_DATABASE`: a URL `postgres://USER@HOST/DATABASE`; with a password it stands in a file that
   * `SOTTO_DIRECTORY_DATABASE_FILE` names. Without either, SQLite in `directory.db` in the data folder.
   */
  readonly database: DatabaseSetting
  /** `SOTTO_DIRECTORY_DATA`: the folder of `directory.db`; `directory` in `SOTTO_HOME`. */
  readonly dataFolder: string
  /** `SOTTO_DIRECTORY_TLS`: the folder where Auth leaves the directory's certificate; `tls` in the data folder. */
  readonly tlsFolder: string
  /**
   * `SOTTO_DIRECTORY_METRICS_HOST` (`127.0.0.1`), `SOTTO_DIRECTORY_METRICS_PORT`: metrics for Prometheus; none without a
   * port.
   */
  readonly metrics: { readonly host: string; readonly port: number } | undefined
  /** `SOTTO_LOG_LEVEL` (`info`). */
  readonly logLevel: LogLevel
  /** `SOTTO_TRACES` (`off`): `otlp` sends spans of calls to where the `OTEL_…` variables say. */
  readonly traces: TraceMode
}

const SETTINGS = {
  SOTTO_HOME: z.optional(pathSetting),
  SOTTO_DIRECTORY_HOST: byDefault(hostSetting, '::'),
  SOTTO_DIRECTORY_PORT: byDefault(portSetting, 7002),
  SOTTO_DIRECTORY_PROXY_HOST: byDefault(hostSetting, '127.0.0.1'),
  SOTTO_DIRECTORY_PROXY_PORT: z.optional(portSetting),
  SOTTO_DIRECTORY_PROXY_FROM: proxiesSetting,
  SOTTO_DIRECTORY_ADMIN_PORT: byDefault(portSetting, 7012),
  SOTTO_DIRECTORY_HEALTH_PORT: z.optional(portSetting),
  SOTTO_DIRECTORY_CONNECTIONS: byDefault(connectionsSetting, 25_000),
  SOTTO_DIRECTORY_CONNECTIONS_PER_ADDRESS: byDefault(connectionsSetting, 1_000),
  SOTTO_DIRECTORY_RATE_PER_ACCOUNT: byDefault(factorSetting, 1),
  SOTTO_DIRECTORY_ENDPOINTS: z.prefault(rangesSetting, ''),
  SOTTO_SEALING_ADDRESS: z.optional(addressSetting),
  SOTTO_SEALING_PORT: byDefault(portSetting, 7003),
  SOTTO_DIRECTORY_DATA: z.optional(pathSetting),
  SOTTO_DIRECTORY_DATABASE: z.optional(databaseUrlSetting),
  SOTTO_DIRECTORY_DATABASE_FILE: z.optional(databaseUrlFileSetting),
  SOTTO_DIRECTORY_TLS: z.optional(pathSetting),
  SOTTO_DIRECTORY_METRICS_HOST: byDefault(hostSetting, '127.0.0.1'),
  SOTTO_DIRECTORY_METRICS_PORT: z.optional(portSetting),
  SOTTO_LOG_LEVEL: byDefault(logLevelSetting, 'info'),
  SOTTO_TRACES: byDefault(z.enum(TRACE_MODES), 'off'),
}

/**
 * The settings that are not the directory's but may be set beside its own: one environment may serve both services, and
 * clients.
 */
const SETTINGS_OF_OTHERS = [
  'SOTTO_AUTH_',
  'SOTTO_DOOR_',
  'SOTTO_RELAY',
  'SOTTO_RELAY_',
  'SOTTO_SEALING_HOST',
  'SOTTO_DIRECTORY_ADDRESS',
  'SOTTO_NAMES',
  'SOTTO_CHANNEL_TIMES',
  'SOTTO_PASSPHRASE_FILE',
]

/**
 * Read the settings, all of them, before anything is started.
 *
 * @throws SottoError `ERR_CONFIG` that names everything that is wrong.
 */
export function readConfig(env: Environment): Config {
  const settings = readSettings(SETTINGS, env, SETTINGS_OF_OTHERS)
  const {
    SOTTO_DIRECTORY_PROXY_PORT: proxyPort,
    SOTTO_DIRECTORY_PROXY_HOST: proxyHost,
    SOTTO_DIRECTORY_PROXY_FROM: proxyFrom,
  } = settings
  const port = settings.SOTTO_DIRECTORY_METRICS_PORT
  const dataFolder = settings.SOTTO_DIRECTORY_DATA ?? join(sottoHome(env), 'directory')
  return {
    listen: { host: settings.SOTTO_DIRECTORY_HOST, port: settings.SOTTO_DIRECTORY_PORT },
    proxied: proxyPort === undefined ? undefined : { host: proxyHost, port: proxyPort, from: proxyFrom },
    adminPort: settings.SOTTO_DIRECTORY_ADMIN_PORT,
    healthPort: settings.SOTTO_DIRECTORY_HEALTH_PORT,
    connections: {
      most: settings.SOTTO_DIRECTORY_CONNECTIONS,
      mostPerAddress: settings.SOTTO_DIRECTORY_CONNECTIONS_PER_ADDRESS,
    },
    ratePerAccount: settings.SOTTO_DIRECTORY_RATE_PER_ACCOUNT,
    allowedEndpoints: settings.SOTTO_DIRECTORY_ENDPOINTS,
    sealingAddress: settings.SOTTO_SEALING_ADDRESS ?? `localhost:${settings.SOTTO_SEALING_PORT}`,
    database: databaseSetting(
      settings.SOTTO_DIRECTORY_DATABASE,
      settings.SOTTO_DIRECTORY_DATABASE_FILE,
      join(dataFolder, 'directory.db'),
    ),
    dataFolder,
    tlsFolder: settings.SOTTO_DIRECTORY_TLS ?? join(dataFolder, 'tls'),
    metrics: port === undefined ? undefined : { host: settings.SOTTO_DIRECTORY_METRICS_HOST, port },
    logLevel: settings.SOTTO_LOG_LEVEL,
    traces: settings.SOTTO_TRACES,
  }
}
