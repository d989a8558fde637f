/**
 * What `sotto doctor` looks at between this machine and those who call it: the port, the addresses, and a guess whether
 * a router is in between. Whether a firewall lets others through can only be tried from where they are.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import { SottoError } from '#lib/errors.ts'
import { parseAddress } from '#lib/runtime/address.ts'
import { addressOfHost } from '#lib/runtime/network/host-address.ts'
import { LOOPBACK, PRIVATE } from '#lib/runtime/network/ranges.ts'
import { hasSystemCode } from '#lib/runtime/system-errors.ts'
import { addressOf } from '../../clients/peer/dial.ts'
import { isReceived } from '../../clients/profile/process-locks.ts'
import type { Profile } from '../../clients/profile/profile.ts'
import { endpointsToAnnounce, type ListeningAt } from '../../clients/session/announcement/endpoints.ts'
import { check, type Report, type Seen } from './finding.ts'

export interface NetworkOptions {
  readonly listen: Endpoint
  readonly advertise: readonly Endpoint[]
  /** `HOST:PORT` of the directory; undefined where nobody is signed in. */
  readonly directoryAddress: string | undefined
  /** Undefined where there is none. */
  readonly profile: Profile | undefined
}

/** Check that others can call. */
export async function checkNetwork(report: Report, options: NetworkOptions): Promise<void> {
  const { listen, advertise, directoryAddress, profile } = options
  const isRunning = profile !== undefined && isReceived(profile)
  const bound = await check(report, 'port', async () => {
    if (isRunning) return { port: listen.port, text: 'the running chat, web or receive has one' }
    const port = await bind(listen)
    const which = listen.port === 0 ? 'any free one, so a firewall has to let all through' : `${port} is free`
    return { port, text: which }
  })
  if (bound === undefined || directoryAddress === undefined) return
  await check(report, 'addresses', async () => {
    const serverAddress = await addressOfHost(parseAddress(directoryAddress).host)
    const { address: host } = listen
    return addressesSeen({ host, port: bound.port, advertise, serverAddress, interfaces: networkInterfaces() })
  })
}

/**
 * How others come to the addresses that are announced.
 *
 * @throws SottoError as {@link endpointsToAnnounce}.
 */
export function addressesSeen(at: ListeningAt): Seen {
  const { advertise, serverAddress, interfaces, port } = at
  const endpoints = endpointsToAnnounce(at)
  const named = endpoints.map((each) => (port === 0 && advertise.length === 0 ? each.address : addressOf(each)))
  const text = `others are told ${named.join(', ')}`
  if (LOOPBACK.has(serverAddress)) return { text }
  const own = new Set(Object.values(interfaces).flatMap((each) => (each ?? []).map(({ address }) => address)))
  const foreign = endpoints.filter(({ address }) => !own.has(address))
  if (foreign.length > 0) {
    const which = foreign.map(addressOf).join(', ')
    const isForHost = foreign.some(({ address }) => !PRIVATE.has(address)) && PRIVATE.has(serverAddress)
    const allow =
      '; the server is in your own network, so whoever runs it has to allow that (SOTTO_DIRECTORY_ENDPOINTS)'
    return {
      text: `${text}, of which this machine has not ${which}`,
      todo: `have your router pass that on to here${isForHost ? allow : ''}`,
    }
  }
  const isOutOfReach = endpoints.every(({ address }) => PRIVATE.has(address) || LOOPBACK.has(address))
  if (PRIVATE.has(serverAddress) || !isOutOfReach) return { text }
  return {
    text: `${text}: addresses of your own network, while the server is outside: a router seems to be in between`,
    todo: 'who is in the same network can call you, and you can call others; for the rest, have the router pass a port on, and add --listen and --advertise',
  }
}

async function bind({ address, port }: Endpoint): Promise<number> {
  const server = createServer().listen(port, address)
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new SottoError('ERR_CONFIG', `cannot listen at ${addressOf({ address, port })}: ${reasonOf(cause)}`, {
      cause,
      hint: 'name another with --listen ADDRESS:PORT',
    })
  }
  server.close()
  await once(server, 'close')
  return port
}

function reasonOf(cause: unknown): string {
  if (hasSystemCode(cause, 'EADDRINUSE')) return 'another program has that port'
  if (hasSystemCode(cause, 'EACCES')) return 'this user may not have that port'
  if (hasSystemCode(cause, 'EADDRNOTAVAIL')) return 'this machine has no such address'
  return 'the system refuses it'
}
