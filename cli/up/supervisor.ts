/**
 * Auth, the directory, the relay and, where one is wanted, the door on one machine, as child processes that start, run and
 * stop as one.
 *
 * A service that ends by itself is not started again: the others are stopped and the failure reported, because a silent
 * restart would hide the failure. Restarts are for systemd or a container engine.
 *
 * Each service reads its own settings and says what is wrong with them, and each says when it serves: so the process that
 * only waits for them needs neither the code for settings nor gRPC.
 *
 * @module
 */
import type { Environment } from '#lib/runtime/environment.ts'
import type { WaitingNotice } from '../../clients/command/waiting-notice.ts'
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

/** All services, up. */
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
 * Start the services and wait until each says that it serves.
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
  // Auth tells clients where the others are, and they cannot start before Auth has made their certificates: where any port
  // will do, one has to be chosen here.
  const shared = { ...env, ...(await chosenPorts(env)) }
  const hasDoor = shared.SOTTO_DOOR_PORT !== undefined
  const behindDoor = hasDoor ? { ...PROXIED, ...shared } : shared

  waiting?.begin('auth to start')
  const auth = new ServiceChild('auth', behindDoor)
  children.push(auth)
  const { addresses: authListens, authority } = await auth.untilUp(signal)
  if (authority === undefined) throw new TypeError('auth did not say where its authority is')

  waiting?.begin('the directory to start')
  const behindAuth = { ...behindDoor, SOTTO_SEALING_ADDRESS: dialled(authListens['sealing']) }
  const directory = new ServiceChild('directory', behindAuth)
  const relay = env['SOTTO_RELAY'] === 'off' ? undefined : new ServiceChild('relay', behindAuth)
  children.push(directory, ...(relay ? [relay] : []))
  const both = Promise.all([directory.untilUp(signal), relay?.untilUp(signal)])
  const [{ addresses: directoryListens }, relayUp] = await Promise.race([both, auth.failure()])
  const relayListens = relayUp?.addresses

  let doorAddress: string | undefined
  if (hasDoor) {
    waiting?.begin('the door to start')
    const door = new ServiceChild('door', {
      ...shared,
      SOTTO_DOOR_TO_AUTH: dialled(authListens['proxied']),
      SOTTO_DOOR_TO_DIRECTORY: dialled(directoryListens['proxied']),
      ...(relayListens && { SOTTO_DOOR_TO_RELAY: dialled(relayListens['proxied']) }),
    })
    // The last to stop: by then the services have told those who came through it, and they have gone.
    children.unshift(door)
    const { addresses: doorListens } = await Promise.race([door.untilUp(signal), failureOf(children)])
    doorAddress = dialled(doorListens['door'])
  }

  return {
    authAddress: dialled(authListens['auth']),
    directoryAddress: dialled(directoryListens['directory']),
    relayAddress: relayListens && dialled(relayListens['relay']),
    doorAddress,
    caFile: authority.file,
    caFingerprint: authority.fingerprint,
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

/** The ports that others are told of, and that Auth therefore has to know before there is a listener. */
const TOLD_PORTS = ['SOTTO_DIRECTORY_PORT', 'SOTTO_RELAY_PORT', 'SOTTO_DOOR_PORT'] as const

/** A free port in the place of each that is set to 0. */
async function chosenPorts(env: Environment): Promise<Partial<Record<(typeof TOLD_PORTS)[number], string>>> {
  const any = TOLD_PORTS.filter((name) => Number(env[name] || NaN) === 0)
  return Object.fromEntries(await Promise.all(any.map(async (name) => [name, String(await freePort())])))
}

/** Rejects when one of them ends. It need not be handled. */
function failureOf(children: readonly ServiceChild[]): Promise<never> {
  const failure = Promise.race(children.map((child) => child.failure()))
  failure.catch(() => {})
  return failure
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
