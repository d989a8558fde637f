/**
 * The header of the PROXY protocol, version 2, by which a program that passes a connection on tells whose it is
 * (https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt, section 2.2):
 *
 *     signature (12) | version and command (1) | family and transport (1) | length of the rest (2)
 *     address of the caller, address called (4 each, or 16) | port of the caller, port called (2 each) | extensions
 *
 * Nothing in it proves anything: it is read only where nobody but that program can connect.
 *
 * @module
 */
import { isIPv4 } from 'node:net'
import { addressOfBytes, bytesOfAddress } from './ip-bytes.ts'

/** The first bytes of a header: no protocol of a service begins so, and TLS least of all. */
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/** The bytes of a header before the addresses. */
export const HEAD_BYTES = 16

/** The largest rest that is taken, in bytes: with the head it fits in one segment, as the protocol asks of a sender. */
const MAX_REST_BYTES = 536 - HEAD_BYTES

const VERSION = 2
/** The sender speaks for itself, as to see whether somebody answers. */
const LOCAL = 0
const PROXY = 1
/** The families over TCP, and the bytes of an address in each. */
const TCP4 = 0x11
const TCP6 = 0x21
const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [TCP4, 4],
  [TCP6, 16],
])

/** One end of a connection. */
export interface End {
  /** An IP literal. */
  readonly address: string
  readonly port: number
}

/** Bytes that are no header of the protocol, or none of a TCP connection. */
export class NotProxyHeader extends Error {}

/** The header for a connection. @param from - The caller. @param to - Where they called, an address of the same family. */
export function encodeProxyHeader(from: End, to: End): Buffer {
  const addresses = Buffer.concat([bytesOfAddress(from.address), bytesOfAddress(to.address)])
  const rest = Buffer.concat([addresses, Buffer.alloc(4)])
  rest.writeUInt16BE(from.port, addresses.length)
  rest.writeUInt16BE(to.port, addresses.length + 2)
  const head = Buffer.alloc(HEAD_BYTES)
  head.set(SIGNATURE)
  head[12] = (VERSION << 4) | PROXY
  head[13] = isIPv4(from.address) ? TCP4 : TCP6
  head.writeUInt16BE(rest.length, 14)
  return Buffer.concat([head, rest])
}

/** How many bytes follow the head. @throws NotProxyHeader if it is none, or announces more than is taken. */
export function restLengthOf(head: Buffer): number {
  if (head.length !== HEAD_BYTES || !head.subarray(0, SIGNATURE.length).equals(SIGNATURE)) {
    throw new NotProxyHeader('it does not begin as one')
  }
  const length = head.readUInt16BE(14)
  if (length > MAX_REST_BYTES) throw new NotProxyHeader(`it announces ${length} bytes`)
  return length
}

/**
 * The caller that a header names; undefined where its sender speaks for itself.
 *
 * @param head - One that {@link restLengthOf} has taken.
 * @param rest - All that follows it.
 * @throws NotProxyHeader for another version or command, and for what is no TCP connection.
 */
export function callerIn(head: Buffer, rest: Buffer): End | undefined {
  const [versionAndCommand = 0, family = 0] = head.subarray(12)
  if (versionAndCommand >> 4 !== VERSION) throw new NotProxyHeader('it is of another version')
  const command = versionAndCommand & 0x0f
  if (command === LOCAL) return undefined
  if (command !== PROXY) throw new NotProxyHeader('its command is unknown')
  const size = ADDRESS_BYTES.get(family)
  if (size === undefined) throw new NotProxyHeader('it is of no TCP connection')
  if (rest.length < 2 * size + 4) throw new NotProxyHeader('its addresses are cut short')
  return { address: addressOfBytes(rest.subarray(0, size)), port: rest.readUInt16BE(2 * size) }
}
