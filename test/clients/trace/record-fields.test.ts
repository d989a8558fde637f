import { expect } from 'chai'
import { HelloClear } from '#gen/sotto/peer/v1/handshake.ts'
import { CloseReason, FileEntryType, FileStatusState, RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { recordEvent } from '../../../clients/trace/conversation-events.ts'
import { titleOf } from '../../../clients/trace/record-fields.ts'
import { RecordTrace } from '../../../clients/trace/record-trace.ts'
import { renderTrace } from '../../../clients/trace/render.ts'
import type { TraceEvent } from '../../../clients/trace/trace.ts'
import { bytesOf } from '../../support/random.ts'

type Control = NonNullable<RecordBody['control']>
type EventKind = NonNullable<NonNullable<RecordBody['events']>[number]['kind']>

const ID = Buffer.from(bytesOf('id', 16))
const SHA = Buffer.from(bytesOf('hash', 32))
const NONSENSE = { clear: Buffer.of(0xff), noiseMessage: Buffer.alloc(3) }
const offerId = ID
const CLEAR = Buffer.from(
  HelloClear.encode({
    version: 1,
    suite: 1,
    instanceId: ID,
    ticket: SHA,
    encapsulationKey: Buffer.alloc(1_184),
  }).finish(),
)

const CONTROLS = {
  resume: { streamId: ID, peerStreamId: ID, peerAcknowledged: 1n, peerLastEventId: ID },
  close: { reason: CloseReason.DONE, lastSequence: 3n },
  renewHello: { clear: CLEAR, noiseMessage: Buffer.alloc(96) },
  renewWelcome: { kemCiphertext: Buffer.alloc(1_088), noiseMessage: Buffer.alloc(48) },
  renewRefusal: {},
  renewSwitch: {},
  ping: {},
  typing: { active: true },
} satisfies { readonly [Case in Control['$case']]: Extract<Control, { $case: Case }>['value'] }

const EVENTS = {
  text: { body: Buffer.from('hello') },
  fileOffer: { entries: [{ path: Buffer.from('a.txt'), size: 7n, sha256: SHA, type: FileEntryType.FILE }] },
  fileStatus: { offerId, state: FileStatusState.ACCEPTED },
} satisfies { readonly [Case in EventKind['$case']]: Extract<EventKind, { $case: Case }>['value'] }

const bodyOf = (partial: object) => RecordBody.fromPartial(partial as never)
const withEvent = ($case: string, value: object) =>
  bodyOf({ firstSequence: 1n, events: [{ eventId: ID, writtenAt: new Date(0), kind: { $case, value } }] })

/** A record with nothing but one field, of each field and each kind that there is. */
const BODIES: ReadonlyArray<readonly [what: string, body: RecordBody]> = [
  ...Object.entries(CONTROLS).map(([$case, value]) => [$case, bodyOf({ control: { $case, value } })] as const),
  ...Object.entries(EVENTS).map(([$case, value]) => [$case, withEvent($case, value)] as const),
  ...Object.entries(FileStatusState)
    .filter(([, state]) => state > FileStatusState.ACCEPTED)
    .map(([name, state]) => [name, withEvent('fileStatus', { offerId, state })] as const),
  ['part', bodyOf({ firstSequence: 1n, piece: { $case: 'part', value: { offset: 9, data: ID, last: true } } })],
  ['fileChunk', bodyOf({ piece: { $case: 'fileChunk', value: { offerId, offset: 9n, data: ID } } })],
  ['acknowledged', bodyOf({ acknowledged: 4n })],
  ['read', bodyOf({ read: 4n })],
  ['fileProgress', bodyOf({ fileProgress: { offerId, received: 5n } })],
]

/** A record, as it travels. */
const RECORD = new Uint8Array(100)

const WAY = { from: 'alice', to: 'bob' }

const eventOf = (body: RecordBody) => recordEvent({ ...WAY, number: 0, body, record: RECORD })

describe('the trace of a record', () => {
  it('calls each kind by a name that no other has', () => {
    const titles = BODIES.map(([, body]) => titleOf(body))
    expect(new Set(titles).size, titles.join('\n')).to.equal(BODIES.length)
    for (const title of titles) expect(title).not.to.equal('nothing')
  })

  it('calls no offer, acceptance or receipt a text', () => {
    const titled = Object.fromEntries(BODIES.map(([what, body]) => [what, titleOf(body)]))
    expect(titled).to.include({
      text: 'a text',
      fileOffer: 'an offer',
      fileStatus: 'an acceptance',
      read: 'a read receipt',
      part: 'a piece of an event',
    })
  })

  it('shows of nothing that it has no bytes, unless it has none', () => {
    for (const [what, body] of BODIES) expect(renderTrace(eventOf(body)), what).not.to.match(/ 0 B$/m)
  })

  it('names all that is in one record', () => {
    const kinds = (['text', 'text', 'fileOffer'] as const).map(($case) => ({ kind: { $case, value: EVENTS[$case] } }))
    const body = bodyOf({ firstSequence: 1n, events: kinds, acknowledged: 3n, read: 2n })
    expect(titleOf(body)).to.equal('2 texts, an offer, an acknowledgement, a read receipt')
  })

  it('shows a renewal that cannot be decoded, as what cannot be read', () => {
    for (const clear of [NONSENSE.clear, Buffer.alloc(5_000), Buffer.alloc(0)]) {
      const body = bodyOf({ control: { $case: 'renewHello', value: { ...NONSENSE, clear } } })
      expect(renderTrace(eventOf(body))).to.include('RenewHello')
    }
    const drawn = renderTrace(eventOf(bodyOf({ control: { $case: 'renewHello', value: NONSENSE } })))
    expect(drawn).to.include('cannot be read')
  })

  it('tells which records it left out, with the next one that it shows', () => {
    const told: TraceEvent[] = []
    const trace = new RecordTrace(WAY, (event) => told.push(event), 1)
    const ping = bodyOf({ control: { $case: 'ping', value: {} } })
    const text = withEvent('text', EVENTS.text)
    const chunk = bodyOf({ piece: { $case: 'fileChunk', value: { offerId, offset: 9n, data: ID } } })
    for (const body of [text, ping, ping, chunk, text, ping, text, text]) trace.tell(() => body, RECORD)
    expect(told.map(({ message }) => message)).to.deep.equal([1, 5, 7, 8].map((number) => `Record ${number}: a text`))
    const leftOut = told.map(({ fields }) => fields.find(({ name }) => name === 'left_out'))
    expect(leftOut.map((field) => field?.value)).to.deep.equal([undefined, 3, 1, undefined])
    expect(leftOut[1]?.note).to.equal('records 2 to 4: 2 × Ping, 1 × a piece of a file')
    expect(leftOut[2]?.note).to.equal('record 6: 1 × Ping')
  })

  it('needs no more to tell of billions that were left out than of one', () => {
    const leftOut = new Map([
      ['a piece of a file', 4e9],
      ['Ping', 1e9],
    ])
    const { fields } = recordEvent({ ...WAY, number: 5e9, body: bodyOf({ acknowledged: 4n }), record: RECORD, leftOut })
    expect(fields[0]).to.include({
      value: 5e9,
      note: 'records 0 to 4999999999: 4000000000 × a piece of a file, 1000000000 × Ping',
    })
  })

  it('tells which records it left out after the last that it shows, once, at the end', () => {
    const told: TraceEvent[] = []
    const trace = new RecordTrace(WAY, (event) => told.push(event), 0)
    const ping = bodyOf({ control: { $case: 'ping', value: {} } })
    for (const body of [withEvent('text', EVENTS.text), ping, ping]) trace.tell(() => body, RECORD)
    for (let n = 0; n < 2; n += 1) trace.end()
    expect(told.map(({ message, bytes }) => [message, bytes])).to.deep.equal([
      ['Record 0: a text', 100],
      ['Records left out, to the end', 200],
    ])
    expect(told[1]?.fields).to.deep.equal([
      { name: 'left_out', value: 2, note: 'records 1 to 2: 2 × Ping', tone: 'plain' },
    ])
  })
})
