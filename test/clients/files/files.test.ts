import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { prepareOffer } from '../../../clients/files/prepare-offer.ts'
import { Installation } from '../../support/installation.ts'
import { Talker } from '../../support/talker.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const { signal } = new AbortController()

describe('Files', function () {
  this.timeout(15_000)
  let installation: Installation
  let folder: TemporaryFolder
  let downloads: string
  beforeEach(async () => {
    installation = await Installation.start()
    await installation.signUp('alice')
    await installation.signUp('bob')
    folder = await temporaryFolder()
    downloads = join(folder.path, 'downloads')
    await mkdir(downloads)
  })
  afterEach(async () => {
    await installation[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  const start = (name: string) => Talker.start(installation, name)

  /** A file of so many bytes, offered to bob. */
  async function offer(from: Talker, name: string, content: Uint8Array): Promise<string> {
    const path = join(folder.path, name)
    await writeFile(path, content)
    return await from.messenger.files.offer('bob', await prepareOffer(path, { signal }))
  }

  it('carries a file that the other side accepts', async () => {
    await using alice = await start('alice')
    await using bob = await start('bob')
    const content = randomBytes(3_000_000)
    const id = await offer(alice, 'report.pdf', content)
    await bob.until(() => bob.files.length > 0)
    await bob.messenger.files.accept(id, downloads)
    await alice.until(() => alice.files.includes('report.pdf: received'))
    expect((await readFile(join(downloads, 'report.pdf'))).equals(content)).to.equal(true)
    expect(await readdir(downloads)).to.deep.equal(['report.pdf'])
    expect(bob.files).to.deep.equal(['offered', 'accepted', 'received'].map((state) => `report.pdf: ${state}`))
  })
})
