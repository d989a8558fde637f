import { chmod, chown, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import {
  ensurePrivateDirectory,
  fileVersionOf,
  flushDirectory,
  readFileIfPresent,
  readReplacedFile,
  readSecretFile,
  replaceFile,
  writeFileAtomically,
} from '#lib/runtime/files.ts'
import { hasSystemCode } from '#lib/runtime/system-errors.ts'
import { rejection } from '../../support/rejection.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

describe('writeFileAtomically', () => {
  it('writes for the owner alone, and leaves nothing else behind', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'file')
    await writeFileAtomically(path, 'one')
    await writeFileAtomically(path, Buffer.from('two'))
    expect(await readFile(path, 'utf8')).to.equal('two')
    expect((await stat(path)).mode & 0o777).to.equal(0o600)
    expect(await readdir(folder.path)).to.deep.equal(['file'])
  })

  it('makes a file that was open to others private', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'file')
    await writeFile(path, 'one')
    await chmod(path, 0o666)
    await writeFileAtomically(path, 'two')
    expect((await stat(path)).mode & 0o777).to.equal(0o600)
  })

  it("leaves a file its owner's, where root writes it", async function () {
    if (process.getuid?.() !== 0) return this.skip()
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'file')
    await writeFileAtomically(path, 'one')
    await chown(path, 65_534, 65_534)
    await writeFileAtomically(path, 'two')
    const { uid, gid, mode } = await stat(path)
    expect([uid, gid, mode & 0o777]).to.deep.equal([65_534, 65_534, 0o600])
  })

  it('leaves nothing behind where it fails', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'taken')
    await mkdir(path)
    expect(await writeFileAtomically(path, 'x').catch((error: unknown) => error)).to.be.an('error')
    expect(await readdir(folder.path)).to.deep.equal(['taken'])
  })
})

describe('readReplacedFile', () => {
  it('sees one content or the next, and never what is overwritten, while the file is replaced', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'key')
    expect(await readReplacedFile(path)).to.equal(undefined)
    await writeFile(path, '0'.repeat(32), { mode: 0o640 })
    expect((await readReplacedFile(path))?.mode ?? 0).to.satisfy((mode: number) => (mode & 0o777) === 0o640)
    let isOver = false
    const seen = new Set<string>()
    const reading = async () => {
      while (!isOver) seen.add((await readReplacedFile(path))?.content.toString() ?? 'none')
    }
    const readers = [reading(), reading(), reading()]
    for (let digit = 1; digit < 10; digit += 1) await replaceFile(path, Buffer.from(`${digit}`.repeat(32)))
    isOver = true
    await Promise.all(readers)
    for (const content of seen) expect(content).to.match(/^(\d)\1{31}$/)
  })
})

describe('ensurePrivateDirectory', () => {
  it('makes every folder that lacks for the owner alone', async () => {
    await using folder = await temporaryFolder()
    await ensurePrivateDirectory(join(folder.path, 'a', 'b'))
    await ensurePrivateDirectory(join(folder.path, 'a', 'b'))
    for (const each of ['a', 'a/b']) expect((await stat(join(folder.path, each))).mode & 0o777).to.equal(0o700)
  })

  it('gives up where nobody can make a folder', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'file')
    await writeFile(file, '')
    const codeOf = (path: string) => ensurePrivateDirectory(path).catch(({ code }) => code)
    expect(await codeOf(file)).to.equal('EEXIST')
    expect(await codeOf(join(file, 'a', 'b'))).to.equal('ENOTDIR')
  })

  it('gives up below a folder that says of itself that it is not there', async function () {
    if (process.platform !== 'linux') this.skip()
    const failure = await ensurePrivateDirectory('/proc/sotto/a').catch((error: unknown) => error)
    expect(failure).to.have.property('code', 'ENOENT')
  })
})

describe('flushDirectory', () => {
  it('does what it can where a file system cannot flush a folder', async function () {
    // /proc is one of those.
    if (process.platform !== 'linux') return this.skip()
    await flushDirectory('/proc')
  })

  it('fails where there is no folder', async () => {
    await using folder = await temporaryFolder()
    const failure = await flushDirectory(join(folder.path, 'none')).catch((error: unknown) => error)
    expect(hasSystemCode(failure, 'ENOENT')).to.equal(true)
  })
})

describe('readFileIfPresent', () => {
  it('tells an absent file from one that cannot be read', async () => {
    await using folder = await temporaryFolder()
    expect(await readFileIfPresent(join(folder.path, 'none'))).to.equal(undefined)
    expect(await readFileIfPresent(folder.path).catch((error: unknown) => error)).to.have.property('code', 'EISDIR')
  })
})

describe('fileVersionOf', () => {
  const LONG_AGO = new Date(0)

  it('is the same for as long as nobody writes, and another afterwards, though size and time are the same', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'file')
    await writeFileAtomically(path, 'one')
    await utimes(path, LONG_AGO, LONG_AGO)
    const before = await fileVersionOf(path)
    expect(before).to.be.a('string')
    expect(await fileVersionOf(path)).to.equal(before)
    await writeFileAtomically(path, 'two')
    await utimes(path, LONG_AGO, LONG_AGO)
    expect(await fileVersionOf(path))
      .to.be.a('string')
      .and.not.to.equal(before)
  })

  it('is not told of what was written just now, nor of nothing', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'file')
    expect(await fileVersionOf(path)).to.equal(undefined)
    await writeFileAtomically(path, 'one')
    expect(await fileVersionOf(path)).to.equal(undefined)
  })
})

describe('readSecretFile', () => {
  it('takes off one line end and nothing else', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'password')
    for (const end of ['', '\n', '\r\n']) {
      await writeFile(path, ` correct horse ${end}`)
      expect(await readSecretFile(path)).to.equal(' correct horse ')
    }
    expect((await rejection(readSecretFile(join(folder.path, 'none')))).code).to.equal('ERR_CONFIG')
  })
})
