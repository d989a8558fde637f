import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { kept } from '../../../../clients/files/disk/disk-errors.ts'
import { rejection } from '../../../support/rejection.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts'

const DOWNLOADER = fileURLToPath(new URL('../../../support/file-downloader.ts', import.meta.url))

describe('Partial', function () {
  this.timeout(15_000)
  let folder: TemporaryFolder
  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  it('leaves nothing on a disk that takes no more of it', async () => {
    const [source, downloads] = [join(folder.path, 'large'), join(folder.path, 'downloads')]
    await writeFile(source, randomBytes(1_000_000))
    await mkdir(downloads)
    // In blocks of 512 or 1,024 bytes: less than the file, and more than a few pieces of it.
    const line = `ulimit -f 700 && exec "${process.execPath}" "${DOWNLOADER}" "${source}" "${downloads}"`
    expect(execFileSync('sh', ['-c', line], { encoding: 'utf8' })).to.equal('ERR_FILE_SAVE_FAILED\n')
    expect(await readdir(downloads)).to.deep.equal([])
  })

  it('is told of a full disk as of what it is', async () => {
    for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EIO']) {
      const error = await rejection(kept(() => Promise.reject(Object.assign(new Error(code), { code }))))
      expect(error).to.include({ code: 'ERR_FILE_SAVE_FAILED' })
      expect(error.hint).to.be.a('string')
    }
  })
})
