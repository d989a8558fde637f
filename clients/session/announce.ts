/**
 * Being reachable: an announcement that follows this machine's addresses.
 *
 * @module
 */
import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import type { SottoError } from '#lib/errors.ts'
import { parseAddress } from '#lib/runtime/address.ts'
import type { Account } from '../profile/state.ts'
import type { DirectoryClient } from './directory-client.ts'
import { endpointsToAnnounce } from './endpoints.ts'

export interface Online {
  readonly directory: DirectoryClient
  readonly account: Account
  /** The address of the receiver's own server. */
  readonly host: string
  readonly port: number
  /** The addresses to offer others in place of this machine's own. */
  readonly advertise: readonly Endpoint[]
  readonly instanceId: Uint8Array
  readonly signal: AbortSignal
  /** The announcement stands, or stands again, with these endpoints. */
  readonly onOnline: (endpoints: readonly Endpoint[]) => void
  /** Another installation was online as this account, and is no longer. */
  readonly onReplaced?: (() => void) | undefined
  readonly onOffline: (error: SottoError) => void
  /** Whether to wait for services that are away at first. */
  readonly startsOffline?: boolean | undefined
}

/** Announce, and stay announced. @throws SottoError as `DirectoryClient.announce` does. */
export async function stayOnline(online: Online): Promise<never> {
  const {
    directory,
    account,
    host,
    port,
    advertise,
    instanceId,
    signal,
    onOnline,
    onReplaced,
    onOffline,
    startsOffline = false,
  } = online
  const serverAddress = await addressOfHost(parseAddress(account.directoryAddress).host)
  const endpoints = () => endpointsToAnnounce({ host, port, advertise, serverAddress, interfaces: networkInterfaces() })
  return directory.announce({
    endpoints,
    instanceId,
    signal,
    onOnline: () => onOnline(endpoints()),
    onReplaced,
    onOffline,
    startsOffline,
  })
}

/** The address of a host, or nothing where its name leads nowhere: the announcement will say so better. */
export async function addressOfHost(host: string): Promise<string> {
  return lookup(host).then(
    ({ address }) => address,
    () => '',
  )
}
