/** `sotto admin status`: how the installation does, on one screen. */
import type { Command } from 'commander'
import { asSottoError } from '#lib/errors.ts'
import { formatAddress } from '#lib/runtime/address.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { environment } from '#lib/runtime/environment.ts'
import type { Config } from '../../services/auth/config.ts'
import { type ServiceName, targetOf } from '../health.ts'
import { printFacts, printJson } from '../profile-command.ts'
import { readConfig } from './server.ts'

/** How long the metrics may take, in milliseconds. */
const METRICS_TIMEOUT_MS = 5_000

/** What is said of none, one, and several. */
const WRAPPING_KEYS = ['is gone', 'is there', 'several: a rotation is not finished; sotto admin rotate wrapping-key']

/** Stands for a service that the host has not. */
const LEFT_OUT = 'left out'

/** Adds the command. */
export function withStatus(admin: Command): Command {
  admin
    .command('status')
    .description('show how the installation does: people, sessions, database, certificates, services')
    .option('--json', 'say it as JSON')
    .action(async ({ json }: { json?: true }) => {
      const { certificateEnds, installationStatus } = await import('../../services/auth/status/status.ts')
      const config = await readConfig()
      const status = await installationStatus(config, systemClock)
      const ends = await certificateEnds(config)
      const { loadKeyList } = await import('../../services/auth/keys/wrapping-key-file.ts')
      const wrappingKeys = (await loadKeyList(config.wrappingKeyFile))?.length ?? 0
      const [auth, directory, relay, door] = await Promise.all([
        serviceState('auth'),
        serviceState('directory'),
        config.relayTlsFolder === undefined ? LEFT_OUT : serviceState('relay'),
        config.doorPort === undefined ? LEFT_OUT : serviceState('door'),
      ])
      const signInsWaiting = await readSignInsWaiting(config)
      if (json) {
        const certificates = { authEndsAt: ends.auth, authorityEndsAt: ends.authority }
        printJson({
          ...status,
          wrappingKeys,
          certificates,
          services: { auth, directory, relay, door },
          signInsWaiting: signInsWaiting ?? null,
        })
        return
      }
      const { kind, bytes } = status.database
      printFacts({
        accounts: `${status.accounts}, of which ${status.disabled} disabled, ${status.withSecondFactor} with a second factor`,
        invites: `${status.openInvites} open`,
        sessions: `${status.sessions}`,
        'sign-ins':
          signInsWaiting === undefined ? 'unknown without SOTTO_AUTH_METRICS_PORT' : `${signInsWaiting} waiting`,
        'audit log': `${status.auditEntries} entries`,
        database: `${kind}, ${(bytes / 1e6).toFixed(1)} MB`,
        certificates: [await endText('auth', ends.auth), await endText('authority', ends.authority)].join(', '),
        'wrapping key': WRAPPING_KEYS[Math.min(wrappingKeys, 2)] ?? '',
        auth,
        directory,
        relay,
        door,
      })
    })
  return admin
}

/** How long a certificate is good for, with what to do where that is not long. */
async function endText(what: string, end: Date): Promise<string> {
  const { daysUntil, WARNING_DAYS } = await import('#lib/runtime/certificates/lifetimes.ts')
  const daysLeft = daysUntil(end, systemClock)
  const days = `${what} ${Math.floor(daysLeft)} days`
  return daysLeft < WARNING_DAYS ? `${days} (${end.toISOString().slice(0, 10)}: see sotto doctor)` : days
}

/** `serves`, or why not. */
async function serviceState(name: ServiceName): Promise<string> {
  const { isServing } = await import('#lib/rpc/standard/health-check.ts')
  try {
    return (await isServing(await targetOf(name, environment()))) ? 'serves' : 'answers, and does not serve'
  } catch (error) {
    const { message, code } = asSottoError(error)
    return `${message} (${code})`
  }
}

/** How many passwords wait to be hashed; undefined where Auth has no metrics, or does not answer. */
async function readSignInsWaiting({ metrics }: Config): Promise<number | undefined> {
  if (metrics === undefined) return undefined
  try {
    const answer = await fetch(`http://${formatAddress(metrics)}/metrics`, {
      signal: AbortSignal.timeout(METRICS_TIMEOUT_MS),
    })
    const [, value] = /^sotto_sign_ins_waiting (\d+)$/m.exec(await answer.text()) ?? []
    return value === undefined ? undefined : Number(value)
  } catch {
    return undefined
  }
}
