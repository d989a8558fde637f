/**
 * A program that appends to the store of a profile, for tests to run concurrently with others and to kill.
 *
 *     node store-writer.ts FOLDER PREFIX COUNT
 *
 * It appends PREFIX1, PREFIX2 … to bob, each in a transaction of its own, and prints the ordinal of each on standard
 * output once the store has promised to deliver it.
 *
 * @module
 */
import { writeSync } from 'node:fs'
import { openStore } from '../../clients/store/open-store.ts'
import { permitWriting } from './permits.ts'
import { BOB_KEY, outgoingText, PROFILE_KEY } from './stores.ts'

const [folder = '', prefix = '', count = ''] = process.argv.slice(2)
const store = openStore(folder, { profileKey: PROFILE_KEY })
const messageLog = store.messageLog('bob', BOB_KEY)
for (let number = 1; number <= Number(count); number += 1) {
  const ordinal = messageLog.append(permitWriting('bob'), [outgoingText(`${prefix}${number}`)])
  writeSync(1, `${ordinal}\n`)
}
store.close()
