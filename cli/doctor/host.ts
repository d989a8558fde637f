/**
 * What `sotto doctor` looks at on a host's machine: the settings of the services, their database, certificates and health.
 *
 * @module
 */
import { stat } from 'node:fs/promises'
import { SottoError } from '#lib/errors.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { Environment } from '#lib/runtime/environment.ts'
import type { Config } from '../../services/auth/config.ts'
import { type ServiceName, targetOf } from '../health.ts'
import { check, type Report, type Seen } from './finding.ts'
import { certificateSeen } from './server.ts'

const AUTHORITY_TODO = 'sotto admin rotate authority; who does not come before that end needs a new link'

const SERVICES = ['auth', 'directory'] as const

/** Check the installation of this machine, if it has one. @returns whether it does. */
export async function checkHost(report: Report, env: Environment, clock: Clock): Promise<boolean> {
  const { readConfig } = await import('../../services/auth/config.ts')
  const { readConfig: readDirectoryConfig } = await import('../../services/directory/config.ts')
  const { readConfig: readRelayConfig } = await import('../../services/relay/config.ts')
  const settings = await check(report, 'settings of the services', () => {
    const config = readConfig(env)
    readDirectoryConfig(env)
    readRelayConfig(env)
    return { config, text: 'can be read' }
  })
  if (settings === undefined) return false
  const { config } = settings
  await check(report, 'database', () => checkDatabase(config, clock))
  const { certificateEnds } = await import('../../services/auth/status/status.ts')
  await check(report, "auth's certificate", async () =>
    certificateSeen((await certificateEnds(config)).auth, clock, 'it'),
  )
  await check(report, 'authority', async () =>
    certificateSeen((await certificateEnds(config)).authority, clock, "the authority's certificate", AUTHORITY_TODO),
  )
  const relay = config.relayTlsFolder === undefined ? [] : (['relay'] as const)
  const door = config.doorPort === undefined ? [] : (['door'] as const)
  for (const name of [...SERVICES, ...relay, ...door])
    await check(report, `${name} here`, () => checkService(name, env))
  return true
}

/** Whether this machine is a host's: it has the folder of Auth, or settings of its database. */
export async function isHost(env: Environment, home: string): Promise<boolean> {
  if (Object.keys(env).some((name) => name.startsWith('SOTTO_AUTH_'))) return true
  return await stat(`${home}/auth`).then(
    () => true,
    () => false,
  )
}

async function checkDatabase(config: Config, clock: Clock): Promise<Seen> {
  const { installationStatus } = await import('../../services/auth/status/status.ts')
  const { accounts, database } = await installationStatus(config, clock)
  return { text: `${database.kind}, ${(database.bytes / 1e6).toFixed(1)} MB, ${accounts} accounts` }
}

async function checkService(name: ServiceName, env: Environment): Promise<Seen> {
  const { isServing } = await import('#lib/rpc/standard/health-check.ts')
  const target = await targetOf(name, env)
  if (await isServing(target)) return { text: `serves at ${target.address}` }
  throw new SottoError('ERR_UNAVAILABLE', 'it answers and does not serve', { hint: 'its last log lines say why' })
}
