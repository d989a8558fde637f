/**
 * What is for the door alone, which reads a ClientHello and nothing else: bad ones, endless ones, and those that ask for
 * nobody.
 *
 * @module
 */
import type { Duplex } from 'node:stream'
import { duplexPair } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { CutReason } from '#lib/runtime/metrics/cut-events.ts'
import { MAX_HELLO_BYTES, MAX_HELLO_RECORDS } from '../../services/door/client-hello.ts'

/** What one connection sends at once. */
export interface DoorFlood {
  readonly name: string
  readonly bound: string
  readonly reasons: readonly CutReason[]
  readonly bytes: () => Buffer | Promise<Buffer>
}

/** Of a record of the handshake, by its length (RFC 8446, section 5.1). */
const record = (part: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([22, 3, 1, part.length >> 8, part.length & 0xff]), part])

/** A message that is a ClientHello by its first byte, and has so many bytes by the next three. */
const helloOf = (length: number): Buffer => {
  const message = Buffer.alloc(4)
  message.writeUInt32BE(length)
  message[0] = 1
  return message
}

/** The ClientHello of a client that asks for a name. */
async function helloFor(servername: string): Promise<Buffer> {
  const [near, far] = duplexPair()
  const client = connectTls({ socket: near, servername, rejectUnauthorized: false, minVersion: 'TLSv1.3' })
  client.on('error', () => {})
  const bytes = await new Promise<Buffer>((resolve) => far.once('data', resolve))
  client.destroy()
  return bytes
}

export const DOOR_FLOODS: readonly DoorFlood[] = [
  {
    name: 'what is no TLS',
    bound: 'a ClientHello alone',
    reasons: ['hello'],
    bytes: () => Buffer.from('GET / HTTP/1.1\r\nhost: here\r\n\r\n'),
  },
  {
    name: 'a header of the PROXY protocol',
    bound: 'a ClientHello alone',
    reasons: ['hello'],
    bytes: () => Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n'),
  },
  {
    name: 'a ClientHello of a megabyte',
    bound: `${MAX_HELLO_BYTES / 1024} KiB`,
    reasons: ['hello'],
    bytes: () =>
      Buffer.concat([
        record(Buffer.concat([helloOf(2 ** 20), Buffer.alloc(MAX_HELLO_BYTES / 2)])),
        record(Buffer.alloc(MAX_HELLO_BYTES / 2)),
      ]),
  },
  {
    name: 'a ClientHello in a thousand records',
    bound: `${MAX_HELLO_RECORDS} records`,
    reasons: ['hello'],
    bytes: () => {
      const message = Buffer.concat([helloOf(1_000), Buffer.alloc(996)])
      return Buffer.concat(Array.from(message, (byte) => record(Uint8Array.of(byte))))
    },
  },
  {
    name: 'a ClientHello that asks for nobody there is',
    bound: 'the names of the services',
    reasons: ['name'],
    bytes: () => helloFor('sealing.sotto'),
  },
]

/** Send it, and wait until the connection is closed. */
export async function sendToDoor(link: Duplex, { bytes }: DoorFlood): Promise<void> {
  const closed = new Promise<void>((resolve) => link.once('close', () => resolve()))
  link.write(await bytes())
  if (!link.destroyed) await closed
}
