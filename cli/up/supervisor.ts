/**
 * Auth, the directory, the relay and, where one is wanted, the door on one machine, as child processes that start, run and
 * stop as one.
 *
 * A service that ends by itself is not started again: the others are stopped and the failure reported, because a silent
 * restart would hide the failure. Restarts are for systemd or a container engine.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SottoError } from '#lib/errors.ts'
import type { Target } from '#lib/rpc/client.ts'
import { isServing } from '#lib/rpc/health-check.ts'
import type { Environment } from '#lib/runtime/environment.ts'
import { fingerprintOf } from '#lib/runtime/tls.ts'
import type { WaitingNotice } from '../../clients/command/waiting-notice.ts'
import { readConfig as readAuthConfig } from '../../services/auth/config.ts'
import { readConfig as readDirectoryConfig } from '../../services/directory/config.ts'
import { readConfig as readRelayConfig } from '../../services/relay/config.ts'
import { ServiceChild } from './child.ts'
import { freePort } from './free-port.ts'

/** Settings under which the services take any ports that are free, on loopback: for a demonstration, or tests. */
export const FREE_PORTS: Environment = {
  SOTTO_AUTH_HOST: '127.0.0.1',
  SOTTO_AUTH_PORT: '0',
  SOTTO_AUTH_ADMIN_PORT: '0',
  SOTTO_SEALING_PORT: '0',
  SOTTO_DIRECTORY_HOST: '127.0.0.1',
  SOTTO_DIRECTORY_PORT: '0',
  SOTTO_DIRECTORY_ADMIN_PORT: '0',
  SOTTO_RELAY_HOST: '127.0.0.1',
  SOTTO_RELAY_PORT: '0',
  SOTTO_RELAY_ADMIN_PORT: '0',
}

/** All services, up and healthy. */
export interface Services {
  /** The address of the door for a client on this machine, HOST:PORT; undefined where there is none. */
  readonly doorAddress: string | undefined
  /** The address of Auth for a client on this machine, HOST:PORT. */
  readonly authAddress: string
  /** The address of the directory for a client on this machine, HOST:PORT. */
  readonly directoryAddress: string
  /** The address of the relay for a client on this machine, HOST:PORT; undefined where the host has it left out. */
  readonly relayAddress: string | undefined
  /** The file of the authority's certificate, which clients trust. */
  readonly caFile: string
  /** SHA-256 of that certificate, 64 hexadecimal digits. */
  readonly caFingerprint: string
  /** Rejects with `ERR_INTERNAL` when one of them ends, asked to or not. It need not be handled. */
  readonly failure: Promise<never>
  /**
   * Stop all, in order.
   *
   * @throws SottoError `ERR_INTERNAL` if one of them did not stop in order; all have ended even so.
   */
  stop(): Promise<void>
}

export interface SupervisorOptions {
  /** The environment of the services: their settings (docs/operations.md) and the rest. */
  readonly env: Environment
  /** Gives the start up, with the signal's reason. */
  readonly signal: AbortSignal
  /** Says which service is waited for, if its start takes long. */
  readonly waiting?: WaitingNotice
}

/**
 * Start the services and wait until they answer.
 *
 * @throws SottoError `ERR_CONFIG` for a setting or a port that cannot be had, and whatever else keeps a service from
 *   starting; nothing is left running then.
 */
export async function startServices(options: SupervisorOptions): Promise<Services> {
  const children: ServiceChild[] = []
  try {
    return await startIn(children, options)
  } catch (error) {
    // What the others then say of their end is no news.
    await stopAll(children).catch(() => {})
    throw error
  } finally {
    options.waiting?.stop()
  }
}

async function startIn(children: ServiceChild[], { env, signal, waiting }: SupervisorOptions): Promise<Services> {
  const authConfig = readAuthConfig(env)
  const directoryConfig = readDirectoryConfig(env)
  // Auth tells clients where the others are, and they cannot start before Auth has made their certificates: where any port
  // will do, one has to be chosen here.
  const directoryPort = directoryConfig.listen.port || (await freePort(directoryConfig.listen.host))
  const relayConfig = readRelayConfig(env)
  const relayPort = relayConfig.listen.port || (await freePort(relayConfig.listen.host))
  const doorPort = await doorPortIn(env)
  const behindDoor = doorPort === undefined ? {} : { ...PROXIED, ...env, SOTTO_DOOR_PORT: String(doorPort) }
  const ports = { SOTTO_DIRECTORY_PORT: String(directoryPort), SOTTO_RELAY_PORT: String(relayPort) }
  const shared = { ...env, ...behindDoor, ...ports }

  waiting?.begin('auth to start')
  const auth = new ServiceChild('auth', shared)
  children.push(auth)
  const authListens = await auth.untilUp(signal)
  const caFile = join(authConfig.dataFolder, 'ca', 'ca.pem')
  const authorityPem = await readFile(caFile, 'utf8')
  const authAddress = dialled(authListens['auth'])
  await checkHealth({ address: authAddress, security: { authorityPem, role: 'auth.sotto' } }, signal)

  waiting?.begin('the directory to start')
  const behindAuth = { ...shared, SOTTO_SEALING_ADDRESS: dialled(authListens['sealing']) }
  const directory = new ServiceChild('directory', behindAuth)
  const relay = relayConfig.isOn ? new ServiceChild('relay', behindAuth) : undefined
  children.push(directory, ...(relay ? [relay] : []))
  const directoryListens = await Promise.race([directory.untilUp(signal), failureOf(children)])
  const directoryAddress = dialled(directoryListens['directory'])
  await checkHealth({ address: directoryAddress, security: { authorityPem, role: 'directory.sotto' } }, signal)
  const relayListens = relay && (await Promise.race([relay.untilUp(signal), failureOf(children)]))
  const relayAddress = relayListens && dialled(relayListens['relay'])
  if (relayAddress !== undefined) {
    await checkHealth({ address: relayAddress, security: { authorityPem, role: 'relay.sotto' } }, signal)
  }

  let doorAddress: string | undefined
  if (doorPort !== undefined) {
    waiting?.begin('the door to start')
    const door = new ServiceChild('door', {
      ...shared,
      SOTTO_DOOR_TO_AUTH: dialled(authListens['proxied']),
      SOTTO_DOOR_TO_DIRECTORY: dialled(directoryListens['proxied']),
      ...(relayListens && { SOTTO_DOOR_TO_RELAY: dialled(relayListens['proxied']) }),
    })
    // The last to stop: by then the services have told those who came through it, and they have gone.
    children.unshift(door)
    const doorListens = await Promise.race([door.untilUp(signal), failureOf(children)])
    doorAddress = dialled(doorListens['door'])
    await checkHealth({ address: doorAddress, security: { authorityPem, role: 'auth.sotto' } }, signal)
  }

  return {
    authAddress,
    directoryAddress,
    relayAddress,
    doorAddress,
    caFile,
    caFingerprint: fingerprintOf(authorityPem),
    failure: failureOf(children),
    stop: () => stopAll(children),
  }
}

/** Settings under which the services have a port for the door, any free one unless set otherwise. */
const PROXIED: Environment = {
  SOTTO_AUTH_PROXY_PORT: '0',
  SOTTO_DIRECTORY_PROXY_PORT: '0',
  SOTTO_RELAY_PROXY_PORT: '0',
}

/** The port of the door; undefined where none is wanted. */
async function doorPortIn({ SOTTO_DOOR_PORT: port, SOTTO_DOOR_HOST: host }: Environment): Promise<number | undefined> {
  if (port === undefined) return undefined
  return Number(port) || (await freePort(host))
}

/** Rejects when one of them ends. It need not be handled. */
function failureOf(children: readonly ServiceChild[]): Promise<never> {
  const failure = Promise.race(children.map((child) => child.failure()))
  failure.catch(() => {})
  return failure
}

/** Check that a client would be served, by calling as a client does: the service's own report could be wrong. */
async function checkHealth(target: Target, signal: AbortSignal): Promise<void> {
  if (await isServing(target, { signal })) return
  throw new SottoError('ERR_UNAVAILABLE', `what listens at ${target.address} is not healthy`, {
    hint: 'its last log lines say why',
  })
}

/** The newest first: the others may need Auth to finish what they are doing. */
async function stopAll(children: readonly ServiceChild[]): Promise<void> {
  const failures: unknown[] = []
  for (const child of children.toReversed()) await child.stop().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}

/** The address to dial on this machine for a service that listens on the given one. */
function dialled(listens: string | undefined): string {
  if (listens === undefined) throw new TypeError('a service did not say where it listens')
  return listens.replace(/^(\[::\]|0\.0\.0\.0):/, 'localhost:')
}
