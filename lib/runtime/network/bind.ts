/**
 * Having a server listen, and saying what there is to do where it cannot.
 *
 * @module
 */
import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { SottoError } from '../../errors.ts'
import { hasSystemCode } from '../system-errors.ts'

/**
 * Bind a port.
 *
 * @param host - An IP literal.
 * @param port - 0 for any free one.
 * @returns the real one.
 * @throws SottoError `ERR_CONFIG` if the address cannot be bound.
 */
export async function bindPort(server: Server, host: string, port: number): Promise<number> {
  server.listen({ host, port })
  try {
    await once(server, 'listening')
  } catch (cause) {
    const hint = hintFor(cause, port)
    throw new SottoError('ERR_CONFIG', `cannot listen on ${host} port ${port}`, { cause, hint })
  }
  return (server.address() as AddressInfo).port
}

/** What there is to do about a port that cannot be had. @param cause - What the system says. */
export function hintFor(cause: unknown, port: number): string {
  if (!hasSystemCode(cause, 'EACCES')) {
    return 'is it running already? If not, choose a free port and an address of this machine'
  }
  return (
    `this user may not have a port below 1024. Allow it to a service of systemd by ` +
    `AmbientCapabilities=CAP_NET_BIND_SERVICE; to everybody on this machine by ` +
    `sysctl -w net.ipv4.ip_unprivileged_port_start=${port}; or to whatever runs in this Node.js by ` +
    `setcap cap_net_bind_service=+ep ${process.execPath}`
  )
}
