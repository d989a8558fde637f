/** Clients on a disk that is full: each side says so once, what was sent waits with its sender, and it goes on by itself. */
import { randomBytes } from 'node:crypto'
import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { prepareOffer } from '../../../clients/files/offer/prepare-offer.ts'
import { Installation } from '../../support/installation.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'
import { SmallDisk, smallDiskRefusal } from '../../support/small-disk.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const countOf = (text: string, part: string) => text.split(part).length - 1

describe(`clients on a full disk${smallDiskRefusal ? `: ${smallDiskRefusal}` : ''}`, function () {
  this.timeout(300_000)
  let installation: Installation
  let folder: TemporaryFolder
  let disk: SmallDisk | undefined
  beforeEach(async function () {
    if (smallDiskRefusal) return this.skip()
    installation = await Installation.start('alice', 'bob')
    folder = await temporaryFolder()
  })
  afterEach(async () => {
    if (smallDiskRefusal) return
    await disk?.[Symbol.asyncDispose]()
    disk = undefined
    await installation[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  /** Put what bob keeps on a disk of its own. */
  async function ownDisk(): Promise<SmallDisk> {
    const profile = join(installation.home.path, 'profiles', 'bob')
    const before = join(folder.path, 'before')
    await rename(profile, before)
    await mkdir(profile)
    disk = SmallDisk.mount(profile, 4)
    await cp(before, profile, { recursive: true })
    return disk
  }

  it('receive what waited as soon as there is room, and both sides say so once', async () => {
    const small = await ownDisk()
    await using bob = await installation.receive('bob')
    await installation.send('alice', 'bob', 'before').done
    await small.fill()
    await using alice = installation.send('alice', 'bob', 'x'.repeat(100_000), { redialMs: 60_000 })
    await alice.errors.until((text) => text.includes('bob’s machine cannot save what you write now'))
    await bob.errors.until((text) => text.includes('cannot be kept, and waits with them: the disk is full'))
    // Until it was tried again.
    await bob.errors.until((text) => countOf(text, '"code":"ERR_STORE"') >= 3)
    await small.free()
    await alice.done
    expect(countOf(bob.output.text, 'x'.repeat(100_000))).to.equal(1)
    expect(countOf(bob.errors.text, 'the disk is full; free some space')).to.equal(1)
    expect(bob.errors.text).to.include('what alice says is kept again')
    expect(bob.errors.text).not.to.match(/the connection to alice broke|"stack"/)
    expect(countOf(alice.errors.text, 'cannot save')).to.equal(1)
    expect(alice.errors.text).not.to.include('broke')
  })

  it('go on with a file as soon as there is room, though it was offered once', async () => {
    const downloads = join(folder.path, 'downloads')
    await mkdir(downloads)
    disk = SmallDisk.mount(downloads, 40)
    const path = join(folder.path, 'film')
    const content = randomBytes(20_000_000)
    await writeFile(path, content)
    await using bob = await MessengerUnderTest.start(installation, 'bob')
    let id: string
    {
      await using alice = await MessengerUnderTest.start(installation, 'alice')
      id = await alice.messenger.files.offer('bob', await prepareOffer(path, { signal: new AbortController().signal }))
      await bob.until(() => bob.files.includes('film: offered'))
    }
    await bob.messenger.files.accept(id, downloads)
    await disk.fill()
    await disk.free(5)
    await using alice = await MessengerUnderTest.start(installation, 'alice')
    await alice.until(() => alice.files.includes('film: accepted, paused'))
    await bob.until(() => bob.files.includes('film: accepted, paused'))
    expect(bob.store.transfers.get(id)).to.include({ state: 'accepted', isPaused: true })
    await disk.free(25)
    await alice.until(() => alice.files.includes('film: received'))
    expect((await readFile(join(downloads, 'film'))).equals(content)).to.equal(true)
    expect(bob.fileErrors.map(({ code, message }) => `${code} ${message}`)).to.deep.equal([
      'ERR_FILE_SAVE_FAILED the disk is full',
    ])
    const steps = ['film: offered', 'film: accepted', 'film: accepted, paused', 'film: accepted', 'film: received']
    expect(bob.files).to.deep.equal(steps)
    expect(alice.files.slice(-3)).to.deep.equal(steps.slice(-3))
  })
})
