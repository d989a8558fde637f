/**
 * A program that gets a file from itself, for a test to run within limits.
 *
 *     node file-getter.ts SOURCE FOLDER
 *
 * It tells on standard output what became of it at the receiver's end.
 *
 * @module
 */
import { writeSync } from 'node:fs'
import { exchangeUntil, FileEnd, offered } from './file-end.ts'

const [source = '', folder = ''] = process.argv.slice(2)
await using giver = new FileEnd()
await using getter = new FileEnd()
const what = await offered(source)
giver.give(what)
getter.get(what, folder)
await exchangeUntil(giver, getter, () => getter.ends.length > 0)
writeSync(1, `${getter.ends.join()}\n`)
