import { chmod, readdir, readFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { systemClock } from '#lib/runtime/clock.ts'
import { WRAPPING_KEY_BYTES } from '../../../../services/auth/keys/key-wrapping.ts'
import {
  addKeysOf,
  addNewKey,
  ensureWrappingKeys,
  loadKeyList,
  removeFormerKeys,
} from '../../../../services/auth/keys/wrapping-key-file.ts'
import { rejection } from '../../../support/rejection.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

describe('ensureWrappingKeys', () => {
  it('makes a key at first, for the owner alone, and loads the same from then on', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'keys', 'wrapping.key')
    const made = await ensureWrappingKeys(path, systemClock)
    expect((await stat(path)).mode & 0o777).to.equal(0o600)
    expect((await stat(join(folder.path, 'keys'))).mode & 0o777).to.equal(0o700)
    expect(await readFile(path)).to.have.length(WRAPPING_KEY_BYTES)
    const loaded = await ensureWrappingKeys(path, systemClock)
    expect([made.isNew, loaded.isNew]).to.deep.equal([true, false])
    expect(loaded.keys.current.id).to.deep.equal(made.keys.current.id)
  })

  it('makes one key where several begin at once', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'wrapping.key')
    const made = await Promise.all(Array.from({ length: 8 }, () => ensureWrappingKeys(path, systemClock)))
    expect(new Set(made.map(({ keys: { current } }) => Buffer.from(current.id).toString('hex'))).size).to.equal(1)
    expect(made.filter(({ isNew }) => isNew)).to.have.length(1)
    expect(await readdir(folder.path)).to.deep.equal(['wrapping.key'])
  })

  it('refuses a file that is open to others', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'wrapping.key')
    await ensureWrappingKeys(path, systemClock)
    await chmod(path, 0o604)
    const { code, hint } = await rejection(ensureWrappingKeys(path, systemClock))
    expect(code).to.equal('ERR_CONFIG')
    expect(hint).to.include('chmod 600')
  })

  it('refuses a file of another length, and leaves it as it is', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'wrapping.key')
    await ensureWrappingKeys(path, systemClock)
    await truncate(path, WRAPPING_KEY_BYTES - 1)
    expect((await rejection(ensureWrappingKeys(path, systemClock))).code).to.equal('ERR_CONFIG')
    expect(await readFile(path)).to.have.length(WRAPPING_KEY_BYTES - 1)
  })
})

describe('the file of the wrapping keys', () => {
  const idsIn = async (path: string) =>
    (await loadKeyList(path))?.map(({ id }) => Buffer.from(id).toString('hex')) ?? []

  it('takes a new key before the others, and loses the others when told', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'wrapping.key')
    await ensureWrappingKeys(path, systemClock)
    const [first] = await idsIn(path)
    const both = await addNewKey(path)
    const [second, former] = await idsIn(path)
    expect(former).to.equal(first)
    expect((await stat(path)).mode & 0o777).to.equal(0o600)
    expect(await removeFormerKeys(path, both)).to.equal(true)
    expect(await idsIn(path)).to.deep.equal([second])
  })

  it('keeps all of them where somebody has changed it meanwhile', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'wrapping.key')
    await ensureWrappingKeys(path, systemClock)
    const both = await addNewKey(path)
    await addNewKey(path)
    expect(await removeFormerKeys(path, both)).to.equal(false)
    expect(await idsIn(path)).to.have.length(3)
  })

  it('takes those of a backup behind its own, each once', async () => {
    await using folder = await temporaryFolder()
    const [path, old] = ['wrapping.key', 'old.key'].map((name) => join(folder.path, name)) as [string, string]
    for (const each of [path, old]) await ensureWrappingKeys(each, systemClock)
    const [own, other] = [...(await idsIn(path)), ...(await idsIn(old))]
    await addKeysOf(old, path)
    await addKeysOf(old, path)
    expect(await idsIn(path)).to.deep.equal([own, other])
  })

  it('never has more than eight, and is not made by a rotation', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'wrapping.key')
    expect((await rejection(addNewKey(path))).code).to.equal('ERR_CONFIG')
    await ensureWrappingKeys(path, systemClock)
    for (let added = 1; added < 8; added += 1) await addNewKey(path)
    expect((await rejection(addNewKey(path))).code).to.equal('ERR_CONFIG')
    expect(await idsIn(path)).to.have.length(8)
  })
})
