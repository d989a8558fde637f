/**
 * Auth's settings, from environment variables.
 *
 * @module
 */
import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { listSetting, logLevelSetting, portSetting, readSettings, z } from '#lib/runtime/config.ts'
import { type Environment, sottoHome } from '#lib/runtime/environment.ts'
import type { LogLevel } from '#lib/runtime/log.ts'
import type { HashingQueueLimits } from './hashing-queue.ts'
import { DEFAULT_PASSWORD_PARAMETERS, MAX_MEMORY_KIB, MAX_PASSES, type PasswordParameters } from './password-hash.ts'
import { DEFAULT_LONGEST_SESSION_MS } from './sealing.ts'
import { DEFAULT_SESSION_LIFETIME_MS } from './sessions.ts'

/** Where a server listens. */
export interface ListenAddress {
  /** An IP literal; `::` for all addresses, IPv4 included. */
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
}

export interface AuthConfig {
  /** `SOTTO_AUTH_HOST` (`::`), `SOTTO_AUTH_PORT` (7001): AuthService, for everybody. */
  readonly listen: ListenAddress
  /** `SOTTO_SEALING_HOST` (`127.0.0.1`), `SOTTO_SEALING_PORT` (7003): SealingService, for the directory alone. */
  readonly sealingListen: ListenAddress
  /**
   * `SOTTO_DIRECTORY_ADDRESS`: the directory's HOST:PORT, as clients are told. An empty HOST means the one under which
   * they reached Auth, and so does the default, with the port of `SOTTO_DIRECTORY_PORT` (7002).
   */
  readonly directoryAddress: string
  /** `SOTTO_AUTH_DIR` (`SOTTO_HOME/auth`): the authority's and the servers' keys, and `auth.db`. */
  readonly dataDir: string
  /** `SOTTO_WRAPPING_KEY_FILE` (`SOTTO_AUTH_DIR/wrapping.key`): to be backed up elsewhere than the database. */
  readonly wrappingKeyFile: string
  /** `SOTTO_DIRECTORY_TLS_DIR` (`SOTTO_HOME/directory/tls`): where the directory finds its certificate. */
  readonly directoryTlsDir: string
  /** `SOTTO_NAMES` (none): further names and addresses under which the services are reached, for their certificates. */
  readonly names: readonly string[]
  /**
   * `SOTTO_PASSWORD_MEMORY_MIB` (19), `SOTTO_PASSWORD_PASSES` (2): what a password hash costs. More is allowed, less
   * is not. Accounts follow at their next login.
   */
  readonly password: PasswordParameters
  /**
   * `SOTTO_LOGIN_QUEUE` (128): how many logins may wait for their turn; 128 are through in two seconds on two cores.
   * As many as there are cores are hashed at once.
   */
  readonly hashing: HashingQueueLimits
  /** `SOTTO_SESSION_LIFETIME` (`30d`): how long a session lasts unused, in milliseconds. */
  readonly sessionLifetimeMs: number
  /** `SOTTO_LONGEST_SESSION` (`12h`): how long a conversation may go on without a new ticket, in milliseconds. */
  readonly longestSessionMs: number
  /** `SOTTO_LOG_LEVEL` (`info`). */
  readonly logLevel: LogLevel
}

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A whole number and a unit: `90s`, `15m`, `12h`, `30d`; at most ten years. Becomes milliseconds. */
const durationSetting = z
  .string()
  .regex(/^[1-9]\d{0,8}[smhd]$/, 'must be a number with a unit, as in 90s, 15m, 12h or 30d')
  .transform((text) => Number(text.slice(0, -1)) * UNIT_MS[text.slice(-1) as keyof typeof UNIT_MS])
  .refine((milliseconds) => milliseconds <= 3650 * UNIT_MS.d, 'must be at most 3650d')

const hostSetting = z.string().refine((text) => isIP(text) !== 0, 'must be an IPv4 or IPv6 literal')

const HOST_AND_PORT = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]*):\d{1,5}$/

const SETTINGS = {
  SOTTO_HOME: z.string().optional(),
  SOTTO_AUTH_HOST: hostSetting.default('::'),
  SOTTO_AUTH_PORT: portSetting.default(7001),
  SOTTO_SEALING_HOST: hostSetting.default('127.0.0.1'),
  SOTTO_SEALING_PORT: portSetting.default(7003),
  SOTTO_DIRECTORY_PORT: portSetting.default(7002),
  SOTTO_DIRECTORY_ADDRESS: z.string().regex(HOST_AND_PORT, 'must be HOST:PORT, [IPV6]:PORT or :PORT').optional(),
  SOTTO_AUTH_DIR: z.string().optional(),
  SOTTO_WRAPPING_KEY_FILE: z.string().optional(),
  SOTTO_DIRECTORY_TLS_DIR: z.string().optional(),
  SOTTO_NAMES: listSetting.default([]),
  SOTTO_PASSWORD_MEMORY_MIB: z.coerce
    .number()
    .int()
    .min(DEFAULT_PASSWORD_PARAMETERS.memoryKib / 1024)
    .max(MAX_MEMORY_KIB / 1024)
    .default(DEFAULT_PASSWORD_PARAMETERS.memoryKib / 1024),
  SOTTO_PASSWORD_PASSES: z.coerce
    .number()
    .int()
    .min(DEFAULT_PASSWORD_PARAMETERS.passes)
    .max(MAX_PASSES)
    .default(DEFAULT_PASSWORD_PARAMETERS.passes),
  SOTTO_LOGIN_QUEUE: z.coerce.number().int().min(1).max(10_000).default(128),
  SOTTO_SESSION_LIFETIME: durationSetting.default(DEFAULT_SESSION_LIFETIME_MS),
  SOTTO_LONGEST_SESSION: durationSetting.default(DEFAULT_LONGEST_SESSION_MS),
  SOTTO_LOG_LEVEL: logLevelSetting.default('info'),
}

/** Settings of the directory, which may be set for both. */
const OTHERS = ['SOTTO_DIRECTORY_']

/**
 * Read the settings.
 *
 * @throws SottoError `ERR_CONFIG` that names everything that is wrong.
 */
export function readAuthConfig(env: Environment): AuthConfig {
  const settings = readSettings(SETTINGS, env, OTHERS)
  const home = sottoHome(env)
  const dataDir = settings.SOTTO_AUTH_DIR ?? join(home, 'auth')
  return {
    listen: { host: settings.SOTTO_AUTH_HOST, port: settings.SOTTO_AUTH_PORT },
    sealingListen: { host: settings.SOTTO_SEALING_HOST, port: settings.SOTTO_SEALING_PORT },
    directoryAddress: settings.SOTTO_DIRECTORY_ADDRESS ?? `:${settings.SOTTO_DIRECTORY_PORT}`,
    dataDir,
    wrappingKeyFile: settings.SOTTO_WRAPPING_KEY_FILE ?? join(dataDir, 'wrapping.key'),
    directoryTlsDir: settings.SOTTO_DIRECTORY_TLS_DIR ?? join(home, 'directory', 'tls'),
    names: settings.SOTTO_NAMES,
    password: {
      ...DEFAULT_PASSWORD_PARAMETERS,
      memoryKib: settings.SOTTO_PASSWORD_MEMORY_MIB * 1024,
      passes: settings.SOTTO_PASSWORD_PASSES,
    },
    hashing: { concurrency: availableParallelism(), capacity: settings.SOTTO_LOGIN_QUEUE },
    sessionLifetimeMs: settings.SOTTO_SESSION_LIFETIME,
    longestSessionMs: settings.SOTTO_LONGEST_SESSION,
    logLevel: settings.SOTTO_LOG_LEVEL,
  }
}

/** Where the database is. */
export function databasePath({ dataDir }: Pick<AuthConfig, 'dataDir'>): string {
  return join(dataDir, 'auth.db')
}
