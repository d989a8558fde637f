/**
 * The name that a TLS client asks for, from the first bytes that it sends (RFC 8446, sections 4.1.2 and 5.1; RFC 6066,
 * section 3). Nothing else of them is looked at: whether they are any good finds out the service behind.
 *
 * @module
 */

/** The largest ClientHello that is read, records and all, in bytes. One of ours has 1.5 KB, with a post-quantum key. */
export const MAX_HELLO_BYTES = 16 * 1024

/** The most records that one may be cut into. Ours is one record; some clients cut it in two or three. */
export const MAX_HELLO_RECORDS = 32

/** Of a record, in bytes, and of a message of the handshake. */
const RECORD_HEADER_BYTES = 5
const MESSAGE_HEADER_BYTES = 4

const HANDSHAKE = 22
const CLIENT_HELLO = 1
/** The first byte of every version that a record has named. */
const MAJOR_VERSION = 3
/** The version and the random number that a ClientHello begins with, in bytes. */
const FIXED_BYTES = 2 + 32
const SERVER_NAME = 0
const HOST_NAME = 0

/** Bytes that are no ClientHello, or a larger one than is read. */
export class NotClientHello extends Error {}

/** A ClientHello that is there whole. */
export interface ClientHello {
  /** The name in SNI; undefined where it has none. */
  readonly serverName: string | undefined
}

/**
 * Read a ClientHello.
 *
 * @param bytes - All that has come so far.
 * @returns undefined if more has to come.
 * @throws NotClientHello as soon as that is clear.
 */
export function readClientHello(bytes: Buffer): ClientHello | undefined {
  const message = messageIn(bytes)
  if (message === undefined) {
    if (bytes.length >= MAX_HELLO_BYTES) throw new NotClientHello('it is too large')
    return undefined
  }
  const hello = new Cursor(message)
  hello.take(FIXED_BYTES)
  hello.vector(1)
  hello.vector(2)
  hello.vector(1)
  const extensions = new Cursor(hello.vector(2))
  hello.end()
  let serverName: string | undefined
  while (!extensions.isAtEnd) {
    const type = extensions.number(2)
    const content = extensions.vector(2)
    if (type !== SERVER_NAME) continue
    if (serverName !== undefined) throw new NotClientHello('it asks for a name twice')
    serverName = nameIn(content)
  }
  return { serverName }
}

/** The content of the message that the records carry, once it is whole. */
function messageIn(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = []
  let length = 0
  for (let start = 0; start < bytes.length; ) {
    if (parts.length === MAX_HELLO_RECORDS) throw new NotClientHello('it is in too many records')
    if (bytes[start] !== HANDSHAKE) throw new NotClientHello('it is no record of a handshake')
    if (bytes.length > start + 1 && bytes[start + 1] !== MAJOR_VERSION) throw new NotClientHello('it is of no TLS')
    if (bytes.length < start + RECORD_HEADER_BYTES) return undefined
    const size = bytes.readUInt16BE(start + 3)
    if (size === 0 || start + RECORD_HEADER_BYTES + size > MAX_HELLO_BYTES) {
      throw new NotClientHello('a record of it is empty, or too large')
    }
    const part = bytes.subarray(start + RECORD_HEADER_BYTES, start + RECORD_HEADER_BYTES + size)
    parts.push(part)
    length += part.length
    const message = wholeMessage(parts, length)
    if (message !== undefined) return message
    start += RECORD_HEADER_BYTES + size
  }
  return undefined
}

function wholeMessage(parts: readonly Buffer[], length: number): Buffer | undefined {
  const start = Buffer.concat(parts, Math.min(length, MESSAGE_HEADER_BYTES))
  if (start.length > 0 && start[0] !== CLIENT_HELLO) throw new NotClientHello('it is another message')
  if (start.length < MESSAGE_HEADER_BYTES) return undefined
  const end = MESSAGE_HEADER_BYTES + start.readUIntBE(1, 3)
  if (end > MAX_HELLO_BYTES) throw new NotClientHello('it is too large')
  return length < end ? undefined : Buffer.concat(parts, end).subarray(MESSAGE_HEADER_BYTES)
}

/** The one name of the extension `server_name`. */
function nameIn(extension: Buffer): string {
  const content = new Cursor(extension)
  const list = new Cursor(content.vector(2))
  content.end()
  const type = list.number(1)
  const name = list.vector(2)
  list.end()
  if (type !== HOST_NAME || name.length === 0) throw new NotClientHello('what it asks for is no name')
  return name.toString('latin1')
}

/** A reader of fields one after the other, none of which may go over the end. */
class Cursor {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  take(length: number): Buffer {
    const start = this.#at
    if (start + length > this.#bytes.length) throw new NotClientHello('a field goes over its end')
    this.#at += length
    return this.#bytes.subarray(start, this.#at)
  }

  number(bytes: 1 | 2): number {
    return this.take(bytes).readUIntBE(0, bytes)
  }

  /** A field behind its own length. @param lengthBytes - Of the length. */
  vector(lengthBytes: 1 | 2): Buffer {
    return this.take(this.number(lengthBytes))
  }

  end(): void {
    if (!this.isAtEnd) throw new NotClientHello('there is more in it than it says')
  }
}
