/**
 * At which addresses a receiver offers to be called.
 *
 * @module
 */
import { BlockList, isIP, isIPv4 } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import { SottoError } from '#lib/errors.ts'

/** The most that an announcement may carry. */
export const MAX_ENDPOINTS = 8

const LOOPBACK = blockList([
  ['127.0.0.0', 8, 'ipv4'],
  ['::1', 128, 'ipv6'],
])

/** Link-local addresses mean nothing without an interface, which the other end cannot know (RFC 4007, section 6). */
const LINK_LOCAL = blockList([
  ['169.254.0.0', 16, 'ipv4'],
  ['fe80::', 10, 'ipv6'],
])

/** Private addresses (RFC 1918, RFC 4193): in one office or class they are the ones that answer. */
const PRIVATE = blockList([
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['fc00::', 7, 'ipv6'],
])

export interface ListeningAt {
  /** The address that the server is bound to: `::` and `0.0.0.0` stand for all of this machine. */
  readonly host: string
  readonly port: number
  /** The endpoints of `--advertise`, in that order; where any are given, they are all that is offered. */
  readonly advertise: readonly Endpoint[]
  /** The services' address as this client reaches them: an IP literal. */
  readonly serverAddress: string
  /** The network interfaces, as `os.networkInterfaces()` gives them. */
  readonly interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>
}

/**
 * The endpoints to announce, the likeliest first.
 *
 * Loopback is offered where the services are on this machine too, since then others may well be; from elsewhere it would
 * lead the caller to itself.
 *
 * @returns 1 to {@link MAX_ENDPOINTS}.
 * @throws SottoError `ERR_CONFIG` if this machine has no address that others can reach.
 */
export function endpointsToAnnounce({ host, port, advertise, serverAddress, interfaces }: ListeningAt): Endpoint[] {
  if (advertise.length > 0) return advertise.slice(0, MAX_ENDPOINTS)
  if (host !== '::' && host !== '0.0.0.0') return [{ address: host, port }]
  const all = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address)
  const usable = all.filter((address) => {
    if (host === '0.0.0.0' && !isIPv4(address)) return false
    return !isIn(LINK_LOCAL, address) && (!isLoopback(address) || isLoopback(serverAddress))
  })
  const endpoints = [...new Set(usable)].sort((a, b) => rank(a) - rank(b)).map((address) => ({ address, port }))
  if (endpoints.length === 0) {
    throw new SottoError('ERR_CONFIG', 'this machine has no address that others can reach', {
      hint: 'connect it to a network, or name one with --advertise ADDRESS:PORT',
    })
  }
  return endpoints.slice(0, MAX_ENDPOINTS)
}

/** Loopback first, where it is offered at all; then addresses of the same house, then the rest; IPv4 before IPv6. */
function rank(address: string): number {
  const nearness = isLoopback(address) ? 0 : isIn(PRIVATE, address) ? 2 : 4
  return nearness + (isIPv4(address) ? 0 : 1)
}

/** Whether an IP literal is this machine's own; false for anything else, a name included. */
export function isLoopback(address: string): boolean {
  return isIn(LOOPBACK, address)
}

/** Whether an IP literal is one of a house's own network, which leads nowhere from elsewhere. */
export function isPrivate(address: string): boolean {
  return isIn(PRIVATE, address)
}

function isIn(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

function blockList(subnets: ReadonlyArray<readonly [net: string, prefix: number, type: 'ipv4' | 'ipv6']>): BlockList {
  const list = new BlockList()
  for (const [net, prefix, type] of subnets) list.addSubnet(net, prefix, type)
  return list
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
