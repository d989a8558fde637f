/**
 * What the network of a demo can do to a Hello that passes: nobody but the two has keys, and it has what anybody on the way
 * has.
 *
 * @module
 */
import { HelloClear } from '#gen/sotto/peer/v1/handshake.ts'
import { ConverseRequest } from '#gen/sotto/peer/v1/peer_service.ts'
import { decodeClear } from '#lib/channel/hello.ts'
import type { Tampering } from './tamperings.ts'
import { FRAME_HEADER_BYTES, PREFIX_BYTES, type Unit } from './units.ts'

/** What tampering may do besides changing a Hello. */
export interface Call {
  /** Cut the call. */
  cut(): void
  /** Once the Hello was answered, send all that the caller had sent once more, on a connection of its own. */
  repeat(): void
}

/** Gives the Hello to be passed on in place of one; undefined if none is. */
export type Tamper = (hello: HelloClear, call: Call) => HelloClear | undefined

/** The ways, each for the calls from now on. Notices are of what it does, as it does it. */
export const TAMPER: Readonly<Record<Tampering, (notice: (text: string) => void) => Tamper>> = {
  flip: (notice) =>
    firstOnly((hello) => {
      notice('the network flips one bit of the ticket in the Hello')
      const ticket = Buffer.from(hello.ticket)
      ticket.writeUInt8(ticket.readUInt8(100) ^ 1, 100)
      return { ...hello, ticket }
    }),
  replay: (notice) =>
    firstOnly((hello, { repeat }) => {
      notice('the network sends the whole call once more, byte for byte, on a connection of its own')
      repeat()
      return hello
    }),
  swap: (notice) => {
    let held: Buffer | undefined
    let isDone = false
    return (hello, { cut }) => {
      if (isDone) return hello
      if (held === undefined) {
        notice('the network keeps the ticket of this call, and cuts the call')
        held = hello.ticket
        cut()
        return undefined
      }
      isDone = true
      notice('the network puts that ticket into the next call')
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

/** A unit whose Hello was tampered with, which has the same size; undefined if it is not to pass. */
export function tamperedWith(unit: Unit, tamper: Tamper, call: Call): Unit | undefined {
  const [content] = unit.messages
  if (content === undefined) return unit
  const { message } = ConverseRequest.decode(content)
  if (message?.$case !== 'hello') return unit
  const changed = tamper(decodeClear(message.value.clear), call)
  if (changed === undefined) return undefined
  const value = { ...message.value, clear: Buffer.from(HelloClear.encode(changed).finish()) }
  const encoded = Buffer.from(ConverseRequest.encode({ message: { $case: 'hello', value } }).finish())
  const head = unit.bytes.subarray(0, FRAME_HEADER_BYTES + PREFIX_BYTES)
  return { ...unit, bytes: Buffer.concat([head, encoded]), messages: [encoded] }
}
