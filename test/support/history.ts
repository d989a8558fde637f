/**
 * The history of somebody who has used Sotto for long.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { encodeTextEvent, parseEvent } from '#lib/delivery/event.ts'
import type { IncomingStream } from '#lib/delivery/incoming-stream.ts'
import { EVENT_ID_BYTES, STREAM_ID_BYTES } from '#lib/delivery/limits.ts'
import { Profile } from '../../clients/profile/profile.ts'
import { openStore } from '../../clients/store/open-store.ts'
import { permitReceiving } from './permits.ts'

/** How many came in one record. */
const BURST = 50

const WORDS = ['river', 'bridge', 'Tuesday', 'lunch', 'the', 'a', 'and', 'when', 'Straße', 'café', 'train', 'ok']

/** The word that is searched, and in how many messages it stands once. */
export const [RARE_WORD, ONCE_IN] = ['UMBRELLA', 1_000]

/** A text of a dozen words, the same in every run. */
function textOf(number: number): string {
  const words = Array.from({ length: 12 }, (_, index) => WORDS[(number * 7 + index * index) % WORDS.length])
  return `${words.join(' ')}${number % ONCE_IN === 0 ? ` ${RARE_WORD}` : ''}`
}

/** Let a profile have received so many messages, and read them: from `contact0` and so many others. */
export async function fillHistory(home: string, name: string, messages: number, contacts = 20): Promise<void> {
  const { folder, key } = (await Profile.open(home, name)).storage
  const store = openStore(folder, { profileKey: key })
  try {
    const streams = Array.from({ length: contacts }, (_, number) => {
      const [contact, identityKey] = [`contact${number}`, randomBytes(32)]
      const log = store.messageLog(contact, identityKey)
      const stream = log.streams.receive(randomBytes(STREAM_ID_BYTES), { isAnswer: true }) as IncomingStream
      return { log, stream, permission: permitReceiving(contact, identityKey), firstSequence: 1n }
    })
    for (let number = 0; number < messages; number += BURST) {
      const to = streams[(number / BURST) % contacts] as (typeof streams)[number]
      const events = Array.from({ length: Math.min(BURST, messages - number) }, (_, index) => {
        const body = Buffer.from(textOf(number + index))
        return parseEvent(encodeTextEvent({ eventId: randomBytes(EVENT_ID_BYTES), writtenAt: new Date(), body }))
      })
      const rest = { piece: undefined, acknowledged: 0n, control: undefined, read: 0n }
      to.log.store(to.permission, to.stream.accept({ firstSequence: to.firstSequence, events, ...rest }))
      to.firstSequence += BigInt(events.length)
    }
    for (const contact of store.names()) store.markRead(contact)
  } finally {
    store.close()
  }
}
