import { chmod, readFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { WRAPPING_KEY_BYTES } from '../../../services/auth/key-wrapping.ts'
import { loadWrappingKey } from '../../../services/auth/wrapping-key-file.ts'
import { rejection } from '../../support/rejection.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

describe('loadWrappingKey', () => {
  it('makes a key at first, for the owner alone, and loads the same from then on', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'keys', 'wrapping.key')
    const made = await loadWrappingKey(path)
    expect((await stat(path)).mode & 0o777).to.equal(0o600)
    expect((await stat(join(folder.path, 'keys'))).mode & 0o777).to.equal(0o700)
    expect(await readFile(path)).to.have.length(WRAPPING_KEY_BYTES)
    expect((await loadWrappingKey(path)).id).to.deep.equal(made.id)
  })

  it('refuses a file that is open to others', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'wrapping.key')
    await loadWrappingKey(path)
    await chmod(path, 0o604)
    const { code, hint } = await rejection(loadWrappingKey(path))
    expect(code).to.equal('ERR_CONFIG')
    expect(hint).to.include('chmod 600')
  })

  it('refuses a file of another length, and leaves it as it is', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'wrapping.key')
    await loadWrappingKey(path)
    await truncate(path, WRAPPING_KEY_BYTES - 1)
    expect((await rejection(loadWrappingKey(path))).code).to.equal('ERR_CONFIG')
    expect(await readFile(path)).to.have.length(WRAPPING_KEY_BYTES - 1)
  })
})
