import { randomBytes } from 'node:crypto'
import {
  appendFile,
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { FileEntryType, FileProgressPause } from '#gen/sotto/peer/v1/record.ts'
import { MAX_CHUNK_BYTES } from '#lib/delivery/limits.ts'
import { announced, offerByManifest } from '#lib/delivery/manifest.ts'
import { SottoError } from '#lib/errors.ts'
import { partialPath } from '../../../../clients/files/disk/partial.ts'
import { MOST_WAITING_BYTES } from '../../../../clients/files/transit/receive-buffer.ts'
import { LEAST_WINDOW_BYTES } from '../../../../clients/files/transit/send-window.ts'
import { exchangeUntil, FileEnd, type Offered, offered } from '../../../support/file-end.ts'
import { SmallDisk, smallDiskRefusal } from '../../../support/small-disk.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts'

const pause = FileProgressPause.UNSPECIFIED

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
  function agree(uploader: FileEnd, downloader: FileEnd, ...all: readonly Offered[]): void {
    for (const each of all) {
      uploader.upload(each)
      downloader.download(each, downloads)
    }
  }

  const bytesOf = ({ sent }: FileEnd) => sent.reduce((sum, { data }) => sum + data.length, 0)

  describe('carries', () => {
    for (const size of [0, 1, MAX_CHUNK_BYTES - 1, MAX_CHUNK_BYTES, MAX_CHUNK_BYTES + 1, 40 * MAX_CHUNK_BYTES + 7]) {
      it(`a file of ${size} bytes`, async () => {
        await using uploader = new FileEnd()
        await using downloader = new FileEnd()
        const what = await file('a.bin', size)
        agree(uploader, downloader, what)
        await exchangeUntil(uploader, downloader, () => downloader.ends.length > 0)
        expect(downloader.ends).to.deep.equal([`received ${join(downloads, 'a.bin')}`])
        expect((await got('a.bin')).equals(what.content)).to.equal(true)
        expect(await readdir(downloads)).to.deep.equal(['a.bin'])
        expect(bytesOf(uploader)).to.equal(size)
      })
    }

    it('a folder with all that is in it, and which files are programs', async () => {
      await using uploader = new FileEnd()
      await using downloader = new FileEnd()
      await mkdir(at('trip', 'empty'), { recursive: true })
      await mkdir(at('trip', 'deep', 'er'), { recursive: true })
      await writeFile(at('trip', 'deep', 'er', 'nothing'), '')
      await writeFile(at('trip', 'deep', 'b'), randomBytes(MAX_CHUNK_BYTES + 9))
      await writeFile(at('trip', 'a.sh'), 'echo hello')
      await chmod(at('trip', 'a.sh'), 0o777)
      await writeFile(at('trip', 'ж.txt'), 'text')
      agree(uploader, downloader, await offered(at('trip')))
      await exchangeUntil(uploader, downloader, () => downloader.ends.length > 0)
      expect(downloader.ends).to.deep.equal([`received ${join(downloads, 'trip')}`])
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
      await using uploader = new FileEnd()
      await using downloader = new FileEnd()
      await mkdir(at('many'))
      const names = Array.from({ length: 300 }, (_, index) => `${index}`)
      for (const name of names) await writeFile(at('many', name), randomBytes(1_000))
      agree(uploader, downloader, await offered(at('many')))
      const stood: bigint[] = []
      const { peerTransfers } = downloader
      const nextProgress = peerTransfers.nextProgress.bind(peerTransfers)
      peerTransfers.nextProgress = () => {
        const progress = nextProgress()
        if (progress !== undefined) stood.push(progress.received)
        return progress
      }
      // As other records do that come meanwhile.
      const looking = setInterval(() => downloader.wake(), 0)
      try {
        await exchangeUntil(uploader, downloader, () => downloader.ends.length > 0)
      } finally {
        clearInterval(looking)
      }
      expect(downloader.ends).to.deep.equal([`received ${join(downloads, 'many')}`])
      expect(await readdir(join(downloads, 'many'))).to.have.members(names)
      expect(stood.filter((position) => position === 300_000n)).to.have.length.below(2)
    })

    it('a folder whose entries come first, from where it was after a break in either part', async () => {
      await using uploader = new FileEnd()
      await mkdir(at('many'))
      // Long names, so that a few make a long list.
      for (let index = 0; index < 600; index += 1) {
        await writeFile(at('many', `${index}`.padStart(200, '-')), randomBytes(250))
      }
      const whole = await offered(at('many'))
      const offer = offerByManifest(whole.offer.entries)
      const size = offer.manifest?.size ?? 0
      expect(size).to.be.greaterThan(2 * MAX_CHUNK_BYTES)
      uploader.upload({ ...whole, offer })
      const target = { ...whole, offer: announced(offer) }
      const breaks = [MAX_CHUNK_BYTES, size + 1]
      for (const position of breaks) {
        await using stopped = new FileEnd()
        stopped.download(target, downloads)
        if (position > size) stopped.know({ ...whole, offer }, { direction: 'downloading', path: downloads })
        await exchangeUntil(uploader, stopped, () => uploader.sent.some(({ offset }) => offset >= BigInt(position)))
        uploader.peerTransfers.begin()
      }
      await using downloader = new FileEnd()
      downloader.download(target, downloads)
      await exchangeUntil(uploader, downloader, () => downloader.ends.length > 0)
      expect(downloader.ends).to.deep.equal([`received ${join(downloads, 'many')}`])
      expect(await readdir(join(downloads, 'many'))).to.have.length(600)
      expect(
        uploader.sent.every(({ offset, data }) => Number(offset) >= size || Number(offset) + data.length <= size),
      ).to.equal(true)
    })

    it('several at once, in turn', async () => {
      await using uploader = new FileEnd()
      await using downloader = new FileEnd()
      const all = await Promise.all(['a', 'b', 'c'].map((name) => file(name, 60 * MAX_CHUNK_BYTES)))
      agree(uploader, downloader, ...all)
      // All three begin at once: the receiver has looked for what it has of each.
      while (all.some(({ id }) => downloader.peerTransfers.positionOf(id) === undefined)) await downloader.woken()
      await exchangeUntil(uploader, downloader, () => downloader.ends.length === 3)
      const order = uploader.sent.map(({ offerId }) => all.findIndex(({ id }) => id === offerId.toString('hex')))
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
      await using uploader = new FileEnd()
      await using downloader = new FileEnd()
      const what = await file('a.bin', 60 * MAX_CHUNK_BYTES)
      agree(uploader, downloader, what)
      await exchangeUntil(uploader, downloader, () => bytesOf(uploader) > 20 * MAX_CHUNK_BYTES)
      uploader.peerTransfers.end()
      downloader.peerTransfers.end()
      uploader.peerTransfers.begin()
      downloader.peerTransfers.begin()
      await exchangeUntil(uploader, downloader, () => downloader.ends.length > 0)
      expect((await got('a.bin')).equals(what.content)).to.equal(true)
      expect(bytesOf(uploader)).to.equal(what.content.length)
    })

    it('in another program with nothing sent again that is on the disk, wherever it was cut off', async () => {
      await using uploader = new FileEnd()
      const what = await file('a.bin', 30 * MAX_CHUNK_BYTES)
      {
        await using downloader = new FileEnd()
        agree(uploader, downloader, what)
        await exchangeUntil(uploader, downloader, () => bytesOf(uploader) > 10 * MAX_CHUNK_BYTES)
      }
      const partial = join(partialPath(downloads, what.id), 'a.bin')
      const left = (await stat(partial)).size - 1_234
      await truncate(partial, left)
      await using again = new FileEnd()
      await using downloader = new FileEnd()
      agree(again, downloader, what)
      await exchangeUntil(again, downloader, () => downloader.ends.length > 0)
      expect((await got('a.bin')).equals(what.content)).to.equal(true)
      expect(Number(again.sent[0]?.offset)).to.equal(left)
      expect(bytesOf(again)).to.equal(what.content.length - left)
    })

    it('with its name, where the program ended as it got that', async () => {
      await using downloader = new FileEnd()
      const what = await file('a.bin', 100)
      await mkdir(partialPath(downloads, what.id))
      await writeFile(join(downloads, 'a.bin'), what.content)
      const targetPath = join(downloads, 'a.bin')
      downloader.know(what, { direction: 'downloading', path: downloads, targetPath })
      while (downloader.ends.length === 0) await downloader.woken()
      expect(downloader.ends).to.deep.equal([`received ${targetPath}`])
      expect(await readdir(downloads)).to.deep.equal(['a.bin'])
    })

    it('with a folder, at each place of it', async () => {
      await mkdir(at('many', 'inside'), { recursive: true })
      for (const name of ['a', 'b', 'inside/c', 'inside/d']) await writeFile(at('many', name), randomBytes(1_000))
      await writeFile(at('many', 'empty'), '')
      const what = await offered(at('many'))
      for (let count = 0; count < 50; count += 1) {
        await using uploader = new FileEnd()
        await using downloader = new FileEnd()
        agree(uploader, downloader, what)
        await exchangeUntil(
          uploader,
          downloader,
          () => downloader.ends.length > 0 || downloader.peerTransfers.positionOf(what.id) !== undefined,
        )
        if (downloader.ends.length > 0) break
        const position = downloader.peerTransfers.positionOf(what.id) as number
        const piece = await contentOf(what, position, 97)
        uploader.peerTransfers.end()
        void downloader.peerTransfers.nextProgress()
        void downloader.peerTransfers.receiveChunk({
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

  it('keeps what came where what it is to be cannot be put down, and goes on as soon as it can be', async () => {
    await using uploader = new FileEnd()
    await using downloader = new FileEnd()
    const what = await file('a.bin', 3 * MAX_CHUNK_BYTES)
    agree(uploader, downloader, what)
    downloader.failure = new SottoError('ERR_STORE', 'the store is busy')
    await exchangeUntil(uploader, downloader, () => downloader.halts.length > 0)
    expect([downloader.halts, downloader.ends, downloader.peerTransfers.isWanted]).to.deep.equal([
      ['ERR_STORE'],
      [],
      false,
    ])
    await exchangeUntil(uploader, downloader, () => uploader.pauses > 0)
    expect((await readFile(join(partialPath(downloads, what.id), 'a.bin'))).equals(what.content)).to.equal(true)
    downloader.failure = undefined
    downloader.peerTransfers.begin()
    expect(await downloader.peerTransfers.retry()).to.equal(true)
    await exchangeUntil(uploader, downloader, () => downloader.ends.length > 0)
    expect(downloader.ends).to.deep.equal([`received ${join(downloads, 'a.bin')}`])
    expect(bytesOf(uploader)).to.equal(what.content.length)
  })

  it('has received what has its name, though something beside it cannot be removed', async function () {
    if (smallDiskRefusal !== undefined) return this.skip()
    await using uploader = new FileEnd()
    await using downloader = new FileEnd()
    const what = await file('a.bin', MAX_CHUNK_BYTES)
    const held = join(partialPath(downloads, what.id), 'held')
    await mkdir(held, { recursive: true })
    await using _disk = SmallDisk.mount(held, 1)
    agree(uploader, downloader, what)
    await exchangeUntil(uploader, downloader, () => downloader.ends.length > 0)
    expect(downloader.ends).to.deep.equal([`received ${join(downloads, 'a.bin')}`])
  })

  it('does not look at all that came before it stops', async () => {
    const downloader = new FileEnd()
    const id = randomBytes(16).toString('hex')
    const size = 2 ** 40
    const partial = join(partialPath(downloads, id), 'a.bin')
    await mkdir(partialPath(downloads, id))
    await writeFile(partial, '')
    // It has holes in place of all that, which take no room.
    await truncate(partial, size)
    const entry = { path: Buffer.from('a.bin'), size: BigInt(size), sha256: Buffer.alloc(32) }
    downloader.download({ id, offer: { entries: [{ ...entry, type: FileEntryType.FILE }] }, path: '' }, downloads)
    await downloader.peerTransfers.stop()
    expect([downloader.ends, downloader.halts, (await stat(partial)).size]).to.deep.equal([[], [], size])
  })

  it('forgets with the store what has ended', async () => {
    await using downloader = new FileEnd()
    const what = await file('a.bin', 100)
    const leave = async () => {
      await mkdir(partialPath(downloads, what.id))
      downloader.know(what, { direction: 'downloading', state: 'source-changed', path: downloads })
    }
    await leave()
    while ((await readdir(downloads)).length > 0) await setImmediate()
    downloader.peerTransfers.update([])
    await leave()
    await downloader.peerTransfers.stop()
    expect(await readdir(downloads)).to.deep.equal([])
  })

  it('has no more on its way than the window, and says nothing before it is asked', async () => {
    await using uploader = new FileEnd()
    await using downloader = new FileEnd()
    const what = await file('a.bin', 20 * MAX_CHUNK_BYTES)
    uploader.upload(what)
    expect(uploader.peerTransfers.nextChunk()).to.equal(undefined)
    uploader.peerTransfers.receiveProgress({ offerId: Buffer.from(what.id, 'hex'), received: 0n, pause })
    for (let said = 0; said < LEAST_WINDOW_BYTES; ) {
      const chunk = uploader.peerTransfers.nextChunk()
      if (chunk === undefined) await uploader.woken()
      said += chunk?.data.length ?? 0
    }
    expect(uploader.peerTransfers.nextChunk()).to.equal(undefined)
    void downloader
  })

  it('heeds what is asked for before the word that it is accepted is here', async () => {
    await using uploader = new FileEnd()
    await using downloader = new FileEnd()
    const what = await file('a.bin', 3 * MAX_CHUNK_BYTES)
    uploader.know(what, { state: 'offered' })
    uploader.peerTransfers.receiveProgress({
      offerId: Buffer.from(what.id, 'hex'),
      received: BigInt(MAX_CHUNK_BYTES),
      pause,
    })
    expect(uploader.peerTransfers.nextChunk()).to.equal(undefined)
    uploader.upload(what)
    await exchangeUntil(uploader, downloader, () => bytesOf(uploader) > 0)
    expect(Number(uploader.sent[0]?.offset)).to.equal(MAX_CHUNK_BYTES)
  })

  describe('of a hostile uploader', () => {
    it('writes nothing that was not accepted, is elsewhere, or goes beyond the end', async () => {
      await using uploader = new FileEnd()
      await using downloader = new FileEnd()
      const what = await file('a.bin', 100)
      const other = await file('b.bin', 100)
      downloader.know(other, { direction: 'downloading', state: 'offered', path: undefined })
      agree(uploader, downloader, what)
      while (downloader.peerTransfers.nextProgress() === undefined) await downloader.woken()
      const offerId = Buffer.from(what.id, 'hex')
      const data = randomBytes(10)
      const hostile = [
        { offerId: randomBytes(16), offset: 0n, data },
        { offerId: Buffer.from(other.id, 'hex'), offset: 0n, data },
        { offerId, offset: 1n, data },
        { offerId, offset: 2n ** 64n - 1n, data },
        { offerId, offset: 0n, data: randomBytes(101) },
      ]
      for (const chunk of hostile) void downloader.peerTransfers.receiveChunk(chunk)
      void downloader.peerTransfers.receiveChunk({ offerId, offset: 0n, data: what.content.subarray(0, 60) })
      void downloader.peerTransfers.receiveChunk({ offerId, offset: 60n, data: randomBytes(41) })
      void downloader.peerTransfers.receiveChunk({ offerId, offset: 60n, data: what.content.subarray(60) })
      while (downloader.ends.length === 0) await downloader.woken()
      expect((await got('a.bin')).equals(what.content)).to.equal(true)
      expect(await readdir(downloads)).to.deep.equal(['a.bin'])
    })

    it('keeps nothing of what is not what was offered', async () => {
      await using uploader = new FileEnd()
      await using downloader = new FileEnd()
      const what = await file('a.bin', 100)
      agree(uploader, downloader, what)
      while (downloader.peerTransfers.nextProgress() === undefined) await downloader.woken()
      void downloader.peerTransfers.receiveChunk({
        offerId: Buffer.from(what.id, 'hex'),
        offset: 0n,
        data: randomBytes(100),
      })
      while (downloader.ends.length === 0) await downloader.woken()
      expect(downloader.ends).to.deep.equal(['ERR_FILE_DAMAGED'])
      expect(await readdir(downloads)).to.deep.equal([])
    })

    it('keeps nothing of what was rewritten at the same size since it was offered', async () => {
      await using uploader = new FileEnd()
      await using downloader = new FileEnd()
      const what = await file('a.bin', 100)
      agree(uploader, downloader, what)
      await writeFile(what.path, randomBytes(100))
      await exchangeUntil(uploader, downloader, () => downloader.ends.length > 0)
      expect(downloader.ends).to.deep.equal(['ERR_FILE_DAMAGED'])
      expect(await readdir(downloads)).to.deep.equal([])
    })

    it('looks again at what was there before', async () => {
      const what = await file('a.bin', 3 * MAX_CHUNK_BYTES)
      await mkdir(partialPath(downloads, what.id))
      await writeFile(join(partialPath(downloads, what.id), 'a.bin'), randomBytes(MAX_CHUNK_BYTES))
      await using uploader = new FileEnd()
      await using downloader = new FileEnd()
      agree(uploader, downloader, what)
      await exchangeUntil(uploader, downloader, () => downloader.ends.length > 0)
      expect(downloader.ends).to.deep.equal(['ERR_FILE_DAMAGED'])
      expect(await readdir(downloads)).to.deep.equal([])
    })

    it('asks it to wait where much is to be written', async () => {
      await using downloader = new FileEnd()
      await using uploader = new FileEnd()
      const what = await file('a.bin', 400 * MAX_CHUNK_BYTES)
      agree(uploader, downloader, what)
      while (downloader.peerTransfers.nextProgress() === undefined) await downloader.woken()
      let waits: Promise<void> | undefined
      for (let offset = 0; offset < what.content.length && waits === undefined; offset += MAX_CHUNK_BYTES) {
        const data = what.content.subarray(offset, offset + MAX_CHUNK_BYTES)
        waits = downloader.peerTransfers.receiveChunk({
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
      await using downloader = new FileEnd()
      for (const each of all) downloader.download(each, downloads)
      for (const stood = new Set<string>(); stood.size < all.length; ) {
        const progress = downloader.peerTransfers.nextProgress()
        if (progress === undefined) await downloader.woken()
        else stood.add(progress.offerId.toString('hex'))
      }
      let pieces = 0
      for (let offset = 0; offset < (all[0]?.content.length ?? 0); offset += pieceBytes) {
        for (const { id, content } of all) {
          pieces += 1
          const data = content.subarray(offset, offset + pieceBytes)
          const waits = downloader.peerTransfers.receiveChunk({
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

  it('believes a downloader nothing that cannot be', async () => {
    await using uploader = new FileEnd()
    await using downloader = new FileEnd()
    const what = await file('a.bin', 20 * MAX_CHUNK_BYTES)
    agree(uploader, downloader, what)
    const claim = (received: bigint) =>
      uploader.peerTransfers.receiveProgress({ offerId: Buffer.from(what.id, 'hex'), received, pause })
    claim(BigInt(what.content.length) + 1n)
    expect(uploader.peerTransfers.positionOf(what.id)).to.equal(0)
    expect(uploader.peerTransfers.nextChunk()).to.equal(undefined)
    await exchangeUntil(uploader, downloader, () => bytesOf(uploader) > 4 * MAX_CHUNK_BYTES)
    const position = uploader.peerTransfers.positionOf(what.id)
    for (const received of [0n, 2n ** 64n - 1n, BigInt(bytesOf(uploader)) + 1n]) claim(received)
    uploader.peerTransfers.receiveProgress({ offerId: randomBytes(16), received: 5n, pause })
    expect(uploader.peerTransfers.positionOf(what.id)).to.equal(position)
    await exchangeUntil(uploader, downloader, () => downloader.ends.length > 0)
    expect((await got('a.bin')).equals(what.content)).to.equal(true)
  })

  describe('is gone for its uploader', () => {
    const changes: Record<string, (path: string) => Promise<unknown>> = {
      'where it is removed': (path) => rm(path),
      'where it has grown': (path) => appendFile(path, 'more'),
      'where it has shrunk': (path) => truncate(path, 10),
      'where a link is in its place, to another of the same size': async (path) => {
        await rename(path, `${path} elsewhere`)
        await symlink(`${path} elsewhere`, path)
      },
      'where a folder is in its place': async (path) => {
        await rm(path)
        await mkdir(path)
      },
    }
    for (const [title, change] of Object.entries(changes)) {
      it(title, async () => {
        await using uploader = new FileEnd()
        await using downloader = new FileEnd()
        const what = await file('a.bin', 10 * MAX_CHUNK_BYTES)
        agree(uploader, downloader, what)
        await change(what.path)
        await exchangeUntil(uploader, downloader, () => uploader.ends.length > 0)
        expect(uploader.ends).to.deep.equal(['ERR_FILE_SOURCE_CHANGED'])
        expect(bytesOf(uploader)).to.equal(0)
      })
    }

    it('where a folder on the way has become a link', async () => {
      await using uploader = new FileEnd()
      await using downloader = new FileEnd()
      for (const name of ['real', 'other']) {
        await mkdir(at(name, 'in'), { recursive: true })
        await writeFile(at(name, 'in', 'a'), 'content')
      }
      const what = await offered(at('real'))
      agree(uploader, downloader, what)
      await rm(at('real', 'in'), { recursive: true })
      await symlink(at('other', 'in'), at('real', 'in'))
      await exchangeUntil(uploader, downloader, () => uploader.ends.length > 0)
      expect(uploader.ends).to.deep.equal(['ERR_FILE_SOURCE_CHANGED'])
      expect(bytesOf(uploader)).to.equal(0)
    })
  })

  describe('does not keep', () => {
    it('what would be written through a link, or into a file of somebody else’s', async () => {
      const what = await file('a.bin', 100)
      await writeFile(at('victim'), 'precious')
      for (const plant of [symlink, (await import('node:fs/promises')).link]) {
        await mkdir(partialPath(downloads, what.id))
        await plant(at('victim'), join(partialPath(downloads, what.id), 'a.bin'))
        await using uploader = new FileEnd()
        await using downloader = new FileEnd()
        agree(uploader, downloader, what)
        await exchangeUntil(uploader, downloader, () => downloader.ends.length > 0)
        expect(downloader.ends).to.deep.equal(['ERR_FILE_SAVE_FAILED'])
        expect(await readFile(at('victim'), 'utf8')).to.equal('precious')
        expect(await readdir(downloads)).to.deep.equal([])
      }
    })

    it('what is not wanted any more', async () => {
      await using uploader = new FileEnd()
      await using downloader = new FileEnd()
      const what = await file('a.bin', 20 * MAX_CHUNK_BYTES)
      agree(uploader, downloader, what)
      await exchangeUntil(uploader, downloader, () => bytesOf(uploader) > 2 * MAX_CHUNK_BYTES)
      downloader.know(what, { direction: 'downloading', path: downloads, state: 'cancelled' })
      await downloader.peerTransfers.stop()
      expect(await readdir(downloads)).to.deep.equal([])
      expect(downloader.ends).to.deep.equal([])
    })

    it('what came to an end while no program was there', async () => {
      const what = await file('a.bin', 100)
      await mkdir(partialPath(downloads, what.id))
      await writeFile(join(partialPath(downloads, what.id), 'a.bin'), 'some')
      const downloader = new FileEnd()
      downloader.know(what, { direction: 'downloading', state: 'source-changed', path: downloads })
      await downloader.peerTransfers.stop()
      expect(await readdir(downloads)).to.deep.equal([])
    })

    it('what has no folder to come to', async () => {
      await using downloader = new FileEnd()
      const what = await file('a.bin', 100)
      await rm(downloads, { recursive: true })
      downloader.download(what, downloads)
      while (downloader.ends.length === 0) await downloader.woken()
      expect(downloader.ends).to.deep.equal(['ERR_FILE_SAVE_FAILED'])
    })
  })
})
