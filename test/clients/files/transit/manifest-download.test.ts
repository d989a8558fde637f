import { randomBytes } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { announced, manifestOf, offerByManifest } from '#lib/delivery/manifest.ts'
import { ManifestDownload } from '../../../../clients/files/transit/manifest-download.ts'
import { exchangeUntil, FileEnd, type Offered, offered } from '../../../support/file-end.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts'

describe('ManifestDownload', () => {
  let folder: TemporaryFolder
  let downloads: string
  beforeEach(async () => {
    folder = await temporaryFolder()
    downloads = join(folder.path, 'downloads')
    await mkdir(downloads)
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  /** An offer of a folder by a manifest, as its sender and its receiver have it. */
  async function byManifest(name: string): Promise<readonly [Offered, Offered]> {
    await mkdir(join(folder.path, name))
    for (const file of ['a', 'b', 'c']) await writeFile(join(folder.path, name, file), randomBytes(100))
    const whole = await offered(join(folder.path, name))
    const offer = offerByManifest(whole.offer.entries)
    return [
      { ...whole, offer },
      { ...whole, offer: announced(offer) },
    ]
  }

  it('takes in one manifest of a person after the other, and all that they name', async () => {
    await using uploader = new FileEnd()
    await using downloader = new FileEnd()
    for (const name of ['one', 'two', 'three']) {
      const [sent, received] = await byManifest(name)
      uploader.upload(sent)
      downloader.download(received, downloads)
    }
    const begun = new Set<string>()
    for (let progress = downloader.peerTransfers.nextProgress(); progress !== undefined; ) {
      begun.add(progress.offerId.toString('hex'))
      uploader.peerTransfers.receiveProgress(progress)
      progress = downloader.peerTransfers.nextProgress()
    }
    expect(begun).to.have.property('size', 1)
    await exchangeUntil(uploader, downloader, () => downloader.ends.length === 3)
    expect((await readdir(downloads)).sort()).to.deep.equal(['one', 'three', 'two'])
  })

  it('makes no file of a manifest that is not what was offered', async () => {
    await using uploader = new FileEnd()
    await using downloader = new FileEnd()
    const [sent, received] = await byManifest('one')
    const { manifest } = received.offer
    if (manifest === undefined) return expect.fail('no manifest')
    uploader.upload(sent)
    downloader.download({ ...received, offer: { entries: [], manifest: { ...manifest, files: 4 } } }, downloads)
    await exchangeUntil(uploader, downloader, () => downloader.ends.length > 0)
    expect(downloader.ends).to.deep.equal(['ERR_FILE_DAMAGED'])
    expect(await readdir(downloads)).to.deep.equal([])
  })

  it('takes pieces of a byte, ignores those out of place, and says that it is there to nobody else', async () => {
    const [{ offer, id }] = await byManifest('one')
    const encoded = Buffer.from(manifestOf(offer))
    const whole: Uint8Array[] = []
    const { manifest } = offer
    if (manifest === undefined) return expect.fail('no manifest')
    const download = new ManifestDownload({ id, manifest, onNews() {}, onWhole: (bytes) => void whole.push(bytes) })
    const say = (offset: number, data: Buffer) =>
      download.receive({ offerId: Buffer.from(id, 'hex'), offset: BigInt(offset), data })
    // Before it has said from where.
    say(0, encoded.subarray(0, 1))
    expect(download.progress()?.received).to.equal(0n)
    for (let at = 0; at < encoded.length; at += 1) {
      say(at + 1, encoded.subarray(at, at + 1))
      say(at, Buffer.concat([encoded.subarray(at), Buffer.alloc(1)]))
      say(at, encoded.subarray(at, at + 1))
      expect(download.progress()?.received).to.equal(at + 1 === encoded.length ? undefined : BigInt(at + 1))
    }
    say(encoded.length, Buffer.alloc(1))
    expect(whole).to.deep.equal([encoded])
  })
})
