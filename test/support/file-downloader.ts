/**
 * A program that downloads a file from itself, for a test to run within limits.
 *
 *     node file-downloader.ts SOURCE FOLDER
 *
 * It prints on standard output what became of the download.
 *
 * @module
 */
import { writeSync } from 'node:fs'
import { exchangeUntil, FileEnd, offered } from './file-end.ts'

const [source = '', folder = ''] = process.argv.slice(2)
await using uploader = new FileEnd()
await using downloader = new FileEnd()
const what = await offered(source)
uploader.upload(what)
downloader.download(what, folder)
await exchangeUntil(uploader, downloader, () => downloader.ends.length > 0)
writeSync(1, `${downloader.ends.join()}\n`)
