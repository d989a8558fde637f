import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { FileEntryType } from '#gen/sotto/peer/v1/record.ts'
import { acceptTransfer, declineTransfer } from '../../../clients/files/accept.ts'
import { prepareOffer } from '../../../clients/files/offer/prepare-offer.ts'
import { transferText } from '../../../clients/files/report/describe.ts'
import { setBlocked, trust } from '../../../clients/profile/pins.ts'
import { openStore } from '../../../clients/store/open-store.ts'
import { freePort } from '../../support/free-port.ts'
import { Installation } from '../../support/installation.ts'
import { permitWriting } from '../../support/permits.ts'
import { rejection } from '../../support/rejection.ts'
import { MessengerUnderTest, type MessengerUnderTestOptions } from '../../support/running-messenger.ts'
import { SlowLink } from '../../support/slow-link.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const { signal } = new AbortController()

/** A second for 30 MB. */
const LINK = { bytesPerSecond: 30_000_000, delayMs: 1 }

describe('Files', function () {
  this.timeout(30_000)
  let installation: Installation
  let folder: TemporaryFolder
  let downloads: string
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
    folder = await temporaryFolder()
    downloads = join(folder.path, 'downloads')
    await mkdir(downloads)
  })
  afterEach(async () => {
    await installation[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  const start = (name: string) => MessengerUnderTest.start(installation, name)

  /** Somebody whom others reach over a link that takes a while for a large file, however quick the machine is. */
  async function startBehind(
    link: SlowLink,
    name: string,
    options: MessengerUnderTestOptions = {},
  ): Promise<MessengerUnderTest> {
    const port = await freePort()
    link.target = `127.0.0.1:${port}`
    const at = (each: number) => ({ address: '127.0.0.1', port: each })
    return await MessengerUnderTest.start(installation, name, {
      ...options,
      listen: at(port),
      advertise: [at(link.port)],
    })
  }

  const read = (name: string) => readFile(join(downloads, name))

  /** A file, offered to bob. */
  async function offer(from: MessengerUnderTest, name: string, content: Uint8Array): Promise<string> {
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
    expect((await read('report.pdf')).equals(content)).to.equal(true)
    expect(await readdir(downloads)).to.deep.equal(['report.pdf'])
    expect(bob.files).to.deep.equal(['offered', 'accepted', 'received'].map((state) => `report.pdf: ${state}`))
  })

  it('takes all at once where there is a folder for it', async () => {
    await using alice = await start('alice')
    await using bob = await MessengerUnderTest.start(installation, 'bob', { acceptInto: downloads })
    await mkdir(join(folder.path, 'trip', 'empty'), { recursive: true })
    await writeFile(join(folder.path, 'trip', 'notes'), 'sunny')
    const contents = await Promise.all(['a', 'b', 'c'].map(async (name) => [name, randomBytes(400_000)] as const))
    for (const [name, content] of contents) await offer(alice, name, content)
    await alice.messenger.files.offer('bob', await prepareOffer(join(folder.path, 'trip'), { signal }))
    await alice.until(() => alice.messenger.files.list().every(({ state }) => state === 'received'))
    for (const [name, content] of contents) expect((await read(name)).equals(content)).to.equal(true)
    expect(await readdir(join(downloads, 'trip'))).to.have.members(['empty', 'notes'])
    expect(bob.messenger.files.list().map(({ path }) => path)).to.have.members(
      ['a', 'b', 'c', 'trip'].map((name) => join(downloads, name)),
    )
  })

  it('writes over nothing', async () => {
    await using alice = await start('alice')
    await using bob = await MessengerUnderTest.start(installation, 'bob', { acceptInto: downloads })
    await writeFile(join(downloads, 'a.tar.gz'), 'precious')
    await mkdir(join(downloads, 'trip'))
    await mkdir(join(folder.path, 'trip'))
    await writeFile(join(folder.path, 'trip', 'notes'), 'sunny')
    await offer(alice, 'a.tar.gz', Buffer.from('first'))
    await alice.messenger.files.offer('bob', await prepareOffer(join(folder.path, 'trip'), { signal }))
    await alice.until(() => alice.messenger.files.list().every(({ state }) => state === 'received'))
    await offer(alice, 'a.tar.gz', Buffer.from('second'))
    await alice.until(() => alice.messenger.files.list().every(({ state }) => state === 'received'))
    void bob
    expect((await readdir(downloads)).sort()).to.deep.equal([
      'a.tar (1).gz',
      'a.tar (2).gz',
      'a.tar.gz',
      'trip',
      'trip (1)',
    ])
    expect((await read('a.tar.gz')).toString()).to.equal('precious')
  })

  it('saves under names that look like nothing else, and shows them escaped', async () => {
    await using alice = await start('alice')
    await using bob = await MessengerUnderTest.start(installation, 'bob', { acceptInto: downloads })
    const [content, sha256] = [Buffer.from('sunny'), createHash('sha256').update('sunny').digest()]
    const path = join(folder.path, 'trip\u200b')
    await mkdir(path)
    const names = ['a.txt', 'a\u200b.txt', 'a_.txt', 'tag\u{e0041}', 'end. ']
    for (const name of names) await writeFile(join(path, name), content)
    const entry = { size: 5n, sha256, type: FileEntryType.FILE }
    const entries = names.map((name) => ({ ...entry, path: Buffer.from(`trip\u200b/${name}`) }))
    await alice.messenger.files.offer('bob', { offer: { entries }, path })
    await alice.until(() => alice.messenger.files.list().every(({ state }) => state === 'received'))
    const saved = ['a.txt', 'a_ (1).txt', 'a_.txt', 'end_', 'tag_']
    expect(await readdir(downloads)).to.deep.equal(['trip_'])
    expect((await readdir(join(downloads, 'trip_'))).sort()).to.deep.equal(saved)
    for (const name of saved) expect((await read(join('trip_', name))).equals(content)).to.equal(true)
    expect(bob.messenger.files.list().map((transfer) => transferText(transfer))).to.deep.equal([
      `trip\\u{200b}/ with 5 files, 25 B, received as ${join(downloads, 'trip_')}`,
    ])
  })

  it('goes on after a cut, and after a restart of either side', async () => {
    const content = randomBytes(12_000_000)
    await using link = await SlowLink.start(LINK)
    let id = ''
    const isPast = (person: MessengerUnderTest, position: number) => {
      const { files } = person.messenger
      return person.until(() => files.list().some((each) => each.position > position || each.state === 'received'))
    }
    {
      await using alice = await start('alice')
      {
        await using bob = await startBehind(link, 'bob')
        id = await offer(alice, 'large', content)
        await bob.until(() => bob.files.length > 0)
        await bob.messenger.files.accept(id, downloads)
        await isPast(bob, 3_000_000)
        link.cut()
        await isPast(bob, 6_000_000)
      }
      await using bob = await startBehind(link, 'bob')
      await isPast(bob, 9_000_000)
    }
    await using bob = await startBehind(link, 'bob')
    await using alice = await start('alice')
    await alice.until(() => alice.store.transfers.get(id)?.state === 'received')
    expect((await read('large')).equals(content)).to.equal(true)
    expect(await readdir(downloads)).to.deep.equal(['large'])
    void bob
  })

  it('accepts and cancels in another process of the profile', async () => {
    await using alice = await start('alice')
    await using bob = await start('bob')
    const kept = await offer(alice, 'kept', randomBytes(100_000))
    const left = await offer(alice, 'left', randomBytes(100_000))
    await bob.until(() => bob.files.includes('left: offered'))
    const store = openStore(bob.profile.storage.folder, { profileKey: bob.profile.storage.key })
    try {
      await acceptTransfer(store, async (name) => permitWriting(name), kept, downloads)
      declineTransfer(store, left)
    } finally {
      store.close()
    }
    await alice.until(() => alice.files.includes('kept: received') && alice.files.includes('left: declined'))
    expect(await readdir(downloads)).to.deep.equal(['kept'])
  })

  for (const who of ['alice', 'bob'] as const) {
    it(`ends in the middle where ${who} cancels, and leaves nothing`, async () => {
      await using link = await SlowLink.start(LINK)
      await using alice = await start('alice')
      await using bob = await startBehind(link, 'bob')
      const id = await offer(alice, 'large', randomBytes(24_000_000))
      await bob.until(() => bob.files.length > 0)
      await bob.messenger.files.accept(id, downloads)
      await bob.until(() => bob.messenger.files.list().some(({ position }) => position > 1_000_000))
      const one = who === 'alice' ? alice : bob
      one.messenger.files.cancel(id)
      await Promise.all([alice, bob].map((each) => each.until(() => each.files.at(-1) === 'large: cancelled')))
      await alice.messenger.enqueue('bob', 'never mind')
      await alice.untilDelivered('bob')
      await bob.messenger.stop()
      expect(await readdir(downloads)).to.deep.equal([])
    })
  }

  it('is told what cannot be kept, and what is gone', async () => {
    await using alice = await start('alice')
    await using bob = await start('bob')
    const elsewhere = join(folder.path, 'elsewhere')
    await mkdir(elsewhere)
    const first = await offer(alice, 'first', randomBytes(100_000))
    const second = await offer(alice, 'second', randomBytes(100_000))
    await bob.until(() => bob.files.includes('second: offered'))
    const error = await rejection(bob.messenger.files.accept(first, join(folder.path, 'first')))
    expect(error.code).to.equal('ERR_FILE_SAVE_FAILED')
    await alice.messenger.peer('bob').goodbye()
    await bob.messenger.files.accept(first, elsewhere)
    await rm(elsewhere, { recursive: true })
    await alice.until(() => alice.files.includes('first: save-failed') || alice.files.includes('first: received'))
    await rm(join(folder.path, 'second'))
    await bob.messenger.files.accept(second, downloads)
    await bob.until(() => bob.files.includes('second: source-changed'))
    expect(alice.fileErrors.map(({ code }) => code)).to.deep.equal(['ERR_FILE_SOURCE_CHANGED'])
    await bob.messenger.stop()
    expect(await readdir(downloads)).to.deep.equal([])
  })

  it('takes nothing from whom the user has blocked', async () => {
    await using alice = await start('alice')
    await using bob = await start('bob')
    const id = await offer(alice, 'a', randomBytes(10))
    await bob.until(() => bob.files.length > 0)
    await setBlocked(bob.profile, 'alice', true)
    expect((await rejection(bob.messenger.files.accept(id, downloads))).code).to.equal('ERR_BLOCKED')
    expect(bob.store.transfers.get(id)?.state).to.equal('offered')
  })

  it('neither gives nor takes under a key what was meant for another', async () => {
    await using alice = await start('alice')
    let old = ''
    {
      await using bob = await start('bob')
      await offer(alice, 'to-the-old-key', randomBytes(10))
      await writeFile(join(folder.path, 'of-the-old-key'), 'content')
      await bob.until(() => bob.files.length > 0)
      const prepared = await prepareOffer(join(folder.path, 'of-the-old-key'), { signal })
      old = await bob.messenger.files.offer('alice', prepared)
      await alice.until(() => alice.files.includes('of-the-old-key: offered'))
    }
    const anew = await installation.signIn('bob', { profile: 'bob-anew', replaceIdentityKey: true })
    await using bob = await start(anew.name)
    await bob.messenger.enqueue('alice', 'it is me')
    await alice.until(() => alice.refused.some(({ code }) => code === 'ERR_KEY_CHANGED'))
    expect((await rejection(alice.messenger.files.accept(old, downloads))).code).to.equal('ERR_KEY_CHANGED')
    await trust(alice.profile, 'bob', new Date())
    expect((await rejection(alice.messenger.files.accept(old, downloads))).code).to.equal('ERR_NO_SUCH_FILE')
    const id = await offer(alice, 'to-the-new-key', randomBytes(10))
    await bob.until(() => bob.files.length > 0)
    await bob.messenger.files.accept(id, downloads)
    await alice.until(() => alice.files.includes('to-the-new-key: received'))
    expect(bob.messenger.files.list().map(({ name }) => name)).to.deep.equal(['to-the-new-key'])
  })

  it('takes nothing for which there is no room', async () => {
    await using alice = await start('alice')
    await using bob = await MessengerUnderTest.start(installation, 'bob', { acceptInto: downloads })
    const huge = { size: 2n ** 52n, sha256: randomBytes(32), type: FileEntryType.FILE }
    const path = join(folder.path, 'huge')
    await alice.messenger.files.offer('bob', { offer: { entries: [{ path: Buffer.from('huge'), ...huge }] }, path })
    await alice.until(() => alice.files.includes('huge: save-failed'))
    expect(bob.fileErrors.map(({ code }) => code)).to.deep.equal(['ERR_FILE_SAVE_FAILED'])
    expect(await readdir(downloads)).to.deep.equal([])
  })

  it('answers only what waits for it', async () => {
    await using alice = await start('alice')
    await using bob = await start('bob')
    const id = await offer(alice, 'a', randomBytes(10))
    await bob.until(() => bob.files.length > 0)
    const codes = await Promise.all([
      rejection(alice.messenger.files.accept(id, downloads)),
      rejection(bob.messenger.files.accept('00'.repeat(16), downloads)),
      rejection((async () => alice.messenger.files.decline(id))()),
      rejection((async () => bob.messenger.files.cancel('00'.repeat(16)))()),
    ])
    expect(codes.map(({ code }) => code)).to.deep.equal(Array(4).fill('ERR_NO_SUCH_FILE'))
    bob.messenger.files.decline(id)
    expect((await rejection(bob.messenger.files.accept(id, downloads))).code).to.equal('ERR_NO_SUCH_FILE')
  })

  it('lets what is said pass while a file flows', async () => {
    await using link = await SlowLink.start(LINK)
    await using alice = await start('alice')
    await using bob = await startBehind(link, 'bob', { acceptInto: downloads })
    const id = await offer(alice, 'large', randomBytes(24_000_000))
    await alice.until(() => alice.messenger.files.list().some(({ position }) => position > 0))
    await alice.deliver('bob', 'still there?')
    expect(alice.store.transfers.get(id)?.state).to.equal('accepted')
    expect(bob.received).to.include('alice: still there?')
    await alice.until(() => alice.store.transfers.get(id)?.state === 'received')
  })
})
