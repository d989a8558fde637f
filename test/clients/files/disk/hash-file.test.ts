import { createHash, randomBytes } from 'node:crypto'
import { open, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { hashOpenFile, sha256Of } from '../../../../clients/files/disk/hash-file.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts'

const MIB = 1024 * 1024

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('the hash of a file', () => {
  let temporary: TemporaryFolder
  let path: string

  beforeEach(async () => {
    temporary = await temporaryFolder()
    path = join(temporary.path, 'file')
  })

  afterEach(() => temporary[Symbol.asyncDispose]())

  for (const size of [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 7]) {
    it(`is that of all ${size} bytes, however many come at a time`, async () => {
      const content = randomBytes(size)
      await writeFile(path, content)
      expect((await sha256Of(path)).toString('hex')).to.equal(sha256(content))
      await using file = await open(path)
      const read: number[] = []
      const { sha256: hash, bytes } = await hashOpenFile(file, { most: size, onRead: (count) => read.push(count) })
      expect(hash.toString('hex')).to.equal(sha256(content))
      expect(bytes).to.equal(size)
      expect(read.reduce((sum, count) => sum + count, 0)).to.equal(size)
    })
  }

  it('ends where it is told to, and where the file ends before that', async () => {
    const content = randomBytes(2 * MIB)
    await writeFile(path, content)
    for (const most of [MIB + 5, 5 * MIB]) {
      await using file = await open(path)
      const { sha256: hash, bytes } = await hashOpenFile(file, { most })
      expect(bytes).to.equal(Math.min(most, content.length))
      expect(hash.toString('hex')).to.equal(sha256(content.subarray(0, most)))
    }
  })

  it('is given up with the signal’s reason, and leads through no link', async () => {
    await writeFile(path, randomBytes(4 * MIB))
    const given = new AbortController()
    await using file = await open(path)
    const hashing = hashOpenFile(file, { signal: given.signal, onRead: () => given.abort(new Error('enough')) })
    expect(await hashing.catch((error: Error) => error.message)).to.equal('enough')
    await symlink(path, join(temporary.path, 'link'))
    expect(await sha256Of(join(temporary.path, 'link')).catch(({ code }) => code)).to.equal('ELOOP')
  })
})
