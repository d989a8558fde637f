/**
 * The flags of whoever takes conversations: where to listen, and what to offer others.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import { isSottoError } from '#lib/errors.ts'
import { MAX_ENDPOINTS, MIN_PORT, parseEndpoint } from '../session/endpoints.ts'

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
    if (isSottoError(error)) throw new InvalidArgumentError(`${error.message}: ${error.hint}.`)
    throw error
  }
}
