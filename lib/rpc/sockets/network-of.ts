/**
 * The network of an address, which stands for one caller: a provider gives everybody a single address of IPv4, but the
 * 2^64 of a /64 of IPv6 (RFC 6177).
 *
 * @module
 */
import { isIPv6 } from 'node:net'

const GROUPS_OF_A_NETWORK = 4
const GROUPS_OF_AN_ADDRESS = 8

/** @param address - An IP literal, with a zone or without. Anything else is a network of its own. */
export function networkOf(address: string): string {
  const plain = plainAddress(address)
  if (!isIPv6(plain)) return plain
  const [head = '', tail] = plain.split('::')
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')]
  const zeros = Array<number>(GROUPS_OF_AN_ADDRESS - before.length - after.length).fill(0)
  const groups = [...before, ...zeros, ...after].slice(0, GROUPS_OF_A_NETWORK)
  return `${groups.map((group) => group.toString(16)).join(':')}::/64`
}

/** An IPv4 caller of a server on `::` shows as `::ffff:192.0.2.1`; a zone means nothing to anybody else. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
}

/** The 16-bit groups of a part of an IPv6 address; an IPv4 address at its end is two. */
function groupsOf(part: string): number[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => (group.includes('.') ? [0, 0] : [Number.parseInt(group, 16)]))
}
