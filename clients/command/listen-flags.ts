/**
 * The flags of how others and oneself are reached: where to listen, what to offer others, and which way conversations may go,
 * which the profile remembers.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import { isSottoError } from '#lib/errors.ts'
import type { Reach } from '../profile/state.ts'
import { MAX_ENDPOINTS, MIN_PORT, parseEndpoint } from '../session/announcement/endpoints.ts'

export interface ListenFlags {
  readonly listen: Endpoint
  readonly advertise: readonly Endpoint[]
}

export function withListenFlags(command: Command): Command {
  const listen = new Option('--listen <address:port>', 'where to listen; without a port, at any free one')
    .argParser(listenAddress)
    .default({ address: '::', port: 0 }, 'everywhere')
  const advertise = new Option('--advertise <address:port>', `what to offer others; up to ${MAX_ENDPOINTS} times`)
    .argParser(advertised)
    .default([], "this machine's addresses")
  return command.addOption(listen).addOption(advertise)
}

function listenAddress(text: string): Endpoint {
  return endpoint(text, 0)
}

function advertised(text: string, before: readonly Endpoint[]): readonly Endpoint[] {
  if (before.length === MAX_ENDPOINTS) throw new InvalidArgumentError(`It can be given ${MAX_ENDPOINTS} times at most.`)
  const named = endpoint(text)
  if (named.port < MIN_PORT) throw new InvalidArgumentError(`Others are told of ports from ${MIN_PORT} on.`)
  return [...before, named]
}

function endpoint(text: string, defaultPort?: number): Endpoint {
  try {
    return parseEndpoint(text, defaultPort)
  } catch (error) {
    if (isSottoError(error)) throw new InvalidArgumentError(`${upperFirst(error.message)}: ${error.hint}.`)
    throw error
  }
}

export interface ReachFlags {
  readonly relayOnly?: true
  readonly directOnly?: true
  readonly anyRoute?: true
}

export function withReachFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--relay-only',
        'from now on through the relay alone: nobody but the host learns an address of yours',
      ).conflicts(['directOnly', 'anyRoute']),
    )
    .addOption(
      new Option('--direct-only', 'from now on from machine to machine alone').conflicts(['relayOnly', 'anyRoute']),
    )
    .addOption(
      new Option('--any-route', 'from now on either way again, direct if it can be').conflicts([
        'relayOnly',
        'directOnly',
      ]),
    )
}

/** What the flags ask for; undefined to leave it as the profile has it. */
export function reachOf({ relayOnly, directOnly, anyRoute }: ReachFlags): Reach | undefined {
  if (relayOnly) return 'relay'
  if (directOnly) return 'direct'
  return anyRoute ? 'any' : undefined
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
