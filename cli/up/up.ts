/**
 * `sotto up`: all services on this machine, until a signal or until one of them fails.
 *
 * @module
 */
import type { Environment } from '#lib/runtime/environment.ts'
import type { WaitingNotice } from '../../clients/command/waiting-notice.ts'
import { shellCommand } from './shell-line.ts'
import { type Services, startServices } from './supervisor.ts'

export interface UpOptions {
  /** The environment of the services: their settings (docs/operations.md) and the rest. */
  readonly env: Environment
  /** The signal that the services are to stop. */
  readonly signal: AbortSignal
  /** Prints whole lines for a person. */
  readonly print: (text: string) => void
  /** Says which service is waited for, if its start takes long. */
  readonly waiting: WaitingNotice
}

/**
 * Start the services, say what to type next, and wait.
 *
 * @returns after an orderly stop that was asked for, be it during the start.
 * @throws SottoError whatever kept a service from starting; `ERR_INTERNAL` if one ended by itself, with the others
 *   stopped, or if one did not stop in order.
 */
export async function up({ env, signal, print, waiting }: UpOptions): Promise<void> {
  let services: Services
  try {
    services = await startServices({ env, signal, waiting })
  } catch (error) {
    if (signal.aborted && error === signal.reason) return
    throw error
  }
  print(greetingOf(services, env))
  try {
    await Promise.race([aborted(signal), services.failure])
  } catch (error) {
    // What the others say of their end is no news.
    await services.stop().catch(() => {})
    throw error
  }
  await services.stop()
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  else signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}

function greetingOf(services: Services, env: Environment): string {
  const { authAddress, directoryAddress, relayAddress, doorAddress, caFile, caFingerprint } = services
  const sotto = shellCommand(env)
  const relay = relayAddress === undefined ? '' : `, relay at ${relayAddress}`
  const door = doorAddress === undefined ? '' : `; all of them also at the door, ${doorAddress}`
  return `
Sotto is up: auth at ${authAddress}, directory at ${directoryAddress}${relay}${door}.
Its certificate authority: ${caFile}
SHA-256 of that, to compare: ${caFingerprint}

What to type next, in another terminal:

  ${sotto} admin invite alice   # prints a link
  ${sotto} join                 # asks for it, and for a password of your own
  ${sotto} chat

Ctrl-C stops it.

`
}
