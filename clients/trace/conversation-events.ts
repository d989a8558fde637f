/**
 * Message 5 as the trace tells it: Hello, Welcome and the records of one conversation.
 *
 * @module
 */

import type { Hello, Welcome } from '#gen/sotto/peer/v1/handshake.ts'
import { ConverseRequest, ConverseResponse } from '#gen/sotto/peer/v1/peer_service.ts'
import type { RecordBody } from '#gen/sotto/peer/v1/record.ts'
import type { SottoError } from '#lib/errors.ts'
import type { Route } from '#lib/protocol.ts'
import type { Ticket } from '#lib/ticket/ticket.ts'
import { helloFields, type Parties, welcomeFields } from './handshake-events.ts'
import { bodyFields, titleOf, type Way } from './record-fields.ts'
import { noted, plain, sealedField, type TraceEvent, type TraceField } from './trace.ts'
import { CONVERSE_REQUEST, CONVERSE_RESPONSE, pieceOf, piecesOf } from './wire-pieces.ts'

const METHOD = 'sotto.peer.v1.PeerService.Converse'
const RELAYED_METHOD = 'sotto.relay.v1.RelayService.Call and Answer'
const RECORD_PROTECTION = 'AES-256-GCM, by the channel’s keys'

/** The method that carries a conversation, and the protection around what is sealed in it. */
function carriage(route: Route = 'direct'): { readonly method: string; readonly open: string } {
  return route === 'relay'
    ? { method: RELAYED_METHOD, open: 'TLS 1.3 to the relay and from it, sealed inside' }
    : { method: METHOD, open: 'plain HTTP/2, sealed inside' }
}

/** Whoever sees a message that is not a record on its way. */
function onlookers(route: Route = 'direct'): string {
  return route === 'relay' ? 'the relay' : 'anybody on the way'
}

/** Hello, as both ends see it; the host, having opened the ticket, sees inside. */
export function helloEvent(hello: Hello, parties: Parties, ticket?: Ticket): TraceEvent {
  const { opener, host, route } = parties
  const { method, open: protection } = carriage(route)
  const encoded = ConverseRequest.encode({ message: { $case: 'hello', value: hello } }).finish()
  return {
    step: 5,
    message: 'Hello',
    from: opener,
    to: host,
    method,
    protection,
    bytes: encoded.length,
    wire: piecesOf(encoded, CONVERSE_REQUEST),
    fields: helloFields(hello, parties, ticket),
    readableBy: `${onlookers(route)}; but ${host} alone opens the ticket, and learns whose identity key it is.`,
  }
}

/** A Hello that was not taken: what the caller learns, and what only the host knows. */
export function refusalEvent(host: string, { code, message }: SottoError): TraceEvent {
  return {
    step: 5,
    message: 'Refusal',
    from: host,
    to: 'a caller',
    method: METHOD,
    protection: 'plain HTTP/2, in the clear',
    bytes: 0,
    fields: [
      noted('told to the caller', 'that it was refused, and nothing else', 'plain'),
      { ...plain('the reason', code, message), tone: 'secret' },
    ],
    readableBy: `anybody on the way sees that ${host} refused; why, nobody but ${host}.`,
  }
}

/** Welcome, as both ends see it. @param secrets - Those of the channel, where the trace reveals them. */
export function welcomeEvent(
  welcome: Welcome,
  { opener, host, route }: Parties,
  secrets: readonly TraceField[] = [],
): TraceEvent {
  const { method, open: protection } = carriage(route)
  const encoded = ConverseResponse.encode({ message: { $case: 'welcome', value: welcome } }).finish()
  return {
    step: 5,
    message: 'Welcome',
    from: host,
    to: opener,
    method,
    protection,
    bytes: encoded.length,
    wire: piecesOf(encoded, CONVERSE_RESPONSE),
    fields: [...welcomeFields(welcome, { opener, host }, `${host} opened the ticket`), ...secrets],
    readableBy: `${onlookers(route)}, and it tells them nothing: both ends now have keys that nobody else can find.`,
  }
}

export interface TracedRecord extends Way {
  /** Counted from 0 in its direction. */
  readonly number: number
  readonly body: RecordBody
  /** The record as it travels. */
  readonly record: Uint8Array
  /** How many records of each title were left out since the last one of the same direction that was shown. */
  readonly leftOut?: ReadonlyMap<string, number>
}

/** A record, told by either end, which alone can. Texts show as sizes. */
export function recordEvent({ from, to, route, number, body, record, leftOut }: TracedRecord): TraceEvent {
  return {
    step: 5,
    message: `Record ${number}: ${titleOf(body)}`,
    from,
    to,
    method: carriage(route).method,
    protection: RECORD_PROTECTION,
    bytes: record.length,
    wire: [pieceOf('record', record)],
    fields: [
      ...(leftOut?.size ? [leftOutField(number, leftOut)] : []),
      sealedField(
        'record',
        `sealed for ${to}:`,
        { kind: 'channel', by: from, for: to },
        record.length,
        bodyFields(body, { from, to }),
      ),
    ],
    readableBy: bothAlone({ from, to, ...(route && { route }) }),
  }
}

export interface LeftOutRecords extends Way {
  /** The number of the next record, which there is none of. */
  readonly number: number
  readonly leftOut: ReadonlyMap<string, number>
  /** The size of all of them as they travel. */
  readonly recordBytes: number
}

/** The records of a direction that were left out since the last one that was shown, as a conversation ends. */
export function leftOutEvent({ from, to, route, number, leftOut, recordBytes }: LeftOutRecords): TraceEvent {
  return {
    step: 5,
    message: 'Records left out, to the end',
    from,
    to,
    method: carriage(route).method,
    protection: RECORD_PROTECTION,
    bytes: recordBytes,
    fields: [leftOutField(number, leftOut)],
    readableBy: bothAlone({ from, to, ...(route && { route }) }),
  }
}

function bothAlone({ from, to, route }: Way): string {
  const both = `${from} and ${to}, and nobody else`
  return route === 'relay'
    ? `${both}. The relay sees that ${from} sends ${to} something of this size, and when.`
    : `${both}.`
}

/** The field that names the records missing before this one: their numbers and titles. */
function leftOutField(number: number, leftOut: ReadonlyMap<string, number>): TraceField {
  const count = leftOut.values().reduce((sum, some) => sum + some, 0)
  const counted = [...leftOut].map(([title, some]) => `${some} × ${title}`)
  const [first, last] = [number - count, number - 1]
  const which = first === last ? `record ${first}` : `records ${first} to ${last}`
  return plain('left_out', count, `${which}: ${counted.join(', ')}`)
}
