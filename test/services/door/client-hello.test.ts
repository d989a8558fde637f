import { expect } from 'chai'
import {
  MAX_HELLO_BYTES,
  MAX_HELLO_RECORDS,
  NotClientHello,
  readClientHello,
} from '../../../services/door/client-hello.ts'
import { clientHello } from '../../support/tls-caller.ts'

describe('readClientHello', () => {
  let hello: Buffer

  before(async () => {
    hello = await clientHello('directory.sotto')
  })

  /** What comes of bytes: the name, that more has to come, or that they are none. */
  function outcome(bytes: Buffer): string | undefined {
    try {
      const read = readClientHello(bytes)
      return read === undefined ? 'more' : read.serverName
    } catch (error) {
      if (!(error instanceof NotClientHello)) throw error
      return 'none'
    }
  }

  /** The message in records of so many bytes. */
  function inRecordsOf(size: number): Buffer {
    const message = hello.subarray(5)
    const records: Buffer[] = []
    for (let at = 0; at < message.length; at += size) {
      const part = message.subarray(at, at + size)
      records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part)
    }
    return Buffer.concat(records)
  }

  it('reads the name that a client of ours asks for, and that another asks for none', async () => {
    expect(outcome(hello)).to.equal('directory.sotto')
    expect(outcome(Buffer.concat([hello, Buffer.from('what follows')]))).to.equal('directory.sotto')
    expect(outcome(await clientHello(undefined))).to.equal(undefined)
  })

  it('waits for the rest of every truncation', () => {
    for (let length = 0; length < hello.length; length += 1) expect(outcome(hello.subarray(0, length))).to.equal('more')
  })

  it('reads one in several records, whole or cut anywhere', () => {
    const cut = inRecordsOf(500)
    expect(outcome(cut)).to.equal('directory.sotto')
    for (let length = 0; length < cut.length; length += 7) expect(outcome(cut.subarray(0, length))).to.equal('more')
    expect(outcome(inRecordsOf(Math.ceil((hello.length - 5) / MAX_HELLO_RECORDS)))).to.equal('directory.sotto')
    expect(outcome(inRecordsOf(8))).to.equal('none')
  })

  it('takes every flip of a bit for another name, for none, for a hello that goes on, or for no hello', () => {
    const names = new Set<string | undefined>()
    for (let at = 0; at < hello.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const flipped = Buffer.from(hello)
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit)
        names.add(outcome(flipped))
      }
    }
    expect([...names]).to.include.members(['directory.sotto', 'more', 'none', undefined])
  })

  it('refuses at once what is no hello', () => {
    for (const bytes of ['GET / HTTP/1.1', '\r\n\r\n\0\r\nQUIT\n', '\x17\x03\x03', '\x16\x02', 'SSH-2.0-']) {
      expect(outcome(Buffer.from(bytes, 'latin1'))).to.equal('none')
    }
    const another = Buffer.from(hello)
    another[5] = 2
    expect(outcome(another.subarray(0, 6))).to.equal('none')
  })

  it('refuses what is larger than it reads, as soon as it says so', () => {
    expect(outcome(Buffer.from([22, 3, 1, 0x40, 1, 1]))).to.equal('none')
    expect(outcome(Buffer.from([22, 3, 1, 1, 0, 1, 1, 0, 0]))).to.equal('none')
    expect(outcome(Buffer.from([22, 3, 1, 0, 0]))).to.equal('none')
    const endless = Buffer.alloc(MAX_HELLO_BYTES)
    endless.set([22, 3, 1, 0x3f, 0xfb, 1, 0, 0x3f, 0xfc])
    expect(outcome(endless)).to.equal('none')
  })

  it('refuses two names, and a name of another kind or without a letter', () => {
    const at = hello.indexOf('directory.sotto')
    const changed = (offset: number, value: number) => {
      const bytes = Buffer.from(hello)
      bytes[offset] = value
      return outcome(bytes)
    }
    expect(changed(at - 3, 1)).to.equal('none')
    expect(changed(at - 1, 14)).to.equal('none')
    expect(changed(at - 1, 16)).to.equal('none')
    const extension = hello.subarray(at - 9, at + 'directory.sotto'.length)
    const twice = Buffer.concat([hello.subarray(0, at - 9), extension, hello.subarray(at - 9)])
    twice.writeUInt16BE(hello.readUInt16BE(3) + extension.length, 3)
    twice.writeUIntBE(hello.readUIntBE(6, 3) + extension.length, 6, 3)
    const lengthAt = lengthOfExtensionsAt(hello)
    twice.writeUInt16BE(hello.readUInt16BE(lengthAt) + extension.length, lengthAt)
    expect(outcome(twice)).to.equal('none')
  })
})

/** Where the length of all extensions stands: behind the session id, the suites and the compressions. */
function lengthOfExtensionsAt(hello: Buffer): number {
  const suites = 5 + 4 + 34 + 1 + (hello[43] ?? 0)
  const compressions = suites + 2 + hello.readUInt16BE(suites)
  return compressions + 1 + (hello[compressions] ?? 0)
}
