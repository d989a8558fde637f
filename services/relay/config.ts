/**
 * The relay's settings, from environment variables.
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
  readSettings,
  relaySetting,
  wholeNumberSetting,
} from '#lib/runtime/config.ts'
import { databaseSetting, databaseUrlFileSetting, databaseUrlSetting } from '#lib/runtime/database/database-setting.ts'
import type { DatabaseSetting } from '#lib/runtime/database/options.ts'
import { type Environment, sottoHome } from '#lib/runtime/environment.ts'
import type { LogLevel } from '#lib/runtime/log-levels.ts'
import { TRACE_MODES, type TraceMode } from '#lib/runtime/tracing/tracing.ts'
import { DEFAULT_LETTER_LIMITS, type LetterLimits } from './mailbox/letters.ts'
import type { QuotaLimits } from './quotas.ts'

export interface Config {
  /** `SOTTO_RELAY` (`on`): whether the host runs a relay. `sotto up` and Auth look at it; the relay itself runs. */
  readonly isOn: boolean
  /**
   * `SOTTO_RELAY_HOST` (`::`), `SOTTO_RELAY_PORT` (7004): an IP literal, `::` for all addresses, and a port, 0 for any free
   * one.
   */
  readonly listen: { readonly host: string; readonly port: number }
  /**
   * `SOTTO_RELAY_PROXY_PORT` (none): a second port, for the door or another program that passes connections on and tells by
   * the PROXY protocol whose they are; 0 for any free one. `SOTTO_RELAY_PROXY_HOST` (`127.0.0.1`): where it listens.
   * `SOTTO_RELAY_PROXY_FROM` (this machine): the addresses and networks of those programs, which are believed.
   */
  readonly proxied: ProxiedListen | undefined
  /** `SOTTO_RELAY_ADMIN_PORT` (7014): channelz, on loopback alone; 0 for any free port. */
  readonly adminPort: number
  /** `SOTTO_RELAY_HEALTH_PORT` (none): health over plain HTTP, on loopback alone; 0 for any free port. */
  readonly healthPort: number | undefined
  /**
   * `SOTTO_RELAY_CONNECTIONS` (25,000), `SOTTO_RELAY_CONNECTIONS_PER_ADDRESS` (1,000): how many connections may be open at
   * once, and how many of them from one address.
   */
  readonly connections: { readonly most: number; readonly mostPerAddress: number }
  /**
   * `SOTTO_RELAY_CONVERSATIONS` (256): how many conversations of one account may run through this relay at once.
   * `SOTTO_RELAY_BYTES_PER_SECOND` (16 MiB): what an account may send through it.
   */
  readonly quotas: QuotaLimits
  /** `SOTTO_RELAY_RATE_PER_ACCOUNT` (1): how many times as often as lib/rpc/call-limits says one account may call. */
  readonly ratePerAccount: number
  /**
   * `SOTTO_RELAY_LETTERS` (1,000), `SOTTO_RELAY_LETTER_BYTES` (32 MiB): what may wait for one account, and of one.
   * `SOTTO_RELAY_LETTERS_PER_PAIR` (64), `SOTTO_RELAY_LETTER_BYTES_PER_PAIR` (2 MiB): what may wait of one for another.
   */
  readonly letters: Pick<LetterLimits, 'account' | 'pair'>
  /**
   * `SOTTO_RELAY_DATABASE`: where letters and prekeys are, a URL `postgres://USER@HOST/DATABASE`, the same for all relays;
   * with a password it stands in a file that `SOTTO_RELAY_DATABASE_FILE` names. Without either, SQLite in `mailbox.db` in
   * the data folder, for one relay.
   */
  readonly database: DatabaseSetting
  /** `SOTTO_SEALING_ADDRESS` (localhost and `SOTTO_SEALING_PORT`, 7003): Auth's SealingService, as HOST:PORT. */
  readonly sealingAddress: string
  /** `SOTTO_RELAY_TLS`: the folder where Auth leaves the relay's certificate; `tls` in `SOTTO_RELAY_DATA`. */
  readonly tlsFolder: string
  /** `SOTTO_RELAY_METRICS_HOST` (`127.0.0.1`), `SOTTO_RELAY_METRICS_PORT`: metrics for Prometheus; none without a port. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined
  /** `SOTTO_LOG_LEVEL` (`info`). */
  readonly logLevel: LogLevel
  /** `SOTTO_TRACES` (`off`): `otlp` sends spans of calls to where the `OTEL_…` variables say. */
  readonly traces: TraceMode
}

/** No less than what is taken of everybody in any case. */
const lettersSetting = wholeNumberSetting(DEFAULT_LETTER_LIMITS.always.letters, 1e6)
const letterBytesSetting = wholeNumberSetting(DEFAULT_LETTER_LIMITS.always.bytes, 1e12)

const SETTINGS = {
  SOTTO_HOME: z.optional(pathSetting),
  SOTTO_RELAY: relaySetting,
  SOTTO_RELAY_HOST: byDefault(hostSetting, '::'),
  SOTTO_RELAY_PORT: byDefault(portSetting, 7004),
  SOTTO_RELAY_PROXY_HOST: byDefault(hostSetting, '127.0.0.1'),
  SOTTO_RELAY_PROXY_PORT: z.optional(portSetting),
  SOTTO_RELAY_PROXY_FROM: proxiesSetting,
  SOTTO_RELAY_ADMIN_PORT: byDefault(portSetting, 7014),
  SOTTO_RELAY_HEALTH_PORT: z.optional(portSetting),
  SOTTO_RELAY_CONNECTIONS: byDefault(connectionsSetting, 25_000),
  SOTTO_RELAY_CONNECTIONS_PER_ADDRESS: byDefault(connectionsSetting, 1_000),
  SOTTO_RELAY_CONVERSATIONS: byDefault(wholeNumberSetting(1, 256), 256),
  SOTTO_RELAY_BYTES_PER_SECOND: byDefault(wholeNumberSetting(64 * 1024, 1e12), 16 * 1024 * 1024),
  SOTTO_RELAY_RATE_PER_ACCOUNT: byDefault(factorSetting, 1),
  SOTTO_RELAY_LETTERS: byDefault(lettersSetting, DEFAULT_LETTER_LIMITS.account.letters),
  SOTTO_RELAY_LETTER_BYTES: byDefault(letterBytesSetting, DEFAULT_LETTER_LIMITS.account.bytes),
  SOTTO_RELAY_LETTERS_PER_PAIR: byDefault(lettersSetting, DEFAULT_LETTER_LIMITS.pair.letters),
  SOTTO_RELAY_LETTER_BYTES_PER_PAIR: byDefault(letterBytesSetting, DEFAULT_LETTER_LIMITS.pair.bytes),
  SOTTO_SEALING_ADDRESS: z.optional(addressSetting),
  SOTTO_SEALING_PORT: byDefault(portSetting, 7003),
  SOTTO_RELAY_DATA: z.optional(pathSetting),
  SOTTO_RELAY_DATABASE: z.optional(databaseUrlSetting),
  SOTTO_RELAY_DATABASE_FILE: z.optional(databaseUrlFileSetting),
  SOTTO_RELAY_TLS: z.optional(pathSetting),
  SOTTO_RELAY_METRICS_HOST: byDefault(hostSetting, '127.0.0.1'),
  SOTTO_RELAY_METRICS_PORT: z.optional(portSetting),
  SOTTO_LOG_LEVEL: byDefault(logLevelSetting, 'info'),
  SOTTO_TRACES: byDefault(z.enum(TRACE_MODES), 'off'),
}

/**
 * The settings that are not the relay's but may be set beside its own: one environment may serve all services, and clients.
 */
const SETTINGS_OF_OTHERS = [
  'SOTTO_AUTH_',
  'SOTTO_DIRECTORY_',
  'SOTTO_DOOR_',
  'SOTTO_SEALING_HOST',
  'SOTTO_RELAY_ADDRESSES',
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
    SOTTO_RELAY_PROXY_PORT: proxyPort,
    SOTTO_RELAY_PROXY_HOST: proxyHost,
    SOTTO_RELAY_PROXY_FROM: proxyFrom,
  } = settings
  const port = settings.SOTTO_RELAY_METRICS_PORT
  const dataFolder = settings.SOTTO_RELAY_DATA ?? join(sottoHome(env), 'relay')
  return {
    isOn: settings.SOTTO_RELAY === 'on',
    listen: { host: settings.SOTTO_RELAY_HOST, port: settings.SOTTO_RELAY_PORT },
    proxied: proxyPort === undefined ? undefined : { host: proxyHost, port: proxyPort, from: proxyFrom },
    adminPort: settings.SOTTO_RELAY_ADMIN_PORT,
    healthPort: settings.SOTTO_RELAY_HEALTH_PORT,
    connections: {
      most: settings.SOTTO_RELAY_CONNECTIONS,
      mostPerAddress: settings.SOTTO_RELAY_CONNECTIONS_PER_ADDRESS,
    },
    quotas: {
      conversations: settings.SOTTO_RELAY_CONVERSATIONS,
      bytesPerSecond: settings.SOTTO_RELAY_BYTES_PER_SECOND,
    },
    ratePerAccount: settings.SOTTO_RELAY_RATE_PER_ACCOUNT,
    letters: {
      account: { letters: settings.SOTTO_RELAY_LETTERS, bytes: settings.SOTTO_RELAY_LETTER_BYTES },
      pair: { letters: settings.SOTTO_RELAY_LETTERS_PER_PAIR, bytes: settings.SOTTO_RELAY_LETTER_BYTES_PER_PAIR },
    },
    database: databaseSetting(
      settings.SOTTO_RELAY_DATABASE,
      settings.SOTTO_RELAY_DATABASE_FILE,
      join(dataFolder, 'mailbox.db'),
    ),
    sealingAddress: settings.SOTTO_SEALING_ADDRESS ?? `localhost:${settings.SOTTO_SEALING_PORT}`,
    tlsFolder: settings.SOTTO_RELAY_TLS ?? join(dataFolder, 'tls'),
    metrics: port === undefined ? undefined : { host: settings.SOTTO_RELAY_METRICS_HOST, port },
    logLevel: settings.SOTTO_LOG_LEVEL,
    traces: settings.SOTTO_TRACES,
  }
}
