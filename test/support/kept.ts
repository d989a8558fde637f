/**
 * The store of a profile on a real disk, with the conversations that it has kept.
 *
 * @module
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Profile } from '../../clients/profile/profile.ts'
import { openDatabase } from '../../clients/store/disk/database.ts'
import { STORE_FILE } from '../../clients/store/open-store.ts'
import { Store } from '../../clients/store/store.ts'
import type { FakeClock } from './clock.ts'
import { converse, DeliveringSide } from './delivering-side.ts'
import { ALICE_KEY, BOB_KEY, outgoingText, PROFILE_KEY, quickDatabase, testStore } from './stores.ts'

const MINUTE_MS = 60_000

/** Open or create the store of a profile, for as long as some work takes. */
export function inStore<T>({ storage }: Profile, clock: FakeClock, work: (store: Store) => T): T {
  const store = testStore(storage.folder, {
    database: quickDatabase(storage.folder),
    profileKey: storage.key,
    clock,
  })
  try {
    return work(store)
  } finally {
    store.close()
  }
}

/**
 * Store a first conversation with a contact: each line is sent and stored on the other side a minute after the one
 * before.
 *
 * @param lines - What is sent to the contact, and after `<` what the contact sends.
 */
export function storeConversation(store: Store, name: string, clock: FakeClock, lines: readonly string[]): void {
  const peer = new Store({ database: openDatabase(':memory:'), profileKey: PROFILE_KEY, clock })
  const own = new DeliveringSide(store.messageLog(name, BOB_KEY), true, [name, BOB_KEY])
  const other = new DeliveringSide(peer.messageLog('alice', ALICE_KEY), false)
  for (const line of lines) {
    clock.advance(MINUTE_MS)
    const sender = line.startsWith('<') ? other : own
    sender.append([outgoingText(line.replace(/^</, ''), clock.now())])
    converse(own, other)
  }
  peer.close()
}

/** Break one batch of the first contact in a profile's store, as a failing disk would. */
export function breakBatch({ storage }: Profile, number: number): void {
  const file = new DatabaseSync(join(storage.folder, STORE_FILE))
  try {
    file.prepare("update batch set sealed = x'00' where id = ?").run(2 ** 32 + number)
  } finally {
    file.close()
  }
}
