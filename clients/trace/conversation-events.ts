/**
 * Message 5 as the trace tells it: Hello, Welcome and the records of one conversation.
 *
 * @module
 */

import { ConverseRequest, ConverseResponse, type Hello, type Welcome } from '#gen/sotto/peer/v1/peer_service.ts'
import { CloseReason, type Event, type RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { textBody } from '#lib/delivery/event.ts'
import type { SottoError } from '#lib/errors.ts'
import type { Ticket } from '#lib/ticket/ticket.ts'
import { helloFields, type Parties, welcomeFields } from './handshake-events.ts'
import { bytesField, plain, sealedField, type TraceEvent, type TraceField } from './trace.ts'

const METHOD = 'sotto.peer.v1.PeerService.Converse'
const OPEN = 'plain HTTP/2, sealed inside'

/** Hello, as both ends see it; the host, having opened the ticket, sees inside. */
export function helloEvent(hello: Hello, parties: Parties, ticket?: Ticket): TraceEvent {
  const { opener, host } = parties
  return {
    step: 5,
    message: 'Hello',
    from: opener,
    to: host,
    method: METHOD,
    protection: OPEN,
    bytes: ConverseRequest.encode({ message: { $case: 'hello', value: hello } }).finish().length,
    fields: helloFields(hello, parties, ticket),
    readableBy: `anybody on the way; but ${host} alone opens the ticket, and learns whose identity key it is.`,
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
      plain('told to the caller', 'that it was refused, and nothing else'),
      { name: 'the reason', value: `${message} (${code})`, tone: 'secret' },
    ],
    readableBy: `anybody on the way sees that ${host} refused; why, nobody but ${host}.`,
  }
}

/** Welcome, as both ends see it. */
export function welcomeEvent(welcome: Welcome, { opener, host }: Parties): TraceEvent {
  return {
    step: 5,
    message: 'Welcome',
    from: host,
    to: opener,
    method: METHOD,
    protection: OPEN,
    bytes: ConverseResponse.encode({ message: { $case: 'welcome', value: welcome } }).finish().length,
    fields: welcomeFields(welcome, `${host} opened the ticket`),
    readableBy: 'anybody on the way, and it tells them nothing: both ends now have keys that nobody else can find.',
  }
}

export interface TracedRecord {
  readonly from: string
  readonly to: string
  /** Counted from 0 in its direction. */
  readonly number: number
  readonly body: RecordBody
  /** Of the record as it travels. */
  readonly recordBytes: number
}

/** A record, told by either end, which alone can. Texts show as sizes. */
export function recordEvent({ from, to, number, body, recordBytes }: TracedRecord): TraceEvent {
  return {
    step: 5,
    message: `Record ${number}: ${contentOf(body)}`,
    from,
    to,
    method: METHOD,
    protection: 'AES-256-GCM, by the channel’s keys',
    bytes: recordBytes,
    fields: [sealedField('record', `sealed for ${to}:`, recordBytes, bodyFields(body, { from, to }))],
    readableBy: `${from} and ${to}, and nobody else.`,
  }
}

/** What the first of a conversation, and those that renew its keys, are called. */
const NAMES: Readonly<Record<string, string>> = {
  resume: 'Resume',
  renewHello: 'RenewHello',
  renewWelcome: 'RenewWelcome',
  renewRefusal: 'RenewRefusal',
  renewSwitch: 'RenewSwitch',
}

function contentOf({ events, piece, acknowledged, control }: RecordBody): string {
  const parts = [
    NAMES[control?.$case ?? ''] ?? '',
    events.length === 0 ? '' : events.length === 1 ? 'a text' : `${events.length} texts`,
    piece?.$case === 'part' ? 'a piece of a text' : '',
    acknowledged === 0n ? '' : 'an acknowledgement',
    control?.$case === 'close' ? 'Close' : '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}

function bodyFields(body: RecordBody, { from, to }: { readonly from: string; readonly to: string }): TraceField[] {
  const { firstSequence, events, piece, acknowledged, control, read } = body
  const part = piece?.$case === 'part' ? piece.value : undefined
  return [
    ...(control?.$case === 'resume' ? resumeFields(control.value) : []),
    ...(control?.$case === 'renewHello' ? helloFields(control.value, { opener: from, host: to }) : []),
    ...(control?.$case === 'renewWelcome' ? welcomeFields(control.value, `${from} made the same keys`) : []),
    ...(firstSequence > 0n ? [plain('first_sequence', firstSequence)] : []),
    ...(events.length > 0 ? [textsField(events)] : []),
    ...(part ? [plain('part', `from byte ${part.offset}${part.last ? ', the last' : ''}`, part.data.length)] : []),
    ...(acknowledged > 0n ? [plain('acknowledged', `${acknowledged}  all up to it is stored`)] : []),
    ...(read > 0n ? [plain('read', `${read}  ${from} has seen all up to it`)] : []),
    ...(control?.$case === 'close' ? closeFields(control.value) : []),
  ]
}

function resumeFields(resume: {
  streamId: Uint8Array
  peerStreamId: Uint8Array
  peerAcknowledged: bigint
  peerLastEventId: Uint8Array
}): TraceField[] {
  const { streamId, peerStreamId, peerAcknowledged, peerLastEventId } = resume
  return [
    bytesField('stream_id', streamId, 'counts what this side says'),
    ...(peerStreamId.length > 0 ? [bytesField('peer_stream_id', peerStreamId)] : []),
    ...(peerAcknowledged > 0n ? [plain('peer_acknowledged', peerAcknowledged)] : []),
    ...(peerLastEventId.length > 0 ? [bytesField('peer_last_event_id', peerLastEventId)] : []),
  ]
}

function textsField(events: readonly Event[]): TraceField {
  const bytes = events.reduce((sum, event) => sum + (textBody(event)?.length ?? 0), 0)
  const what = events.length === 1 ? 'one text, not shown' : `${events.length} texts, not shown`
  return { name: 'events', value: what, tone: 'secret', bytes }
}

function closeFields({ reason, lastSequence }: { reason: CloseReason; lastSequence: bigint }): TraceField[] {
  const name = Object.entries(CloseReason).find(([, value]) => value === reason)?.[0] ?? ''
  return [plain('reason', name), plain('last_sequence', lastSequence)]
}
