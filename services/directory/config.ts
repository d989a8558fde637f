/**
 * The directory's settings.
 *
 * @module
 */
import { join } from 'node:path'
import { logLevelSetting, portSetting, readSettings, z } from '#lib/runtime/config.ts'
import { type Environment, sottoHome } from '#lib/runtime/environment.ts'
import type { LogLevel } from '#lib/runtime/log.ts'

export interface Config {
  /** `SOTTO_DIRECTORY_HOST`: the IP literal to listen on; all addresses of the machine unless set. */
  readonly host: string
  /** `SOTTO_DIRECTORY_PORT`: 7002 unless set, 0 for any free one. */
  readonly port: number
  /** `SOTTO_SEALING_ADDRESS`: where Auth's SealingService listens, as HOST:PORT; localhost:7003 unless set. */
  readonly sealingAddress: string
  /** `SOTTO_DIRECTORY_DATA`: the folder of the database; `directory` in `SOTTO_HOME` unless set. */
  readonly dataFolder: string
  /** `SOTTO_DIRECTORY_TLS`: the folder where Auth leaves our certificate; `tls` in the data folder unless set. */
  readonly tlsFolder: string
  /** `SOTTO_DIRECTORY_TLS_WAIT_SECONDS`: how long a first start waits for that certificate; 60 unless set. */
  readonly tlsWaitMs: number
  /** `SOTTO_DIRECTORY_BEAT_SECONDS`: how often an open announcement is answered; 20 unless set, as the contract says. */
  readonly beatMs: number
  /** `SOTTO_LOG_LEVEL`: info unless set. */
  readonly logLevel: LogLevel
}

const secondsSetting = z.coerce.number().positive().max(3_600)

const addressSetting = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):[1-9][0-9]{0,4}$/, 'expected HOST:PORT, with an IPv6 address in brackets')

/**
 * Read the settings, all of them, before anything is started.
 *
 * @throws SottoError `ERR_CONFIG` that names everything that is wrong.
 */
export function readConfig(env: Environment): Config {
  const settings = readSettings(
    {
      SOTTO_HOME: z.string().optional(),
      SOTTO_DIRECTORY_HOST: z.union([z.ipv4(), z.ipv6()]).default('::'),
      SOTTO_DIRECTORY_PORT: portSetting.default(7002),
      SOTTO_SEALING_ADDRESS: addressSetting.default('localhost:7003'),
      SOTTO_DIRECTORY_DATA: z.string().optional(),
      SOTTO_DIRECTORY_TLS: z.string().optional(),
      SOTTO_DIRECTORY_TLS_WAIT_SECONDS: secondsSetting.default(60),
      SOTTO_DIRECTORY_BEAT_SECONDS: secondsSetting.default(20),
      SOTTO_LOG_LEVEL: logLevelSetting.default('info'),
    },
    env,
    // One environment may serve both services.
    ['SOTTO_AUTH_', 'SOTTO_NAMES', 'SOTTO_SEALING_'],
  )
  const dataFolder = settings.SOTTO_DIRECTORY_DATA ?? join(sottoHome(env), 'directory')
  return {
    host: settings.SOTTO_DIRECTORY_HOST,
    port: settings.SOTTO_DIRECTORY_PORT,
    sealingAddress: settings.SOTTO_SEALING_ADDRESS,
    dataFolder,
    tlsFolder: settings.SOTTO_DIRECTORY_TLS ?? join(dataFolder, 'tls'),
    tlsWaitMs: settings.SOTTO_DIRECTORY_TLS_WAIT_SECONDS * 1000,
    beatMs: settings.SOTTO_DIRECTORY_BEAT_SECONDS * 1000,
    logLevel: settings.SOTTO_LOG_LEVEL,
  }
}
