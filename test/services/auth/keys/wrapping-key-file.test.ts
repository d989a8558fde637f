import { chmod, readdir, readFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { WRAPPING_KEY_BYTES } from '../../../../services/auth/keys/key-wrapping.ts'
import { ensureWrappingKey } from '../../../../services/auth/keys/wrapping-key-file.ts'
import { rejection } from '../../../support/rejection.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

describe('ensureWrappingKey', () => {
  it('makes a key at first, for the owner alone, and loads the same from then on', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'keys', 'wrapping.key')
    const made = await ensureWrappingKey(path)
    expect((await stat(path)).mode & 0o777).to.equal(0o600)
    expect((await stat(join(folder.path, 'keys'))).mode & 0o777).to.equal(0o700)
    expect(await readFile(path)).to.have.length(WRAPPING_KEY_BYTES)
    const loaded = await ensureWrappingKey(path)
    expect([made.isNew, loaded.isNew]).to.deep.equal([true, false])
    expect(loaded.key.id).to.deep.equal(made.key.id)
  })

  it('makes one key where several begin at once', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'wrapping.key')
    const keys = await Promise.all(Array.from({ length: 8 }, () => ensureWrappingKey(path)))
    expect(new Set(keys.map(({ key }) => Buffer.from(key.id).toString('hex'))).size).to.equal(1)
    expect(keys.filter(({ isNew }) => isNew)).to.have.length(1)
    expect(await readdir(folder.path)).to.deep.equal(['wrapping.key'])
  })

  it('refuses a file that is open to others', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'wrapping.key')
    await ensureWrappingKey(path)
    await chmod(path, 0o604)
    const { code, hint } = await rejection(ensureWrappingKey(path))
    expect(code).to.equal('ERR_CONFIG')
    expect(hint).to.include('chmod 600')
  })

  it('refuses a file of another length, and leaves it as it is', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'wrapping.key')
    await ensureWrappingKey(path)
    await truncate(path, WRAPPING_KEY_BYTES - 1)
    expect((await rejection(ensureWrappingKey(path))).code).to.equal('ERR_CONFIG')
    expect(await readFile(path)).to.have.length(WRAPPING_KEY_BYTES - 1)
  })
})
