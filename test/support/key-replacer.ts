/**
 * A program that puts a profile under another passphrase and fails on the way, for the tests of `clients/profile`:
 *
 *     node key-replacer.ts HOME kill STEP    kills itself with SIGKILL at that step of writing, half of a file written
 *     node key-replacer.ts HOME fail STEP    lets the disk refuse that step
 *
 * It prints on standard output how many steps there were, if it gets that far. The profile is `alice`; the passphrase
 * changes from "old passphrase" to "new passphrase".
 *
 * @module
 */
import files, { type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { Profile } from '../../clients/profile/profile.ts'
import { CHEAP, passphraseOf, unlockBy } from './passphrases.ts'

/** The fate of the chosen step. */
export type Fate = 'kill' | 'fail'

const [, , home = '', fate = '', at = ''] = process.argv
let steps = 0
let isWriting = false

/** Reach a step of writing. @param half - Done before the program fails at the chosen step. */
async function reach(half?: () => Promise<unknown>): Promise<void> {
  if (!isWriting) return
  steps += 1
  if (steps !== Number(at)) return
  await half?.()
  if (fate === 'kill') process.kill(process.pid, 'SIGKILL')
  throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', syscall: 'write' })
}

const { open, rename } = files
const probe = await open(process.execPath)
const handle = Object.getPrototypeOf(probe) as FileHandle
await probe.close()
const { writeFile, sync } = handle
// The one overload of write that is called here.
const write: (content: Uint8Array, offset: number, length: number, position: number) => Promise<unknown> = handle.write

Object.assign(files, {
  open: async (...options: Parameters<typeof open>) => {
    await reach()
    return open(...options)
  },
  rename: async (...options: Parameters<typeof rename>) => {
    await reach()
    return rename(...options)
  },
})
Object.assign(handle, {
  async writeFile(this: FileHandle, content: Uint8Array) {
    await reach(() => writeFile.call(this, content.subarray(0, content.length / 2)))
    return writeFile.call(this, content)
  },
  async write(this: FileHandle, content: Uint8Array) {
    await reach(() => write.call(this, content, 0, content.length >> 1, 0))
    return write.call(this, content, 0, content.length, 0)
  },
  async sync(this: FileHandle) {
    await reach()
    return sync.call(this)
  },
})
syncBuiltinESMExports()

const profile = await Profile.open(home, 'alice', unlockBy('old passphrase'))
isWriting = true
try {
  await profile.protect(passphraseOf('new passphrase'), CHEAP)
} finally {
  process.stdout.write(`${steps}\n`)
}
