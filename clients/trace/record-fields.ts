/**
 * The title and the fields of a record in the trace. Each table has every kind that the contract has: a kind without a
 * name does not compile.
 *
 * @module
 */

import {
  CloseReason,
  type Event,
  FileOffer,
  FileProgressPause,
  type FileStatus,
  FileStatusState,
  type RecordBody,
} from '#gen/sotto/peer/v1/record.ts'
import { type ByKind, byKind } from '#lib/delivery/event-kind.ts'
import { sizeOf } from '#lib/delivery/file-events.ts'
import type { Route } from '#lib/protocol.ts'
import { helloFields, type Parties, welcomeFields } from './handshake-events.ts'
import { bytesField, hiddenField, noted, plain, type TraceField } from './trace.ts'

/** The names of the sender and the receiver of a record, and the way between them: direct, unless set. */
export interface Way {
  readonly from: string
  readonly to: string
  readonly route?: Route
}

type Kind<Union extends { readonly $case: string } | undefined> = NonNullable<Union>['$case']
type ValueOf<Union extends { readonly $case: string; readonly value: unknown } | undefined, Case> = Extract<
  NonNullable<Union>,
  { readonly $case: Case }
>['value']

type Control = RecordBody['control']
type Piece = RecordBody['piece']

/** The title of each kind of control. */
const CONTROL_NAMES = {
  resume: 'Resume',
  close: 'Close',
  renewHello: 'RenewHello',
  renewWelcome: 'RenewWelcome',
  renewRefusal: 'RenewRefusal',
  renewSwitch: 'RenewSwitch',
  ping: 'Ping',
  typing: 'Typing',
} satisfies Record<Kind<Control>, string>

const PIECE_NAMES = { part: 'a piece of an event', fileChunk: 'a piece of a file' } satisfies Record<
  Kind<Piece>,
  string
>

/** The names of one event of each kind, and of several. */
const EVENT_NAMES = {
  text: ['a text', 'texts'],
  fileOffer: ['an offer', 'offers'],
  fileStatus: ['a status of an offer', 'statuses of offers'],
} satisfies Record<Kind<Event['kind']>, readonly [one: string, many: string]>

/** The title of a status of an offer. */
const STATUS_NAMES = {
  [FileStatusState.UNSPECIFIED]: 'a status of an offer',
  [FileStatusState.ACCEPTED]: 'an acceptance',
  [FileStatusState.DECLINED]: 'a refusal of an offer',
  [FileStatusState.RECEIVED]: 'a receipt of a file',
  [FileStatusState.CANCELLED]: 'a cancellation',
  [FileStatusState.SAVE_FAILED]: 'a failure to keep a file',
  [FileStatusState.DAMAGED]: 'a word of damage',
  [FileStatusState.SOURCE_CHANGED]: 'a word of a changed file',
} satisfies Record<FileStatusState, string>

/** The title of a record, by all that is in it. */
export function titleOf({ events, piece, acknowledged, control, read, fileProgress }: RecordBody): string {
  const parts = [
    control && control.$case !== 'close' && CONTROL_NAMES[control.$case],
    ...eventNames(events),
    piece && PIECE_NAMES[piece.$case],
    fileProgress && 'the progress of a file',
    acknowledged > 0n && 'an acknowledgement',
    read > 0n && 'a read receipt',
    control?.$case === 'close' && CONTROL_NAMES.close,
  ].filter((part) => typeof part === 'string')
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}

function eventNames(events: readonly Event[]): string[] {
  const byKind = Map.groupBy(events, ({ kind }) => kind?.$case ?? 'text')
  return [...byKind].map(([kind, some]) => {
    const [one, many] = EVENT_NAMES[kind]
    const [first] = some
    if (some.length > 1) return `${some.length} ${many}`
    return first?.kind?.$case === 'fileStatus' ? STATUS_NAMES[first.kind.value.state] : one
  })
}

/** The description of each field of a record. */
const FIELDS = {
  control: (control, way) => (control === undefined ? [] : fieldsOfCase(CONTROL_FIELDS, control, way)),
  firstSequence: (sequence) => (sequence > 0n ? [plain('first_sequence', sequence)] : []),
  events: (events) => eventFields(events),
  piece: (piece, way) => (piece === undefined ? [] : fieldsOfCase(PIECE_FIELDS, piece, way)),
  acknowledged: (sequence) => (sequence > 0n ? [plain('acknowledged', sequence, 'all up to it is stored')] : []),
  read: (sequence, { from }) => (sequence > 0n ? [plain('read', sequence, `${from} has seen all up to it`)] : []),
  fileProgress: (progress) =>
    progress === undefined
      ? []
      : [
          bytesField('offer_id', progress.offerId),
          plain('received', progress.received, 'bytes of it are there'),
          ...(progress.pause === FileProgressPause.UNSPECIFIED
            ? []
            : [plain('pause', nameIn(FileProgressPause, progress.pause), 'no more of it is to come now')]),
        ],
} satisfies { readonly [Field in keyof RecordBody]: (value: RecordBody[Field], way: Way) => TraceField[] }

/** All that is shown of a record. */
export function bodyFields(body: RecordBody, way: Way): TraceField[] {
  const fieldsOf = <Field extends keyof RecordBody>(field: Field) =>
    (FIELDS[field] as (value: RecordBody[Field], way: Way) => TraceField[])(body[field], way)
  return (Object.keys(FIELDS) as (keyof RecordBody)[]).flatMap((field) => fieldsOf(field))
}

type FieldsByCase<Union extends { readonly $case: string; readonly value: unknown } | undefined> = {
  readonly [Case in Kind<Union>]: (value: ValueOf<Union, Case>, way: Way) => TraceField[]
}

function fieldsOfCase<Union extends { readonly $case: string; readonly value: unknown }>(
  table: FieldsByCase<Union>,
  { $case, value }: Union,
  way: Way,
): TraceField[] {
  return (table as Readonly<Record<string, (value: unknown, way: Way) => TraceField[]>>)[$case]?.(value, way) ?? []
}

const CONTROL_FIELDS: FieldsByCase<NonNullable<Control>> = {
  resume: ({ streamId, peerStreamId, peerAcknowledged, peerLastEventId }) => [
    bytesField('stream_id', streamId, 'counts what this side says'),
    ...(peerStreamId.length > 0 ? [bytesField('peer_stream_id', peerStreamId)] : []),
    ...(peerAcknowledged > 0n ? [plain('peer_acknowledged', peerAcknowledged)] : []),
    ...(peerLastEventId.length > 0 ? [bytesField('peer_last_event_id', peerLastEventId)] : []),
  ],
  close: ({ reason, lastSequence }) => [
    plain('reason', nameIn(CloseReason, reason)),
    plain('last_sequence', lastSequence),
  ],
  renewHello: (hello, way) => helloFields(hello, partiesOf(way)),
  renewWelcome: (welcome, { from, to }) =>
    welcomeFields(welcome, { opener: to, host: from }, `${from} made the same keys`),
  renewRefusal: () => [],
  renewSwitch: () => [],
  ping: () => [],
  typing: ({ active }) => [plain('active', active)],
}

/** The sender of a renewal's Hello is the opener. */
function partiesOf({ from, to }: Way): Parties {
  return { opener: from, host: to }
}

const PIECE_FIELDS: FieldsByCase<NonNullable<Piece>> = {
  part: ({ offset, data, last }) => [
    plain('offset', offset, 'where in the event it begins, in bytes'),
    noted('data', 'not shown', 'secret', data.length),
    plain('last', last),
  ],
  fileChunk: ({ offerId, offset, data }) => [
    bytesField('offer_id', offerId),
    plain('offset', offset, 'where in the content it begins, in bytes'),
    noted('data', 'not shown', 'secret', data.length),
  ],
}

/** The fields for events. Texts show as sizes alone, together; all others one by one. */
function eventFields(events: readonly Event[]): TraceField[] {
  const texts: Uint8Array[] = []
  const others: TraceField[] = []
  const table: ByKind<void> = {
    text: ({ body }) => void texts.push(body),
    fileOffer: (offer) => void others.push(offerField(offer)),
    fileStatus: (status) => void others.push(statusField(status)),
  }
  for (const event of events) byKind(event, table)
  const [first] = texts
  if (first === undefined) return others
  const bytes = texts.reduce((sum, { length }) => sum + length, 0)
  const shown =
    texts.length === 1
      ? hiddenField('events', 'one text, not shown', first)
      : noted('events', `${texts.length} texts, not shown`, 'secret')
  return [{ ...shown, bytes }, ...others]
}

function offerField(offer: FileOffer): TraceField {
  const { manifest } = offer
  const inside = [
    manifest === undefined
      ? plain('entries', offer.entries.length)
      : plain('manifest', manifest.size, 'bytes of entries'),
    plain('size', sizeOf(offer), 'bytes of content'),
  ]
  return { ...noted('file_offer', 'its names are not shown', 'secret', encodedLength(offer)), inside }
}

function statusField({ offerId, state }: FileStatus): TraceField {
  return { ...noted('file_status', STATUS_NAMES[state], 'plain'), inside: statusFields(offerId, state) }
}

function statusFields(offerId: Uint8Array, state: FileStatusState): TraceField[] {
  return [bytesField('offer_id', offerId), plain('state', nameIn(FileStatusState, state))]
}

function encodedLength(offer: FileOffer): number {
  return FileOffer.encode(offer).finish().length
}

function nameIn(names: Readonly<Record<string, number>>, value: number): string | number {
  return Object.entries(names).find(([, number]) => number === value)?.[0] ?? value
}
