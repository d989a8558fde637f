import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { MAX_PIECE_BYTES, MAX_QUIET_MS, readPiece, Uploads } from '../../../clients/agent/uploads.ts'
import type { Transfer } from '../../../clients/store/transfers/transfer.ts'
import { rejection } from '../../support/rejection.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const [ONE, OTHER] = ['01'.repeat(16), '02'.repeat(16)] as const

describe('Uploads', () => {
  let folder: TemporaryFolder
  let uploads: Uploads
  let transfers: Transfer[]
  beforeEach(async () => {
    folder = await temporaryFolder()
    transfers = []
    uploads = new Uploads(folder.path, () => transfers)
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  const pathOf = (id: string) => uploads.offer(id, async (path) => path)

  it('puts pieces together, and takes a piece again in the place of what was there', async () => {
    expect(await uploads.put(ONE, 'a.txt', 0, Buffer.from('one '))).to.equal(4)
    expect(await uploads.put(ONE, 'a.txt', 4, Buffer.from('xxx'))).to.equal(7)
    expect(await uploads.put(ONE, 'a.txt', 4, Buffer.from('two'))).to.equal(7)
    const path = await pathOf(ONE)
    expect(await readFile(path, 'utf8')).to.equal('one two')
    expect((await stat(path)).mode & 0o777).to.equal(0o600)
    expect((await readPiece(path, 4)).toString()).to.equal('two')
    expect(await readPiece(path, 7)).to.have.length(0)
  })

  it('refuses a piece behind a gap, and what has two names', async () => {
    expect((await rejection(uploads.put(ONE, 'a.txt', 1, Buffer.from('x')))).code).to.equal('ERR_INVALID_ARGUMENT')
    await uploads.put(ONE, 'b.txt', 0, Buffer.from('x'))
    expect((await rejection(pathOf(ONE))).code).to.equal('ERR_INVALID_FILE')
    expect((await rejection(pathOf(OTHER))).code).to.equal('ERR_INVALID_FILE')
  })

  it('does not take a part of a piece for all of it', async () => {
    const module = fileURLToPath(new URL('../../../clients/agent/uploads.ts', import.meta.url))
    const program = `
      const { Uploads } = await import(${JSON.stringify(module)})
      const put = new Uploads(${JSON.stringify(folder.path)}, () => []).put(${JSON.stringify(ONE)}, 'a', 0, Buffer.alloc(4_096))
      console.log(await put.catch(({ code }) => code))`
    // In blocks of 512 or 1,024 bytes: the system takes no more of the piece than that.
    const line = 'ulimit -f 1 && exec "$0" --input-type=module --eval "$1"'
    const printed = execFileSync('sh', ['-c', line, process.execPath, program], { encoding: 'utf8' })
    expect(printed).to.equal('EFBIG\n')
  })

  it('follows no link, neither to write nor to read', async () => {
    const target = join(folder.path, 'target')
    await writeFile(target, 'mine')
    await mkdir(join(folder.path, 'uploads', ONE), { recursive: true })
    await symlink(target, join(folder.path, 'uploads', ONE, 'a.txt'))
    const refused = await uploads.put(ONE, 'a.txt', 0, Buffer.from('theirs')).catch((error: unknown) => error)
    expect(refused).to.be.instanceOf(Error)
    expect(await readFile(target, 'utf8')).to.equal('mine')
    const read = readPiece(join(folder.path, 'uploads', ONE, 'a.txt'), 0)
    expect((await rejection(read)).code).to.equal('ERR_NO_SUCH_FILE')
  })

  it('keeps what open transfers need, and nothing else', async () => {
    for (const id of [ONE, OTHER]) await uploads.put(id, 'a.txt', 0, Buffer.alloc(MAX_PIECE_BYTES))
    const needed = { state: 'offered', path: await pathOf(ONE) } as Transfer
    transfers = [needed, { state: 'received', path: await pathOf(OTHER) } as Transfer]
    await uploads.tidy()
    expect(await readdir(join(folder.path, 'uploads'))).to.deep.equal([ONE])
    await uploads.remove({ ...needed, path: join(folder.path, 'a.txt') })
    expect(await readdir(join(folder.path, 'uploads'))).to.deep.equal([ONE])
    await uploads.remove(needed)
    expect(await readdir(join(folder.path, 'uploads'))).to.deep.equal([])
  })

  it('removes what cannot be offered, unless another offer of it is open', async () => {
    const blocked = new SottoError('ERR_BLOCKED', 'blocked')
    for (const id of [ONE, OTHER]) await uploads.put(id, 'a.txt', 0, Buffer.from('x'))
    transfers = [{ state: 'offered', path: await pathOf(ONE) } as Transfer]
    for (const id of [ONE, OTHER]) {
      expect((await rejection(uploads.offer(id, () => Promise.reject(blocked)))).code).to.equal('ERR_BLOCKED')
    }
    expect(await readdir(join(folder.path, 'uploads'))).to.deep.equal([ONE])
  })

  it('removes what nobody has written to for long, but nothing that is being offered', async () => {
    const [quiet, offered, fresh] = [ONE, OTHER, '03'.repeat(16)]
    const nowMs = Date.now()
    for (const id of [quiet, offered, fresh]) {
      await uploads.put(id, 'a.txt', 0, Buffer.from('x'))
      const atMs = id === fresh ? nowMs : nowMs - MAX_QUIET_MS - 1
      // The folder is as old as its first piece, and the file as its last.
      await utimes(join(folder.path, 'uploads', id, 'a.txt'), atMs / 1_000, atMs / 1_000)
      await utimes(join(folder.path, 'uploads', id), 0, 0)
    }
    await uploads.offer(offered, () => uploads.tidy(nowMs - MAX_QUIET_MS))
    expect(await readdir(join(folder.path, 'uploads'))).to.have.members([offered, fresh])
    await uploads.tidy(nowMs - MAX_QUIET_MS)
    expect(await readdir(join(folder.path, 'uploads'))).to.deep.equal([fresh])
  })
})
