/**
 * Auth's settings, from environment variables.
 *
 * @module
 */

import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { PEOPLE_PER_ADDRESS } from '#lib/rpc/call-limits/limits-of-calls.ts'
import { INTERNAL_LIMITS } from '#lib/rpc/limits.ts'
import type { ProxiedListen } from '#lib/rpc/server.ts'
import {
  byDefault,
  coercedSetting,
  factorSetting,
  hostSetting,
  listSetting,
  logLevelSetting,
  pathSetting,
  portSetting,
  positiveSetting,
  proxiesSetting,
  readSettings,
  relaySetting,
} from '#lib/runtime/config.ts'
import { databaseSetting, databaseUrlFileSetting, databaseUrlSetting } from '#lib/runtime/database/database-setting.ts'
import type { DatabaseSetting } from '#lib/runtime/database/options.ts'
import { type Environment, sottoHome } from '#lib/runtime/environment.ts'
import type { LogLevel } from '#lib/runtime/log-levels.ts'
import { TRACE_MODES, type TraceMode } from '#lib/runtime/tracing/tracing.ts'
import { SIGN_UP_MODES, type SignUpMode } from './invites/redeem-invite.ts'
import type { HashingQueueLimits } from './passwords/hashing-queue.ts'
import {
  DEFAULT_PASSWORD_PARAMETERS,
  MAX_MEMORY_KIB,
  MAX_PASSES,
  type PasswordParameters,
} from './passwords/password-hash.ts'
import { DEFAULT_MAX_SESSION_DURATION_MS } from './sealing/seal-chat.ts'
import { DEFAULT_SESSION_LIFETIME_MS } from './sessions.ts'

/** The address and port on which a server listens. */
interface ListenAddress {
  /** An IP literal; `::` for all addresses, IPv4 included. */
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
}

export interface Config {
  /** `SOTTO_AUTH_HOST` (`::`), `SOTTO_AUTH_PORT` (7001): AuthService, for everybody. */
  readonly listen: ListenAddress
  /**
   * `SOTTO_AUTH_ADDRESS`: HOST:PORT under which clients reach AuthService, as `sotto admin` tells people, such as where a
   * container engine publishes the port under another number.
   *
   * - With a HOST: as it is set.
   * - Otherwise, where there is a door: the first of `SOTTO_NAMES` and `SOTTO_DOOR_PORT`; a port alone is auth's own.
   * - Otherwise, with a port: that name and the port.
   * - Not set: undefined, which stands for that name and the port that it listens on.
   */
  readonly publicAddress: string | undefined
  /**
   * `SOTTO_DOOR_PORT` (none): the door's port, if clients reach all services there. Undefined also for 0, any free one: that
   * is for `sotto up` to choose.
   */
  readonly doorPort: number | undefined
  /** `SOTTO_SEALING_HOST` (`127.0.0.1`), `SOTTO_SEALING_PORT` (7003): SealingService, for the directory alone. */
  readonly sealingListen: ListenAddress
  /**
   * `SOTTO_AUTH_PROXY_PORT` (none): a second port, for the door or another program that passes connections on and tells by
   * the PROXY protocol whose they are; 0 for any free one. `SOTTO_AUTH_PROXY_HOST` (`127.0.0.1`): where it listens.
   * `SOTTO_AUTH_PROXY_FROM` (this machine): the addresses and networks of those programs, which are believed.
   */
  readonly proxied: ProxiedListen | undefined
  /** `SOTTO_AUTH_ADMIN_PORT` (7011): channelz, on loopback alone; 0 for any free port. */
  readonly adminPort: number
  /** `SOTTO_AUTH_HEALTH_PORT` (none): health over plain HTTP, on loopback alone; 0 for any free port. */
  readonly healthPort: number | undefined
  /**
   * `SOTTO_DIRECTORY_ADDRESS`: the directory's HOST:PORT, as clients are told. An empty HOST means the one under which
   * they reached Auth, and so does the default, with the port of `SOTTO_DOOR_PORT` (none) or else of
   * `SOTTO_DIRECTORY_PORT` (7002).
   */
  readonly directoryAddress: string
  /**
   * `SOTTO_AUTH_DATABASE`: a URL `postgres://USER@HOST/DATABASE`; with a password it stands in a file that
   * `SOTTO_AUTH_DATABASE_FILE` names. Without either, SQLite in `auth.db` in the data folder.
   */
  readonly database: DatabaseSetting
  /** `SOTTO_AUTH_DATA`: the folder of `auth.db` and of the authority's and the servers' keys; `auth` in `SOTTO_HOME`. */
  readonly dataFolder: string
  /** `SOTTO_AUTH_CA`: the folder of the certificate authority, with its key; `ca` in the data folder. */
  readonly authorityFolder: string
  /** `SOTTO_AUTH_WRAPPING_KEY_FILE`: to be backed up apart from the database; `wrapping.key` in the data folder. */
  readonly wrappingKeyFile: string
  /**
   * `SOTTO_DIRECTORY_TLS`: the folder to leave the directory's certificate in; `tls` in `SOTTO_DIRECTORY_DATA`, which
   * is `directory` in `SOTTO_HOME`.
   */
  readonly directoryTlsFolder: string
  /**
   * `SOTTO_RELAY` (`on`), `SOTTO_RELAY_ADDRESSES`: the relays' HOST:PORT, as clients are told, separated by commas. An empty
   * HOST means the one under which they reached Auth, and so does the default, with the port of `SOTTO_DOOR_PORT` (none) or
   * else of `SOTTO_RELAY_PORT` (7004).
   * None where it is `off`.
   */
  readonly relayAddresses: readonly string[]
  /**
   * `SOTTO_RELAY_TLS`: the folder to leave the relay's certificate in; `tls` in `SOTTO_RELAY_DATA`, which is `relay` in
   * `SOTTO_HOME`. Undefined where there is no relay.
   */
  readonly relayTlsFolder: string | undefined
  /** `SOTTO_NAMES`: further names and addresses under which the services are reached, for their certificates; none. */
  readonly names: readonly string[]
  /**
   * `SOTTO_AUTH_PASSWORD_MEMORY_MIB` (19), `SOTTO_AUTH_PASSWORD_PASSES` (2): what a password hash costs. More is
   * allowed, less is not. Accounts follow at their next login.
   */
  readonly password: PasswordParameters
  /**
   * `SOTTO_AUTH_LOGIN_QUEUE` (128): how many logins may wait for their turn; 128 are through in about three seconds on
   * two cores, well before their callers give up. As many as there are cores are hashed at once; beyond four, the
   * thread pool has to be as large (`UV_THREADPOOL_SIZE`, set before the start).
   */
  readonly hashing: HashingQueueLimits
  /**
   * `SOTTO_AUTH_SIGN_UP` (`invite`): who may make an account for themselves. `invite`: whoever has the code of an invite;
   * `open`: everybody who can reach the server; `closed`: nobody, but for the administrator.
   */
  readonly signUp: SignUpMode
  /**
   * `SOTTO_AUTH_SECOND_FACTOR` (`optional`): `required` has everybody set one up as they sign in; the sessions of those who
   * have none end with the start.
   */
  readonly isSecondFactorRequired: boolean
  /** `SOTTO_AUTH_ROSTER` (`on`): whether members may list who the others are. */
  readonly hasRoster: boolean
  /**
   * `SOTTO_AUTH_CONNECTIONS_PER_ADDRESS` (1,000): how many connections may be open at once from one address. What an address
   * may call grows with them.
   */
  readonly connectionsPerAddress: number
  /** `SOTTO_AUTH_RATE_PER_ACCOUNT` (1): how many times as often as lib/rpc/call-limits says one account may call. */
  readonly ratePerAccount: number
  /** `SOTTO_AUTH_SESSION_DAYS` (30): how long a session lasts unused. In milliseconds. */
  readonly sessionLifetimeMs: number
  /** `SOTTO_AUTH_CONVERSATION_HOURS` (12): how long a conversation may go on without a new ticket. In milliseconds. */
  readonly maxSessionDurationMs: number
  /**
   * `SOTTO_AUTH_METRICS_HOST` (`127.0.0.1`), `SOTTO_AUTH_METRICS_PORT`: metrics for Prometheus; none without a port.
   */
  readonly metrics: ListenAddress | undefined
  /** `SOTTO_LOG_LEVEL` (`info`). */
  readonly logLevel: LogLevel
  /** `SOTTO_TRACES` (`off`): `otlp` sends spans of calls to where the `OTEL_…` variables say. */
  readonly traces: TraceMode
}

/** The most relays that clients are told of. */
const MAX_RELAYS = 16

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** HOST may be empty; the port may not be 0, since clients dial it. */
const handedOutSetting = z.string().check(
  z.regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:[\]]*):[1-9][0-9]{0,4}$/, 'expected HOST:PORT, [IPV6]:PORT or :PORT'),
  z.refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'a port is at most 65535'),
)

const SETTINGS = {
  SOTTO_HOME: z.optional(pathSetting),
  SOTTO_AUTH_HOST: byDefault(hostSetting, '::'),
  SOTTO_AUTH_PORT: byDefault(portSetting, 7001),
  SOTTO_AUTH_ADDRESS: z.optional(handedOutSetting),
  SOTTO_SEALING_HOST: byDefault(hostSetting, '127.0.0.1'),
  SOTTO_SEALING_PORT: byDefault(portSetting, 7003),
  SOTTO_AUTH_PROXY_HOST: byDefault(hostSetting, '127.0.0.1'),
  SOTTO_AUTH_PROXY_PORT: z.optional(portSetting),
  SOTTO_AUTH_PROXY_FROM: proxiesSetting,
  SOTTO_AUTH_ADMIN_PORT: byDefault(portSetting, 7011),
  SOTTO_AUTH_HEALTH_PORT: z.optional(portSetting),
  SOTTO_DIRECTORY_ADDRESS: z.optional(handedOutSetting),
  SOTTO_DIRECTORY_PORT: byDefault(portSetting, 7002),
  SOTTO_DIRECTORY_DATA: z.optional(pathSetting),
  SOTTO_DIRECTORY_TLS: z.optional(pathSetting),
  SOTTO_RELAY: relaySetting,
  SOTTO_RELAY_ADDRESSES: z.optional(
    z.pipe(listSetting, z.array(handedOutSetting).check(z.minLength(1), z.maxLength(MAX_RELAYS))),
  ),
  SOTTO_RELAY_PORT: byDefault(portSetting, 7004),
  SOTTO_RELAY_DATA: z.optional(pathSetting),
  SOTTO_RELAY_TLS: z.optional(pathSetting),
  SOTTO_AUTH_DATA: z.optional(pathSetting),
  SOTTO_AUTH_DATABASE: z.optional(databaseUrlSetting),
  SOTTO_AUTH_DATABASE_FILE: z.optional(databaseUrlFileSetting),
  SOTTO_AUTH_CA: z.optional(pathSetting),
  SOTTO_AUTH_WRAPPING_KEY_FILE: z.optional(pathSetting),
  SOTTO_NAMES: byDefault(listSetting, []),
  SOTTO_AUTH_PASSWORD_MEMORY_MIB: wholeNumber(DEFAULT_PASSWORD_PARAMETERS.memoryKib / 1024, MAX_MEMORY_KIB / 1024),
  SOTTO_AUTH_PASSWORD_PASSES: wholeNumber(DEFAULT_PASSWORD_PARAMETERS.passes, MAX_PASSES),
  SOTTO_AUTH_LOGIN_QUEUE: wholeNumber(1, 10_000, 128),
  SOTTO_AUTH_SIGN_UP: byDefault(z.enum(SIGN_UP_MODES), 'invite'),
  SOTTO_AUTH_SECOND_FACTOR: byDefault(z.enum(['optional', 'required']), 'optional'),
  SOTTO_AUTH_ROSTER: byDefault(z.enum(['on', 'off']), 'on'),
  SOTTO_AUTH_CONNECTIONS_PER_ADDRESS: wholeNumber(8, INTERNAL_LIMITS.maxConnections, PEOPLE_PER_ADDRESS),
  SOTTO_AUTH_RATE_PER_ACCOUNT: byDefault(factorSetting, 1),
  SOTTO_AUTH_SESSION_DAYS: byDefault(positiveSetting(3_650), DEFAULT_SESSION_LIFETIME_MS / DAY_MS),
  SOTTO_AUTH_CONVERSATION_HOURS: byDefault(positiveSetting(720), DEFAULT_MAX_SESSION_DURATION_MS / HOUR_MS),
  SOTTO_DOOR_PORT: z.optional(portSetting),
  SOTTO_AUTH_METRICS_HOST: byDefault(hostSetting, '127.0.0.1'),
  SOTTO_AUTH_METRICS_PORT: z.optional(portSetting),
  SOTTO_LOG_LEVEL: byDefault(logLevelSetting, 'info'),
  SOTTO_TRACES: byDefault(z.enum(TRACE_MODES), 'off'),
}

/**
 * The settings that are not Auth's but may be set beside its own: one environment may serve both services, and clients.
 */
const SETTINGS_OF_OTHERS = [
  'SOTTO_DIRECTORY_',
  'SOTTO_DOOR_',
  'SOTTO_RELAY_',
  'SOTTO_SEALING_ADDRESS',
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
    SOTTO_AUTH_PROXY_PORT: proxyPort,
    SOTTO_AUTH_PROXY_HOST: proxyHost,
    SOTTO_AUTH_PROXY_FROM: proxyFrom,
  } = settings
  const publicAddress = settings.SOTTO_AUTH_ADDRESS
  const namesHost = publicAddress !== undefined && !publicAddress.startsWith(':')
  const doorPort = settings.SOTTO_DOOR_PORT || undefined
  const doorAddress = doorPort === undefined ? undefined : `:${doorPort}`
  const home = sottoHome(env)
  const dataFolder = settings.SOTTO_AUTH_DATA ?? join(home, 'auth')
  const hasRelay = settings.SOTTO_RELAY === 'on'
  const relayDataFolder = settings.SOTTO_RELAY_DATA ?? join(home, 'relay')
  const directoryDataFolder = settings.SOTTO_DIRECTORY_DATA ?? join(home, 'directory')
  return {
    listen: { host: settings.SOTTO_AUTH_HOST, port: settings.SOTTO_AUTH_PORT },
    publicAddress: namesHost ? publicAddress : (doorAddress ?? publicAddress),
    doorPort,
    sealingListen: { host: settings.SOTTO_SEALING_HOST, port: settings.SOTTO_SEALING_PORT },
    proxied: proxyPort === undefined ? undefined : { host: proxyHost, port: proxyPort, from: proxyFrom },
    adminPort: settings.SOTTO_AUTH_ADMIN_PORT,
    healthPort: settings.SOTTO_AUTH_HEALTH_PORT,
    directoryAddress: settings.SOTTO_DIRECTORY_ADDRESS ?? doorAddress ?? `:${settings.SOTTO_DIRECTORY_PORT}`,
    database: databaseSetting(
      settings.SOTTO_AUTH_DATABASE,
      settings.SOTTO_AUTH_DATABASE_FILE,
      join(dataFolder, 'auth.db'),
    ),
    dataFolder,
    authorityFolder: settings.SOTTO_AUTH_CA ?? join(dataFolder, 'ca'),
    wrappingKeyFile: settings.SOTTO_AUTH_WRAPPING_KEY_FILE ?? join(dataFolder, 'wrapping.key'),
    directoryTlsFolder: settings.SOTTO_DIRECTORY_TLS ?? join(directoryDataFolder, 'tls'),
    relayAddresses: hasRelay
      ? (settings.SOTTO_RELAY_ADDRESSES ?? [doorAddress ?? `:${settings.SOTTO_RELAY_PORT}`])
      : [],
    relayTlsFolder: hasRelay ? (settings.SOTTO_RELAY_TLS ?? join(relayDataFolder, 'tls')) : undefined,
    names: settings.SOTTO_NAMES,
    password: {
      ...DEFAULT_PASSWORD_PARAMETERS,
      memoryKib: settings.SOTTO_AUTH_PASSWORD_MEMORY_MIB * 1024,
      passes: settings.SOTTO_AUTH_PASSWORD_PASSES,
    },
    hashing: { concurrency: availableParallelism(), capacity: settings.SOTTO_AUTH_LOGIN_QUEUE },
    signUp: settings.SOTTO_AUTH_SIGN_UP,
    isSecondFactorRequired: settings.SOTTO_AUTH_SECOND_FACTOR === 'required',
    hasRoster: settings.SOTTO_AUTH_ROSTER === 'on',
    connectionsPerAddress: settings.SOTTO_AUTH_CONNECTIONS_PER_ADDRESS,
    ratePerAccount: settings.SOTTO_AUTH_RATE_PER_ACCOUNT,
    sessionLifetimeMs: Math.ceil(settings.SOTTO_AUTH_SESSION_DAYS * DAY_MS),
    maxSessionDurationMs: Math.ceil(settings.SOTTO_AUTH_CONVERSATION_HOURS * HOUR_MS),
    metrics: metricsAt(settings.SOTTO_AUTH_METRICS_HOST, settings.SOTTO_AUTH_METRICS_PORT),
    logLevel: settings.SOTTO_LOG_LEVEL,
    traces: settings.SOTTO_TRACES,
  }
}

function wholeNumber(least: number, most: number, usual = least) {
  return byDefault(coercedSetting(least, most), usual)
}

function metricsAt(host: string, port: number | undefined): ListenAddress | undefined {
  return port === undefined ? undefined : { host, port }
}
