/**
 * Stores for tests: real files, keys that are the same in every run, and texts in and out.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { encodeTextEvent, parseEvent } from '#lib/delivery/event.ts'
import { EVENT_ID_BYTES } from '#lib/delivery/limits.ts'
import { type Database, openDatabase } from '../../clients/store/disk/database.ts'
import { STORE_FILE } from '../../clients/store/open-store.ts'
import type { Gap, Message } from '../../clients/store/reading/messages.ts'
import { Store, type StoreOptions } from '../../clients/store/store.ts'
import { textBody } from './event-text.ts'
import { bytesOf, secretOf } from './random.ts'

export const PROFILE_KEY = secretOf('profile key')
export const ALICE_KEY = bytesOf('identity key of alice', 32)
export const BOB_KEY = bytesOf('identity key of bob', 32)

/** A database without flushes, which survives the end of the process and not a loss of power: so tests are quick. */
export function quickDatabase(folder: string): Database {
  return openDatabase(join(folder, STORE_FILE), { flushes: false })
}

/** The store in a folder. */
export function testStore(folder: string, options: Partial<StoreOptions> = {}): Store {
  const database = options.database ?? quickDatabase(folder)
  try {
    return new Store({ profileKey: PROFILE_KEY, ...options, database })
  } catch (error) {
    database.close()
    throw error
  }
}

/** A store in memory. */
export function memoryStore(): Store {
  return testStore('', { database: openDatabase(':memory:') })
}

/** A text as an encoded event. */
export function outgoingText(text: string | Uint8Array, writtenAt = new Date(0)): Uint8Array {
  return encodeTextEvent({ eventId: randomBytes(EVENT_ID_BYTES), writtenAt, body: Buffer.from(text) })
}

/** A text as an event that came. */
export function incomingText(text: string, writtenAt?: Date): Event {
  return parseEvent(outgoingText(text, writtenAt))
}

/** The texts of events. */
export function textsOf(events: readonly Event[]): string[] {
  return events.map((event) => textBody(event)?.toString() ?? '')
}

/** The texts of messages, and where there are gaps. */
export function shown(messages: readonly (Message | Gap)[]): string[] {
  return messages.flatMap((message) => (message.kind === 'gap' ? ['(gap)'] : textsOf([message.event])))
}

/** The messages of a conversation, the oldest first. */
export async function conversation(store: Store, name: string): Promise<(Message | Gap)[]> {
  return Array.fromAsync(store.messages([name]))
}
