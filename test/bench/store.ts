/**
 * A benchmark of the store: events are appended and stored, sealed and bound to their streams, and for comparison, in
 * the same run and on the same disk, the same bytes go into a plain table of SQLite by the same driver.
 *
 *     node test/bench/store.ts [FOLDER]
 *
 * FOLDER is where the databases are made, the system's temporary folder unless named; how long a disk takes to flush
 * decides all that is done one by one.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { encodeTextEvent, parseEvent } from '#lib/delivery/event.ts'
import type { IncomingStream } from '#lib/delivery/incoming-stream.ts'
import { EVENT_ID_BYTES, STREAM_ID_BYTES } from '#lib/delivery/limits.ts'
import { OutgoingStream } from '#lib/delivery/outgoing-stream.ts'
import { encodeRecordBody, parseRecordBody } from '#lib/delivery/record-body.ts'
import { Secret } from '#lib/secret.ts'
import { openDatabase } from '../../clients/store/disk/database.ts'
import type { MessageLog } from '../../clients/store/log/message-log.ts'
import { Store } from '../../clients/store/store.ts'
import { permitReceiving, permitWriting } from '../support/permits.ts'

const BOB_KEY = randomBytes(32)

/** How many events each measurement takes. */
const EVENTS = 10_000

/** How many rounds are measured. Their median is shown, so that other programs on the machine do not decide. */
const ROUNDS = 3

const BODY = Buffer.from('a message of a usual length, such as people write to each other all day long, no more')
const encoded = Array.from({ length: EVENTS }, () => {
  return encodeTextEvent({ eventId: randomBytes(EVENT_ID_BYTES), writtenAt: new Date(), body: BODY })
})
const records = recordsOf(encoded)

/** The records of a burst of events: the events of each. */
function recordsOf(events: readonly Uint8Array[]): Event[][] {
  const stream = new OutgoingStream(randomBytes(STREAM_ID_BYTES))
  for (const event of events) stream.append(event)
  const taken: Event[][] = []
  for (let next = stream.take(); next !== undefined; next = stream.take()) {
    taken.push(parseRecordBody(encodeRecordBody(next, {})).events)
  }
  return taken
}

type Measure = (path: string, flushes: boolean) => number

/** A measure of work on a new store, in events a second. */
function withStore(work: (messageLog: MessageLog) => void): Measure {
  return (path, flushes) => {
    const store = new Store({ database: openDatabase(path, { flushes }), profileKey: Secret.of(randomBytes(32)) })
    const messageLog = store.messageLog('bob', BOB_KEY)
    const rate = timed(() => work(messageLog))
    store.close()
    return rate
  }
}

/** A measure of the same work on a plain table: as many transactions, a row for each event. */
function withTable(transactions: readonly (readonly Uint8Array[])[]): Measure {
  return (path, flushes) => {
    const database = openDatabase(path, { flushes })
    database.exec('create table event (id integer primary key, encoded blob not null) strict')
    const insert = database.prepare('insert into event (encoded) values (?)')
    const rate = timed(() => {
      for (const events of transactions) {
        database.write('disk', () => {
          for (const event of events) insert.run(event)
        })
      }
    })
    database.close()
    return rate
  }
}

function timed(work: () => void): number {
  const beganMs = performance.now()
  work()
  return (EVENTS / (performance.now() - beganMs)) * 1_000
}

const storeOneByOne = withStore((messageLog) => {
  for (const event of encoded) messageLog.append(permitWriting('bob'), [event])
})
const storeBurst = withStore((messageLog) => void messageLog.append(permitWriting('bob'), encoded))

/** Hand records to a message log, as a conversation does. */
function receive(messageLog: MessageLog, arriving: readonly (readonly Event[])[]): void {
  const stream = messageLog.streams.receive(randomBytes(STREAM_ID_BYTES), { isAnswer: true }) as IncomingStream
  let firstSequence = 1n
  for (const events of arriving) {
    const body = {
      firstSequence,
      events: [...events],
      piece: undefined,
      acknowledged: 0n,
      control: undefined,
      read: 0n,
    }
    messageLog.store(permitReceiving('bob', BOB_KEY), stream.accept(body))
    firstSequence += BigInt(events.length)
  }
}

const singles = encoded.map((event) => [event])
const receivedSingles = encoded.map((event) => [parseEvent(event)])
const tableByRecord = records.map((events) => encoded.slice(0, events.length))

const CASES: readonly (readonly [what: string, flushes: boolean, store: Measure, table: Measure])[] = [
  ['append one by one, flushed', true, storeOneByOne, withTable(singles)],
  ['append one by one, not flushed', false, storeOneByOne, withTable(singles)],
  ['append in a burst, flushed', true, storeBurst, withTable([encoded])],
  [
    'store one by one, flushed',
    true,
    withStore((messageLog) => receive(messageLog, receivedSingles)),
    withTable(singles),
  ],
  ['store by record, flushed', true, withStore((messageLog) => receive(messageLog, records)), withTable(tableByRecord)],
]

const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'sotto-bench-'))
let files = 0
const fresh = (): string => join(folder, `${files++}.db`)
const median = (rates: number[]): number => rates.sort((a, b) => a - b)[Math.floor(rates.length / 2)] ?? 0
const shown = (rate: number): string => Math.round(rate).toLocaleString('en').padStart(12)

try {
  console.log(`${EVENTS.toLocaleString('en')} events of ${encoded[0]?.length} bytes, ${records.length} records of them`)
  console.log('events a second'.padEnd(34), 'store'.padStart(12), 'plain SQLite'.padStart(12))
  for (const [what, flushes, store, table] of CASES) {
    const rates: [number[], number[]] = [[], []]
    for (let round = 0; round < ROUNDS; round += 1) {
      rates[0].push(store(fresh(), flushes))
      rates[1].push(table(fresh(), flushes))
    }
    console.log(what.padEnd(34), shown(median(rates[0])), shown(median(rates[1])))
  }
  const path = fresh()
  const profileKey = Secret.of(randomBytes(32))
  const identityKey = randomBytes(32)
  const before = new Store({ database: openDatabase(path), profileKey })
  for (const event of encoded.slice(0, 2_000))
    before.messageLog('bob', identityKey).append(permitWriting('bob'), [event])
  before.messageLog('bob', identityKey).append(permitWriting('bob'), encoded.slice(2_000))
  before.close()
  const loading = timed(() => {
    const after = new Store({ database: openDatabase(path), profileKey })
    if (after.messageLog('bob', identityKey).streams.outgoing.unacknowledged !== EVENTS)
      throw new Error('events are lost')
    after.close()
  })
  console.log('open a store, load what waits'.padEnd(34), shown(loading))
} finally {
  rmSync(folder, { recursive: true })
}
