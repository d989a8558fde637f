import { execFile } from 'node:child_process'
import { chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { ROOT } from '../support/environment.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const run = promisify(execFile)

/** Runs a file in the way that bin/sotto.js does. */
const RUNNER = `require(${JSON.stringify(join(ROOT, 'bin', 'kept-code.js'))}).run(process.argv[1], process.argv.slice(2))`

const MAIN = `
  const { twice } = require('./part.cjs')
  const { basename } = require('node:path')
  console.log(twice('one'), basename(__filename))
`
const PART = `exports.twice = (text) => text + text`

describe('kept code', () => {
  let folder: TemporaryFolder
  let kept: string
  beforeEach(async () => {
    folder = await temporaryFolder()
    kept = join(folder.path, 'kept')
    await writeFile(join(folder.path, 'main.cjs'), MAIN)
    await writeFile(join(folder.path, 'part.cjs'), PART)
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  /** What the file prints. */
  async function output(...folders: string[]): Promise<string> {
    const { stdout } = await run(process.execPath, ['--eval', RUNNER, join(folder.path, 'main.cjs'), ...folders])
    return stdout
  }

  /** The path of what is kept of a file. */
  async function pathOf(name: string): Promise<string> {
    const [version = ''] = await readdir(kept)
    return join(kept, version, name)
  }

  async function inode(name: string): Promise<number> {
    return (await stat(await pathOf(name))).ino
  }

  it('is of each file that was run, and taken from three commands', async () => {
    const inodes: number[] = []
    for (let time = 1; time <= 5; time += 1) {
      expect(await output(kept)).to.equal('oneone main.cjs\n')
      expect(await readdir(join(await pathOf('main.cjs'), '..'))).to.have.members(['main.cjs', 'part.cjs'])
      inodes.push(await inode('main.cjs'), await inode('part.cjs'))
    }
    const [first, second, third, ...later] = [
      inodes.slice(0, 2),
      inodes.slice(2, 4),
      inodes.slice(4, 6),
      inodes.slice(6),
    ]
    expect(first).not.to.deep.equal(second)
    expect(second).not.to.deep.equal(third)
    expect(later.flat()).to.deep.equal([...third, ...third])
  })

  it('has what any of them called, and not only what was compiled before', async () => {
    const body = Array.from({ length: 1_000 }, (_, index) => `text += ${index}`).join(';')
    await writeFile(join(folder.path, 'part.cjs'), `exports.twice = (text) => { ${body} }`)
    await writeFile(
      join(folder.path, 'main.cjs'),
      `const part = require('./part.cjs'); if (process.argv[3]) part.twice('')`,
    )
    const sizeAfter = async (...args: string[]) => {
      await output(kept, ...args)
      return (await stat(await pathOf('part.cjs'))).size
    }
    const before = await sizeAfter()
    const called = await sizeAfter('called')
    expect(called).to.be.above(before + 5_000)
    expect(await sizeAfter()).to.equal(called)
  })

  it('is not taken from a command that fails', async () => {
    await writeFile(join(folder.path, 'main.cjs'), 'process.exitCode = 1')
    await output(kept).catch(() => undefined)
    expect(await readdir(kept).catch(() => [])).to.deep.equal([])
  })

  it('is never run for another source, of the same length too', async () => {
    await output(kept)
    await writeFile(join(folder.path, 'part.cjs'), PART.replace('text + text', "'t' + '!!'"))
    expect(await output(kept)).to.equal('t!! main.cjs\n')
    expect(await output(kept)).to.equal('t!! main.cjs\n')
  })

  const DAMAGES: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
    'cut off': (bytes) => bytes.subarray(0, -1),
    'cut off in its digest': (bytes) => bytes.subarray(0, 20),
    empty: () => Buffer.alloc(0),
    'changed at its end': (bytes) => flipped(bytes, bytes.length - 1),
    'changed at its beginning': (bytes) => flipped(bytes, 0),
    'changed in the middle': (bytes) => flipped(bytes, bytes.length >> 1),
  }
  for (const [damage, change] of Object.entries(DAMAGES)) {
    it(`is made anew where it is ${damage}`, async () => {
      await output(kept)
      const damaged = change(await readFile(await pathOf('part.cjs')))
      await writeFile(await pathOf('part.cjs'), damaged)
      expect(await output(kept)).to.equal('oneone main.cjs\n')
      expect((await readFile(await pathOf('part.cjs'))).equals(damaged)).to.equal(false)
    })
  }

  it('is not taken from another user', async function () {
    if (process.getuid?.() !== 0) this.skip()
    await output(kept)
    const before = await inode('part.cjs')
    await chown(await pathOf('part.cjs'), 12_345, 12_345)
    expect(await output(kept)).to.equal('oneone main.cjs\n')
    expect(await inode('part.cjs')).not.to.equal(before)
  })

  it('goes to the next folder where one takes nothing, and nowhere if need be', async () => {
    const file = join(folder.path, 'part.cjs', 'no-folder')
    expect(await output(file)).to.equal('oneone main.cjs\n')
    expect(await output(file, kept)).to.equal('oneone main.cjs\n')
    expect(await readdir(join(await pathOf('main.cjs'), '..'))).to.have.members(['main.cjs', 'part.cjs'])
  })

  it('leaves nothing behind where it could not be put in its place', async () => {
    await output(kept)
    const path = await pathOf('part.cjs')
    await rm(path)
    await mkdir(path)
    expect(await output(kept)).to.equal('oneone main.cjs\n')
    expect(await readdir(join(path, '..'))).to.have.members(['main.cjs', 'part.cjs'])
  })
})

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}
