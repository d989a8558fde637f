/**
 * A benchmark of the search through 100,000 messages, which have no index on the disk: in batches of one message, as a
 * slow conversation makes them, and in larger ones, as bursts do. For comparison, in the same run, the same rows are
 * read from SQLite without being decrypted; a store is opened, and a page of its history is read.
 *
 *     node test/bench/history-search.ts
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeTextEvent } from '#lib/delivery/event.ts'
import { EVENT_ID_BYTES } from '#lib/delivery/limits.ts'
import { Secret } from '#lib/secret.ts'
import { openDatabase } from '../../clients/store/disk/database.ts'
import { Store } from '../../clients/store/store.ts'
import { permitWriting } from '../support/permits.ts'

const MESSAGES = 100_000
const CONTACTS = 20
const ROUNDS = 3

const WORDS = [
  'river',
  'bridge',
  'Tuesday',
  'lunch',
  'the',
  'a',
  'and',
  'when',
  'Straße',
  'café',
  'train',
  'ok',
  'see you',
]
const folder = mkdtempSync(join(tmpdir(), 'sotto-bench-'))

/** A text of a dozen words, the same in every run; each thousandth holds the word that is searched. */
function textOf(number: number): string {
  const words = Array.from({ length: 12 }, (_, index) => WORDS[(number * 7 + index * index) % WORDS.length])
  return `${words.join(' ')}${number % 1_000 === 0 ? ' UMBRELLA' : ''}`
}

function fill(store: Store, burst: number): void {
  const keys = Array.from({ length: CONTACTS }, () => randomBytes(32))
  for (let number = 0; number < MESSAGES; number += burst) {
    const contact = (number / burst) % CONTACTS
    const events = Array.from({ length: burst }, (_, index) => {
      const body = Buffer.from(textOf(number + index))
      return encodeTextEvent({ eventId: randomBytes(EVENT_ID_BYTES), writtenAt: new Date(), body })
    })
    store.messageLog(`contact${contact}`, keys[contact]).append(permitWriting(`contact${contact}`), events)
  }
}

async function medianMs(work: () => unknown): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const beganMs = performance.now()
    await work()
    times.push(performance.now() - beganMs)
  }
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0
}

async function measure(burst: number): Promise<void> {
  const path = join(folder, `${burst}.db`)
  const profileKey = Secret.of(randomBytes(32))
  // Filled without flushes: only reading is measured here.
  const before = new Store({ database: openDatabase(path, { flushes: false }), profileKey })
  fill(before, burst)
  before.close()

  const database = openDatabase(path)
  const store = new Store({ database, profileKey })
  const rows = database.prepare('select id, sealed from batch')
  const results: [string, number][] = [
    ['read the rows, and nothing else', await medianMs(() => rows.all())],
    ['search a word, 100 found', await medianMs(() => found(store, 'umbrella', 100))],
    ['search two words, none found', await medianMs(() => found(store, 'Bridge zeppelin', 0))],
    ['a page of 50', await medianMs(() => store.history('contact7', { limit: 50 }))],
    ['open the store', await medianMs(() => new Store({ database: openDatabase(path), profileKey }).close())],
  ]
  store.close()
  const size = (statSync(path).size / 1e6).toFixed(1)
  console.log(`${MESSAGES.toLocaleString('en')} messages of ${CONTACTS} contacts, ${burst} a batch: ${size} MB`)
  for (const [what, ms] of results) console.log(`  ${what.padEnd(34)} ${ms.toFixed(1).padStart(8)} ms`)
}

async function found(store: Store, words: string, expected: number): Promise<void> {
  const hits = await Array.fromAsync(store.search(words))
  if (hits.length !== expected) throw new Error(`${hits.length} messages found, not ${expected}`)
}

try {
  await measure(1)
  await measure(50)
} finally {
  rmSync(folder, { recursive: true })
}
