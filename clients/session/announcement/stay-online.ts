/**
 * Being reachable: an announcement that follows this machine's addresses.
 *
 * @module
 */
import { networkInterfaces } from 'node:os'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import type { SottoError } from '#lib/errors.ts'
import { parseAddress } from '#lib/runtime/address.ts'
import { addressOfHost } from '#lib/runtime/network/host-address.ts'
import type { Account } from '../../profile/state.ts'
import type { DirectoryClient } from '../directory-client.ts'
import { withHost } from '../login.ts'
import type { RelayPresence } from './announcing.ts'
import { endpointsToAnnounce } from './endpoints.ts'
import { describeRefused } from './refused-endpoints.ts'

export interface Online {
  readonly directory: DirectoryClient
  readonly account: Account
  /** The address of the receiver's own server; undefined where it has none, and can be called through a relay alone. */
  readonly listening: { readonly host: string; readonly port: number } | undefined
  /** The addresses to offer others in place of this machine's own. */
  readonly advertise: readonly Endpoint[]
  /** The relay that is attended, if any is. */
  readonly relay?: RelayPresence | undefined
  readonly instanceId: Uint8Array
  readonly signal: AbortSignal
  /** The announcement stands, or stands again, with these endpoints. */
  readonly onOnline: (endpoints: readonly Endpoint[], relay: string | undefined) => void
  /** Others are not told of some of the addresses of `advertise`: which, and why, a clause each. */
  readonly onNotAdvertised?: ((why: readonly string[]) => void) | undefined
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
    listening,
    advertise,
    relay,
    instanceId,
    signal,
    onOnline,
    onNotAdvertised,
    onReplaced,
    onOffline,
    startsOffline = false,
  } = online
  const serverAddress = await addressOfHost(parseAddress(account.directoryAddress).host)
  const endpoints = () => {
    if (listening === undefined) return []
    const isReached = relay?.current !== undefined
    return endpointsToAnnounce({ ...listening, advertise, serverAddress, interfaces: networkInterfaces(), isReached })
  }
  return directory.announce({
    endpoints,
    relay,
    instanceId,
    signal,
    onOnline: (told) => onOnline(told, relay?.current && withHost(relay.current.address, account)),
    // Of the machine's own addresses nobody needs to know: one of them that others reach is enough.
    onRefused(refused) {
      const why = describeRefused(advertise, refused)
      if (why.length > 0) onNotAdvertised?.(why)
    },
    onReplaced,
    onOffline,
    startsOffline,
  })
}
