/**
 * At which addresses a receiver offers to be called.
 *
 * @module
 */
import { isIP, isIPv4 } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import { SottoError } from '#lib/errors.ts'
import { LINK_LOCAL, LOOPBACK, PRIVATE } from '#lib/runtime/network/ranges.ts'

/** The most that an announcement may carry. */
export const MAX_ENDPOINTS = 8

/** The least port that others are told of: those below are of the system's own services. */
export const MIN_PORT = 1_024

export interface ListeningAt {
  /** The address that the server is bound to: `::` and `0.0.0.0` stand for all of this machine. */
  readonly host: string
  /** 0 where it is not known yet. */
  readonly port: number
  /** The endpoints of `--advertise`, in that order; where any are given, they are all that is offered. */
  readonly advertise: readonly Endpoint[]
  /** The services' address as this client reaches them: an IP literal. */
  readonly serverAddress: string
  /** The network interfaces, as `os.networkInterfaces()` gives them. */
  readonly interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>
  /** Whether others reach this client through a relay, too: then it need not have an address; it must, unless set. */
  readonly isReached?: boolean
}

/**
 * The endpoints to announce, the likeliest first.
 *
 * Loopback is offered where the services are on this machine too, since then others may well be; from elsewhere it would
 * lead the caller to itself.
 *
 * @returns at most {@link MAX_ENDPOINTS}.
 * @throws SottoError `ERR_CONFIG` if this machine has no address that others can reach, and no relay reaches it, or listens
 *   at a port of which they are not told.
 */
export function endpointsToAnnounce(at: ListeningAt): Endpoint[] {
  const { host, port, advertise, serverAddress, interfaces, isReached = false } = at
  if (advertise.length > 0) return advertise.slice(0, MAX_ENDPOINTS)
  if (port !== 0 && port < MIN_PORT) {
    throw new SottoError('ERR_CONFIG', `others are told of no port below ${MIN_PORT}, such as ${port}`, {
      hint: 'listen at another, or name with --advertise the one that a router passes on to it',
    })
  }
  if (host !== '::' && host !== '0.0.0.0') return [{ address: host, port }]
  const all = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address)
  const usable = all.filter((address) => {
    if (host === '0.0.0.0' && !isIPv4(address)) return false
    return !LINK_LOCAL.has(address) && (!LOOPBACK.has(address) || LOOPBACK.has(serverAddress))
  })
  const endpoints = [...new Set(usable)].sort((a, b) => rank(a) - rank(b)).map((address) => ({ address, port }))
  if (endpoints.length === 0 && !isReached) {
    throw new SottoError('ERR_CONFIG', 'this machine has no address that others can reach', {
      hint: 'connect it to a network, or name one with --advertise ADDRESS:PORT',
    })
  }
  return endpoints.slice(0, MAX_ENDPOINTS)
}

/** Loopback first, where it is offered at all; then addresses of the same house, then the rest; IPv4 before IPv6. */
function rank(address: string): number {
  const nearness = LOOPBACK.has(address) ? 0 : PRIVATE.has(address) ? 2 : 4
  return nearness + (isIPv4(address) ? 0 : 1)
}

/**
 * Read `ADDRESS:PORT` or `[IPV6]:PORT`, as `--advertise` and `--listen` take it.
 *
 * @param defaultPort - For an address without one; it is required if this is undefined.
 * @throws SottoError `ERR_USAGE` if the address is no IP literal or the port is none.
 */
export function parseEndpoint(text: string, defaultPort?: number): Endpoint {
  const bare = isIP(text) !== 0 ? text : undefined
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? []
  const address = bare ?? bracketed ?? plain ?? ''
  const port = bare === undefined && digits !== undefined ? Number(digits) : defaultPort
  if (isIP(address) === 0 || address.includes('%') || port === undefined || port > 65_535) {
    throw new SottoError('ERR_USAGE', 'an address must be an IP address and a port', {
      hint: 'write it as 192.0.2.7:7100 or [2001:db8::7]:7100',
    })
  }
  return { address, port }
}
