/**
 * The address behind the name of a host.
 *
 * @module
 */
import { lookup } from 'node:dns/promises'

/** The address of a host, or nothing where its name leads nowhere: whoever calls it will say so better. */
export async function addressOfHost(host: string): Promise<string> {
  return lookup(host).then(
    ({ address }) => address,
    () => '',
  )
}
