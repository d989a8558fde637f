import { mkdirSync, writeFileSync } from 'node:fs'
import { link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { MAX_PATH_NAME_BYTES } from '#lib/delivery/limits.ts'
import { finalize, numbered, wasFinalized } from '../../../../clients/files/disk/finalize.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts'

describe('numbered', () => {
  it('puts the number before the last extension of a file, and behind a folder', () => {
    const numberOf = (name: string, isFolder = false) => numbered(name, 2, isFolder)
    expect(['a.txt', 'a.tar.gz', 'a', '.profile', 'a.'].map((name) => numberOf(name))).to.deep.equal([
      'a (2).txt',
      'a.tar (2).gz',
      'a (2)',
      '.profile (2)',
      'a (2).',
    ])
    expect(numberOf('trip.2026', true)).to.equal('trip.2026 (2)')
    expect(numbered('a.txt', 0, false)).to.equal('a.txt')
  })

  it('never makes a name too long, nor cuts a character', () => {
    for (const name of ['a'.repeat(255), `${'ж'.repeat(125)}.txt`, `${'🙂'.repeat(63)}.md`, `a.${'e'.repeat(253)}`]) {
      const made = numbered(name, 9_999, false)
      expect(Buffer.byteLength(made)).to.be.at.most(MAX_PATH_NAME_BYTES)
      expect(made.isWellFormed()).to.equal(true)
    }
  })
})

describe('place', () => {
  let folder: TemporaryFolder
  beforeEach(async () => {
    folder = await temporaryFolder()
    await writeFile(join(folder.path, 'from'), 'new')
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  const at = (name: string) => join(folder.path, name)
  const targetPaths: string[] = []
  const noteTargetPath = (targetPath: string): void => void targetPaths.push(targetPath)

  it('takes the first name that nothing has, whatever has the others', async () => {
    await mkdir(at('a.txt'))
    await writeFile(at('a (1).txt'), 'old')
    const placed = await finalize({
      from: at('from'),
      isFolder: false,
      folder: folder.path,
      name: 'a.txt',
      noteTargetPath,
    })
    expect(placed).to.equal(at('a (2).txt'))
    expect(targetPaths.at(-1)).to.equal(placed)
    expect(await readFile(placed, 'utf8')).to.equal('new')
    expect((await readdir(folder.path)).sort()).to.deep.equal(['a (1).txt', 'a (2).txt', 'a.txt'])
  })

  it('goes on where a file comes into being under the name that it has chosen', async () => {
    const meddle = (targetPath: string): void => {
      // Between the look and the deed.
      if (targetPath === at('a.txt')) writeFileSync(targetPath, 'mine')
    }
    const placed = await finalize({
      from: at('from'),
      isFolder: false,
      folder: folder.path,
      name: 'a.txt',
      noteTargetPath: meddle,
    })
    expect(placed).to.equal(at('a (1).txt'))
    expect(await readFile(at('a.txt'), 'utf8')).to.equal('mine')
  })

  it('goes on where a folder comes into being under the name that it has chosen', async () => {
    const meddle = (targetPath: string): void => {
      // Between the look and the deed.
      if (targetPath === at('trip')) mkdirSync(join(targetPath, 'mine'), { recursive: true })
    }
    await mkdir(at('folder'))
    const placed = await finalize({
      from: at('folder'),
      isFolder: true,
      folder: folder.path,
      name: 'trip',
      noteTargetPath: meddle,
    })
    expect(placed).to.equal(at('trip (1)'))
    expect(await readdir(at('trip'))).to.deep.equal(['mine'])
  })

  it('is known to have happened, however the program ended in the middle of it', async () => {
    const file = { from: at('from'), isFolder: false }
    expect(await wasFinalized(file, at('targetPath'))).to.equal(false)
    await writeFile(at('other'), 'of somebody else')
    expect(await wasFinalized(file, at('other'))).to.equal(false)
    // It has both names: the old one is taken away.
    await link(at('from'), at('targetPath'))
    expect(await wasFinalized(file, at('targetPath'))).to.equal(true)
    expect((await readdir(folder.path)).sort()).to.deep.equal(['other', 'targetPath'])
    expect(await wasFinalized(file, at('targetPath'))).to.equal(true)
    expect(await wasFinalized(file, at('never'))).to.equal(false)
    // The folder was made that it was to become, and it did not.
    await mkdir(at('folder'))
    await mkdir(at('trip'))
    expect(await wasFinalized({ from: at('folder'), isFolder: true }, at('trip'))).to.equal(false)
    expect((await readdir(folder.path)).sort()).to.deep.equal(['folder', 'other', 'targetPath'])
  })
})
