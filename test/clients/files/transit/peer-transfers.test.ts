import { randomBytes } from 'node:crypto'
import { appendFile, chmod, mkdir, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { FileEntryType } from '#gen/sotto/peer/v1/record.ts'
import { MAX_CHUNK_BYTES } from '#lib/delivery/limits.ts'
import { SottoError } from '#lib/errors.ts'
import { partialPath } from '../../../../clients/files/disk/partial.ts'
import { MOST_WAITING_BYTES } from '../../../../clients/files/transit/receive-buffer.ts'
import { LEAST_WINDOW_BYTES } from '../../../../clients/files/transit/send-window.ts'
import { exchangeUntil, FileEnd, type Offered, offered } from '../../../support/file-end.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts'

describe('PeerTransfers', () => {
  let folder: TemporaryFolder
  let downloads: string
  beforeEach(async () => {
    folder = await temporaryFolder()
    downloads = join(folder.path, 'downloads')
    await mkdir(downloads)
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  const at = (...names: string[]) => join(folder.path, ...names)
  const got = (...names: string[]) => readFile(join(downloads, ...names))

  async function file(name: string, size: number): Promise<Offered & { readonly content: Buffer }> {
    const content = randomBytes(size)
    await writeFile(at(name), content)
    return { ...(await offered(at(name))), content }
  }

  /** Both ends know what was accepted. */
  function agree(giver: FileEnd, getter: FileEnd, ...all: readonly Offered[]): void {
    for (const each of all) {
      giver.give(each)
      getter.get(each, downloads)
    }
  }

  const bytesOf = ({ sent }: FileEnd) => sent.reduce((sum, { data }) => sum + data.length, 0)

  describe('carries', () => {
    for (const size of [0, 1, MAX_CHUNK_BYTES - 1, MAX_CHUNK_BYTES, MAX_CHUNK_BYTES + 1, 40 * MAX_CHUNK_BYTES + 7]) {
      it(`a file of ${size} bytes`, async () => {
        await using giver = new FileEnd()
        await using getter = new FileEnd()
        const what = await file('a.bin', size)
        agree(giver, getter, what)
        await exchangeUntil(giver, getter, () => getter.ends.length > 0)
        expect(getter.ends).to.deep.equal([`received ${join(downloads, 'a.bin')}`])
        expect((await got('a.bin')).equals(what.content)).to.equal(true)
        expect(await readdir(downloads)).to.deep.equal(['a.bin'])
        expect(bytesOf(giver)).to.equal(size)
      })
    }

    it('a folder with all that is in it, and which files are programs', async () => {
      await using giver = new FileEnd()
      await using getter = new FileEnd()
      await mkdir(at('trip', 'empty'), { recursive: true })
      await mkdir(at('trip', 'deep', 'er'), { recursive: true })
      await writeFile(at('trip', 'deep', 'er', 'nothing'), '')
      await writeFile(at('trip', 'deep', 'b'), randomBytes(MAX_CHUNK_BYTES + 9))
      await writeFile(at('trip', 'a.sh'), 'echo hello')
      await chmod(at('trip', 'a.sh'), 0o777)
      await writeFile(at('trip', 'ж.txt'), 'text')
      agree(giver, getter, await offered(at('trip')))
      await exchangeUntil(giver, getter, () => getter.ends.length > 0)
      expect(getter.ends).to.deep.equal([`received ${join(downloads, 'trip')}`])
      expect((await readdir(join(downloads, 'trip'), { recursive: true })).sort()).to.deep.equal(
        (await readdir(at('trip'), { recursive: true })).sort(),
      )
      expect((await got('trip', 'deep', 'b')).equals(await readFile(at('trip', 'deep', 'b')))).to.equal(true)
      const modes = ['a.sh', 'ж.txt', 'deep'].map(
        async (name) => (await stat(join(downloads, 'trip', name))).mode & 0o777,
      )
      expect(await Promise.all(modes)).to.deep.equal([0o700, 0o600, 0o700])
    })

    it('a folder of many files, looked at between any two of them', async () => {
      await using giver = new FileEnd()
      await using getter = new FileEnd()
      await mkdir(at('many'))
      const names = Array.from({ length: 300 }, (_, index) => `${index}`)
      for (const name of names) await writeFile(at('many', name), randomBytes(1_000))
      agree(giver, getter, await offered(at('many')))
      const stood: bigint[] = []
      const { peerTransfers } = getter
      const nextProgress = peerTransfers.nextProgress.bind(peerTransfers)
      peerTransfers.nextProgress = () => {
        const progress = nextProgress()
        if (progress !== undefined) stood.push(progress.received)
        return progress
      }
      // As other records do that come meanwhile.
      const looking = setInterval(() => getter.wake(), 0)
      try {
        await exchangeUntil(giver, getter, () => getter.ends.length > 0)
      } finally {
        clearInterval(looking)
      }
      expect(getter.ends).to.deep.equal([`received ${join(downloads, 'many')}`])
      expect(await readdir(join(downloads, 'many'))).to.have.members(names)
      expect(stood.filter((position) => position === 300_000n)).to.have.length.below(2)
    })

    it('several at once, in turn', async () => {
      await using giver = new FileEnd()
      await using getter = new FileEnd()
      const all = await Promise.all(['a', 'b', 'c'].map((name) => file(name, 60 * MAX_CHUNK_BYTES)))
      agree(giver, getter, ...all)
      // All three begin at once: the receiver has looked for what it has of each.
      while (all.some(({ id }) => getter.peerTransfers.positionOf(id) === undefined)) await getter.woken()
      await exchangeUntil(giver, getter, () => getter.ends.length === 3)
      const order = giver.sent.map(({ offerId }) => all.findIndex(({ id }) => id === offerId.toString('hex')))
      // All have begun before one has ended.
      const begun = Math.max(...all.map((_, index) => order.indexOf(index)))
      expect(begun).to.be.below(Math.min(...all.map((_, index) => order.lastIndexOf(index))))
      for (const [index, name] of ['a', 'b', 'c'].entries()) {
        expect((await got(name)).equals(all[index]?.content as Buffer)).to.equal(true)
      }
    })
  })

  describe('goes on', () => {
    it('in another conversation with nothing sent again that was written', async () => {
      await using giver = new FileEnd()
      await using getter = new FileEnd()
      const what = await file('a.bin', 60 * MAX_CHUNK_BYTES)
      agree(giver, getter, what)
      await exchangeUntil(giver, getter, () => bytesOf(giver) > 20 * MAX_CHUNK_BYTES)
      giver.peerTransfers.end()
      getter.peerTransfers.end()
      giver.peerTransfers.begin()
      getter.peerTransfers.begin()
      await exchangeUntil(giver, getter, () => getter.ends.length > 0)
      expect((await got('a.bin')).equals(what.content)).to.equal(true)
      expect(bytesOf(giver)).to.equal(what.content.length)
    })

    it('in another program with nothing sent again that is on the disk, wherever it was cut off', async () => {
      await using giver = new FileEnd()
      const what = await file('a.bin', 30 * MAX_CHUNK_BYTES)
      {
        await using getter = new FileEnd()
        agree(giver, getter, what)
        await exchangeUntil(giver, getter, () => bytesOf(giver) > 10 * MAX_CHUNK_BYTES)
      }
      const partial = join(partialPath(downloads, what.id), 'a.bin')
      const left = (await stat(partial)).size - 1_234
      await truncate(partial, left)
      await using again = new FileEnd()
      await using getter = new FileEnd()
      agree(again, getter, what)
      await exchangeUntil(again, getter, () => getter.ends.length > 0)
      expect((await got('a.bin')).equals(what.content)).to.equal(true)
      expect(Number(again.sent[0]?.offset)).to.equal(left)
      expect(bytesOf(again)).to.equal(what.content.length - left)
    })

    it('with its name, where the program ended as it got that', async () => {
      await using getter = new FileEnd()
      const what = await file('a.bin', 100)
      await mkdir(partialPath(downloads, what.id))
      await writeFile(join(downloads, 'a.bin'), what.content)
      const targetPath = join(downloads, 'a.bin')
      getter.know(what, { direction: 'downloading', path: downloads, targetPath })
      while (getter.ends.length === 0) await getter.woken()
      expect(getter.ends).to.deep.equal([`received ${targetPath}`])
      expect(await readdir(downloads)).to.deep.equal(['a.bin'])
    })

    it('with a folder, at each place of it', async () => {
      await mkdir(at('many', 'inside'), { recursive: true })
      for (const name of ['a', 'b', 'inside/c', 'inside/d']) await writeFile(at('many', name), randomBytes(1_000))
      await writeFile(at('many', 'empty'), '')
      const what = await offered(at('many'))
      for (let count = 0; count < 50; count += 1) {
        await using giver = new FileEnd()
        await using getter = new FileEnd()
        agree(giver, getter, what)
        await exchangeUntil(
          giver,
          getter,
          () => getter.ends.length > 0 || getter.peerTransfers.positionOf(what.id) !== undefined,
        )
        if (getter.ends.length > 0) break
        const position = getter.peerTransfers.positionOf(what.id) as number
        const piece = await contentOf(what, position, 97)
        giver.peerTransfers.end()
        void getter.peerTransfers.nextProgress()
        void getter.peerTransfers.receiveChunk({
          offerId: Buffer.from(what.id, 'hex'),
          offset: BigInt(position),
          data: piece,
        })
      }
      for (const name of ['a', 'b', 'inside/c', 'inside/d', 'empty']) {
        expect((await got('many', name)).equals(await readFile(at('many', name)))).to.equal(true)
      }
    })
  })

  async function contentOf({ path, offer }: Offered, from: number, length: number): Promise<Buffer> {
    const files = offer.entries.map((entry) => readFile(join(path, ...entry.path.toString().split('/').slice(1))))
    return Buffer.concat(await Promise.all(files)).subarray(from, from + length)
  }

  it('keeps what came where what it is to be cannot be put down, and goes on with the next conversation', async () => {
    await using giver = new FileEnd()
    await using getter = new FileEnd()
    const what = await file('a.bin', 3 * MAX_CHUNK_BYTES)
    agree(giver, getter, what)
    getter.failure = new SottoError('ERR_STORE', 'the store is busy')
    await exchangeUntil(giver, getter, () => getter.halts.length > 0)
    expect([getter.halts, getter.ends, getter.peerTransfers.isWanted]).to.deep.equal([['ERR_STORE'], [], false])
    expect((await readFile(join(partialPath(downloads, what.id), 'a.bin'))).equals(what.content)).to.equal(true)
    getter.failure = undefined
    getter.peerTransfers.begin()
    await exchangeUntil(giver, getter, () => getter.ends.length > 0)
    expect(getter.ends).to.deep.equal([`received ${join(downloads, 'a.bin')}`])
    expect(bytesOf(giver)).to.equal(what.content.length)
  })

  it('does not look at all that came before it stops', async () => {
    const getter = new FileEnd()
    const id = randomBytes(16).toString('hex')
    const size = 2 ** 40
    const partial = join(partialPath(downloads, id), 'a.bin')
    await mkdir(partialPath(downloads, id))
    await writeFile(partial, '')
    // It has holes in place of all that, which take no room.
    await truncate(partial, size)
    const entry = { path: Buffer.from('a.bin'), size: BigInt(size), sha256: Buffer.alloc(32) }
    getter.get({ id, offer: { entries: [{ ...entry, type: FileEntryType.FILE }] }, path: '' }, downloads)
    await getter.peerTransfers.stop()
    expect([getter.ends, getter.halts, (await stat(partial)).size]).to.deep.equal([[], [], size])
  })

  it('forgets with the store what has ended', async () => {
    await using getter = new FileEnd()
    const what = await file('a.bin', 100)
    const leave = async () => {
      await mkdir(partialPath(downloads, what.id))
      getter.know(what, { direction: 'downloading', state: 'source-changed', path: downloads })
    }
    await leave()
    while ((await readdir(downloads)).length > 0) await setImmediate()
    getter.peerTransfers.update([])
    await leave()
    await getter.peerTransfers.stop()
    expect(await readdir(downloads)).to.deep.equal([])
  })

  it('has no more on its way than the window, and says nothing before it is asked', async () => {
    await using giver = new FileEnd()
    await using getter = new FileEnd()
    const what = await file('a.bin', 20 * MAX_CHUNK_BYTES)
    giver.give(what)
    expect(giver.peerTransfers.nextChunk()).to.equal(undefined)
    giver.peerTransfers.receiveProgress({ offerId: Buffer.from(what.id, 'hex'), received: 0n })
    for (let said = 0; said < LEAST_WINDOW_BYTES; ) {
      const chunk = giver.peerTransfers.nextChunk()
      if (chunk === undefined) await giver.woken()
      said += chunk?.data.length ?? 0
    }
    expect(giver.peerTransfers.nextChunk()).to.equal(undefined)
    void getter
  })

  it('heeds what is asked for before the word that it is accepted is here', async () => {
    await using giver = new FileEnd()
    await using getter = new FileEnd()
    const what = await file('a.bin', 3 * MAX_CHUNK_BYTES)
    giver.know(what, { state: 'offered' })
    giver.peerTransfers.receiveProgress({ offerId: Buffer.from(what.id, 'hex'), received: BigInt(MAX_CHUNK_BYTES) })
    expect(giver.peerTransfers.nextChunk()).to.equal(undefined)
    giver.give(what)
    await exchangeUntil(giver, getter, () => bytesOf(giver) > 0)
    expect(Number(giver.sent[0]?.offset)).to.equal(MAX_CHUNK_BYTES)
  })

  describe('of a hostile giver', () => {
    it('writes nothing that was not accepted, is elsewhere, or goes beyond the end', async () => {
      await using giver = new FileEnd()
      await using getter = new FileEnd()
      const what = await file('a.bin', 100)
      const other = await file('b.bin', 100)
      getter.know(other, { direction: 'downloading', state: 'offered', path: undefined })
      agree(giver, getter, what)
      while (getter.peerTransfers.nextProgress() === undefined) await getter.woken()
      const offerId = Buffer.from(what.id, 'hex')
      const data = randomBytes(10)
      const hostile = [
        { offerId: randomBytes(16), offset: 0n, data },
        { offerId: Buffer.from(other.id, 'hex'), offset: 0n, data },
        { offerId, offset: 1n, data },
        { offerId, offset: 2n ** 64n - 1n, data },
        { offerId, offset: 0n, data: randomBytes(101) },
      ]
      for (const chunk of hostile) void getter.peerTransfers.receiveChunk(chunk)
      void getter.peerTransfers.receiveChunk({ offerId, offset: 0n, data: what.content.subarray(0, 60) })
      void getter.peerTransfers.receiveChunk({ offerId, offset: 60n, data: randomBytes(41) })
      void getter.peerTransfers.receiveChunk({ offerId, offset: 60n, data: what.content.subarray(60) })
      while (getter.ends.length === 0) await getter.woken()
      expect((await got('a.bin')).equals(what.content)).to.equal(true)
      expect(await readdir(downloads)).to.deep.equal(['a.bin'])
    })

    it('keeps nothing of what is not what was offered', async () => {
      await using giver = new FileEnd()
      await using getter = new FileEnd()
      const what = await file('a.bin', 100)
      agree(giver, getter, what)
      while (getter.peerTransfers.nextProgress() === undefined) await getter.woken()
      void getter.peerTransfers.receiveChunk({
        offerId: Buffer.from(what.id, 'hex'),
        offset: 0n,
        data: randomBytes(100),
      })
      while (getter.ends.length === 0) await getter.woken()
      expect(getter.ends).to.deep.equal(['ERR_FILE_DAMAGED'])
      expect(await readdir(downloads)).to.deep.equal([])
    })

    it('looks again at what was there before', async () => {
      const what = await file('a.bin', 3 * MAX_CHUNK_BYTES)
      await mkdir(partialPath(downloads, what.id))
      await writeFile(join(partialPath(downloads, what.id), 'a.bin'), randomBytes(MAX_CHUNK_BYTES))
      await using giver = new FileEnd()
      await using getter = new FileEnd()
      agree(giver, getter, what)
      await exchangeUntil(giver, getter, () => getter.ends.length > 0)
      expect(getter.ends).to.deep.equal(['ERR_FILE_DAMAGED'])
      expect(await readdir(downloads)).to.deep.equal([])
    })

    it('asks it to wait where much is to be written', async () => {
      await using getter = new FileEnd()
      await using giver = new FileEnd()
      const what = await file('a.bin', 400 * MAX_CHUNK_BYTES)
      agree(giver, getter, what)
      while (getter.peerTransfers.nextProgress() === undefined) await getter.woken()
      let waits: Promise<void> | undefined
      for (let offset = 0; offset < what.content.length && waits === undefined; offset += MAX_CHUNK_BYTES) {
        const data = what.content.subarray(offset, offset + MAX_CHUNK_BYTES)
        waits = getter.peerTransfers.receiveChunk({
          offerId: Buffer.from(what.id, 'hex'),
          offset: BigInt(offset),
          data,
        })
      }
      expect(waits).to.be.an.instanceOf(Promise)
      await waits
    })

    /** How much is taken in, in one go, before it is asked to wait: of several offers, in pieces of some size, in turn. */
    async function takenInOneGo(all: readonly (Offered & { readonly content: Buffer })[], pieceBytes: number) {
      await using getter = new FileEnd()
      for (const each of all) getter.get(each, downloads)
      for (const stood = new Set<string>(); stood.size < all.length; ) {
        const progress = getter.peerTransfers.nextProgress()
        if (progress === undefined) await getter.woken()
        else stood.add(progress.offerId.toString('hex'))
      }
      let pieces = 0
      for (let offset = 0; offset < (all[0]?.content.length ?? 0); offset += pieceBytes) {
        for (const { id, content } of all) {
          pieces += 1
          const data = content.subarray(offset, offset + pieceBytes)
          const waits = getter.peerTransfers.receiveChunk({
            offerId: Buffer.from(id, 'hex'),
            offset: BigInt(offset),
            data,
          })
          if (waits !== undefined) return await waits.then(() => pieces * pieceBytes)
        }
      }
      return Number.POSITIVE_INFINITY
    }

    it('asks it to wait as soon where much of several is to be written', async () => {
      const all = await Promise.all(['a', 'b', 'c', 'd'].map((name) => file(name, 100 * MAX_CHUNK_BYTES)))
      expect(await takenInOneGo(all, MAX_CHUNK_BYTES)).to.be.below(MOST_WAITING_BYTES + 10 * MAX_CHUNK_BYTES)
    })

    it('asks it to wait sooner where the pieces are small', async () => {
      expect(await takenInOneGo([await file('a', 100_000)], 1)).to.be.below(MOST_WAITING_BYTES / 200)
    })
  })

  it('believes a getter nothing that cannot be', async () => {
    await using giver = new FileEnd()
    await using getter = new FileEnd()
    const what = await file('a.bin', 20 * MAX_CHUNK_BYTES)
    agree(giver, getter, what)
    const claim = (received: bigint) =>
      giver.peerTransfers.receiveProgress({ offerId: Buffer.from(what.id, 'hex'), received })
    claim(BigInt(what.content.length) + 1n)
    expect(giver.peerTransfers.positionOf(what.id)).to.equal(0)
    expect(giver.peerTransfers.nextChunk()).to.equal(undefined)
    await exchangeUntil(giver, getter, () => bytesOf(giver) > 4 * MAX_CHUNK_BYTES)
    const position = giver.peerTransfers.positionOf(what.id)
    for (const received of [0n, 2n ** 64n - 1n, BigInt(bytesOf(giver)) + 1n]) claim(received)
    giver.peerTransfers.receiveProgress({ offerId: randomBytes(16), received: 5n })
    expect(giver.peerTransfers.positionOf(what.id)).to.equal(position)
    await exchangeUntil(giver, getter, () => getter.ends.length > 0)
    expect((await got('a.bin')).equals(what.content)).to.equal(true)
  })

  describe('is gone for its giver', () => {
    const changes: Record<string, (path: string) => Promise<unknown>> = {
      'where it is removed': (path) => rm(path),
      'where it has grown': (path) => appendFile(path, 'more'),
      'where it has shrunk': (path) => truncate(path, 10),
      'where a link is in its place': async (path) => {
        await rm(path)
        await symlink('/etc/hostname', path)
      },
      'where a folder is in its place': async (path) => {
        await rm(path)
        await mkdir(path)
      },
    }
    for (const [title, change] of Object.entries(changes)) {
      it(title, async () => {
        await using giver = new FileEnd()
        await using getter = new FileEnd()
        const what = await file('a.bin', 10 * MAX_CHUNK_BYTES)
        agree(giver, getter, what)
        await change(what.path)
        await exchangeUntil(giver, getter, () => giver.ends.length > 0)
        expect(giver.ends).to.deep.equal(['ERR_FILE_SOURCE_CHANGED'])
        expect(bytesOf(giver)).to.equal(0)
      })
    }

    it('where a folder on the way has become a link', async () => {
      await using giver = new FileEnd()
      await using getter = new FileEnd()
      for (const name of ['real', 'other']) {
        await mkdir(at(name, 'in'), { recursive: true })
        await writeFile(at(name, 'in', 'a'), 'content')
      }
      const what = await offered(at('real'))
      agree(giver, getter, what)
      await rm(at('real', 'in'), { recursive: true })
      await symlink(at('other', 'in'), at('real', 'in'))
      await exchangeUntil(giver, getter, () => giver.ends.length > 0)
      expect(giver.ends).to.deep.equal(['ERR_FILE_SOURCE_CHANGED'])
      expect(bytesOf(giver)).to.equal(0)
    })
  })

  describe('does not keep', () => {
    it('what would be written through a link, or into a file of somebody else’s', async () => {
      const what = await file('a.bin', 100)
      await writeFile(at('victim'), 'precious')
      for (const plant of [symlink, (await import('node:fs/promises')).link]) {
        await mkdir(partialPath(downloads, what.id))
        await plant(at('victim'), join(partialPath(downloads, what.id), 'a.bin'))
        await using giver = new FileEnd()
        await using getter = new FileEnd()
        agree(giver, getter, what)
        await exchangeUntil(giver, getter, () => getter.ends.length > 0)
        expect(getter.ends).to.deep.equal(['ERR_FILE_SAVE_FAILED'])
        expect(await readFile(at('victim'), 'utf8')).to.equal('precious')
        expect(await readdir(downloads)).to.deep.equal([])
      }
    })

    it('what is not wanted any more', async () => {
      await using giver = new FileEnd()
      await using getter = new FileEnd()
      const what = await file('a.bin', 20 * MAX_CHUNK_BYTES)
      agree(giver, getter, what)
      await exchangeUntil(giver, getter, () => bytesOf(giver) > 2 * MAX_CHUNK_BYTES)
      getter.know(what, { direction: 'downloading', path: downloads, state: 'cancelled' })
      await getter.peerTransfers.stop()
      expect(await readdir(downloads)).to.deep.equal([])
      expect(getter.ends).to.deep.equal([])
    })

    it('what came to an end while no program was there', async () => {
      const what = await file('a.bin', 100)
      await mkdir(partialPath(downloads, what.id))
      await writeFile(join(partialPath(downloads, what.id), 'a.bin'), 'some')
      const getter = new FileEnd()
      getter.know(what, { direction: 'downloading', state: 'source-changed', path: downloads })
      await getter.peerTransfers.stop()
      expect(await readdir(downloads)).to.deep.equal([])
    })

    it('what has no folder to come to', async () => {
      await using getter = new FileEnd()
      const what = await file('a.bin', 100)
      await rm(downloads, { recursive: true })
      getter.get(what, downloads)
      while (getter.ends.length === 0) await getter.woken()
      expect(getter.ends).to.deep.equal(['ERR_FILE_SAVE_FAILED'])
    })
  })
})
