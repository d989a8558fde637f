/**
 * IP addresses as bytes and as text.
 *
 * @module
 */
import { isIPv4, SocketAddress } from 'node:net'

const GROUPS = 8

/** The 4 or 16 bytes of an IP literal; a zone is left out. */
export function bytesOfAddress(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const [before, after] = [bytesOfGroups(head), bytesOfGroups(tail ?? '')]
  return Buffer.concat([before, Buffer.alloc(2 * GROUPS - before.length - after.length), after])
}

/** The IP literal of 4 or 16 bytes, in its shortest form. */
export function addressOfBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: GROUPS }, (_, index) =>
    Buffer.from(bytes)
      .readUInt16BE(2 * index)
      .toString(16),
  )
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address
}

/** A part of an IPv6 address; at its end may be an address of IPv4. */
function bytesOfGroups(part: string): Buffer {
  if (part === '') return Buffer.alloc(0)
  return Buffer.concat(
    part.split(':').map((group) => {
      if (group.includes('.')) return bytesOfAddress(group)
      const bytes = Buffer.alloc(2)
      bytes.writeUInt16BE(Number.parseInt(group, 16))
      return bytes
    }),
  )
}
