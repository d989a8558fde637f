/**
 * A network that does as it is told, between alice and bob of a demo: it passes on what comes, byte for byte, but for the
 * Hellos that it tampers with.
 *
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { HelloClear } from '#gen/sotto/peer/v1/handshake.ts'
import { ConverseRequest } from '#gen/sotto/peer/v1/peer_service.ts'
import { decodeClear } from '#lib/channel/hello.ts'
import type { Tampering } from './tamperings.ts'

export interface Middle {
  /** The port of 127.0.0.1 on which it takes calls. */
  readonly port: number
  close(): void
}

/**
 * @param target - The port of 127.0.0.1 to which it passes them on.
 * @param notice - Told what it does, as it does it.
 */
export async function startMiddle(
  tampering: Tampering,
  target: number,
  notice: (text: string) => void,
): Promise<Middle> {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    return socket
  }
  const tamper = TAMPER[tampering](notice)
  const server = createServer((caller) => {
    const callee = keep(connect(target, '127.0.0.1'))
    const repeat = (bytes: Buffer) => {
      keep(connect(target, '127.0.0.1')).end(bytes)
    }
    const hellos = new HelloFrames((hello) => tamper(hello, { caller, repeat, passed: () => hellos.passed }))
    keep(caller).on('data', (bytes: Buffer) => callee.write(hellos.push(bytes)))
    callee.pipe(caller)
    caller.on('close', () => callee.destroy())
    callee.on('close', () => caller.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** A port of 127.0.0.1 that nobody has now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** What tampering may do besides changing a Hello. */
interface Call {
  readonly caller: Socket
  /** Send bytes to the receiver on a connection of their own. */
  readonly repeat: (bytes: Buffer) => void
  /** All bytes that the caller has sent on this connection, as they were passed on. */
  readonly passed: () => Buffer
}

/** Gives the Hello to be passed on in place of one; undefined if none is. */
type Tamper = (hello: HelloClear, call: Call) => HelloClear | undefined

const TAMPER: Readonly<Record<Tampering, (notice: (text: string) => void) => Tamper>> = {
  flip: (notice) =>
    firstOnly((hello) => {
      notice('the network flips one bit of the ticket in alice’s Hello')
      const ticket = Buffer.from(hello.ticket)
      ticket.writeUInt8(ticket.readUInt8(100) ^ 1, 100)
      return { ...hello, ticket }
    }),
  replay: (notice) =>
    firstOnly((hello, { repeat, passed }) => {
      // When the Hello itself is on its way.
      setImmediate(() => {
        notice('the network sends all of alice’s call once more, byte for byte, on a connection of its own')
        repeat(passed())
      })
      return hello
    }),
  swap: (notice) => {
    let held: Buffer | undefined
    let isDone = false
    return (hello, { caller }) => {
      if (isDone) return hello
      if (held === undefined) {
        notice('the network keeps the ticket of alice’s first call, and cuts that call')
        held = hello.ticket
        caller.destroy()
        return undefined
      }
      isDone = true
      notice('the network puts that ticket into alice’s second call')
      return { ...hello, ticket: held }
    }
  },
}

/** Tamper with the first Hello alone. */
function firstOnly(tamper: Tamper): Tamper {
  let isDone = false
  return (hello, call) => {
    if (isDone) return hello
    isDone = true
    return tamper(hello, call)
  }
}

const PREFACE_BYTES = 24
const FRAME_HEADER_BYTES = 9
const DATA = 0
const NOTHING = Buffer.alloc(0)
/** In front of each gRPC message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5

/** Finds the Hello among the HTTP/2 frames of a caller, which sends it whole in its first frame of data. */
class HelloFrames {
  readonly #change: (hello: HelloClear) => HelloClear | undefined
  #waiting = Buffer.alloc(0)
  #isPrefaceOver = false
  #isDone = false
  passed = Buffer.alloc(0)

  constructor(change: (hello: HelloClear) => HelloClear | undefined) {
    this.#change = change
  }

  /** @returns What is to be passed on now: whole frames, until the Hello has passed. */
  push(bytes: Buffer): Buffer {
    if (this.#isDone) return bytes
    this.#waiting = Buffer.concat([this.#waiting, bytes])
    const whole: Buffer[] = []
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) whole.push(frame)
    if (this.#isDone) whole.push(this.#waiting)
    const passing = Buffer.concat(whole)
    this.passed = Buffer.concat([this.passed, passing])
    return passing
  }

  #next(): Buffer | undefined {
    if (this.#isDone) return undefined
    if (!this.#isPrefaceOver) {
      const preface = this.#take(PREFACE_BYTES)
      this.#isPrefaceOver = preface !== undefined
      return preface
    }
    if (this.#waiting.length < FRAME_HEADER_BYTES) return undefined
    const frame = this.#take(FRAME_HEADER_BYTES + this.#waiting.readUIntBE(0, 3))
    if (frame?.readUInt8(3) !== DATA || frame.length === FRAME_HEADER_BYTES) return frame
    this.#isDone = true
    return this.#changed(frame)
  }

  #take(length: number): Buffer | undefined {
    if (this.#waiting.length < length) return undefined
    const taken = this.#waiting.subarray(0, length)
    this.#waiting = this.#waiting.subarray(length)
    return taken
  }

  /** The frame with the changed Hello, which has the same size. */
  #changed(frame: Buffer): Buffer {
    const at = FRAME_HEADER_BYTES + PREFIX_BYTES
    const { message } = ConverseRequest.decode(frame.subarray(at))
    if (message?.$case !== 'hello') return frame
    const changed = this.#change(decodeClear(message.value.clear))
    if (changed === undefined) return NOTHING
    const clear = HelloClear.encode(changed).finish()
    const value = { ...message.value, clear: Buffer.from(clear) }
    const encoded = ConverseRequest.encode({ message: { $case: 'hello', value } }).finish()
    return Buffer.concat([frame.subarray(0, at), encoded])
  }
}
