import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open as openFile, readdir, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { ChatTerminals, shows, submit } from '../../support/chat-terminals.ts'
import { Installation } from '../../support/installation.ts'
import { hasTmux, type Tmux } from '../../support/tmux.ts'

const COLUMNS = 100
const ROWS = 20
const MIB = 1024 * 1024

/** Files between two people in front of their chats, each a process of its own on a terminal of its own. */
describe('sotto chat with files', function () {
  if (!hasTmux()) {
    it('is tried on a real terminal where tmux 3.2 or later is installed')
    return
  }

  this.timeout(300_000)
  let installation: Installation
  let folder: string
  let terminals: ChatTerminals
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
    folder = await realpath(installation.home.path)
    for (const name of ['outbox', 'inbox']) await mkdir(join(folder, name))
    const flags = ['--downloads', join(folder, 'inbox')]
    terminals = new ChatTerminals(installation, { columns: COLUMNS, rows: ROWS, flags })
  })
  afterEach(async () => {
    await terminals[Symbol.asyncDispose]()
    await installation[Symbol.asyncDispose]()
  })

  const open = (name: string, to: string): Promise<Tmux> => terminals.open(name, to)

  /** A file to offer, of so many mebibytes that differ from each other. */
  /** What is to be seen on its way takes a second at least: screens are looked at only so often. */
  async function make(name: string, mebibytes: number): Promise<string> {
    const path = join(folder, 'outbox', name)
    await using file = await openFile(path, 'w')
    const block = randomBytes(MIB)
    for (let index = 0; index < mebibytes; index += 1) {
      block.writeUInt32BE(index)
      await file.write(block)
    }
    return path
  }

  async function sha256(path: string): Promise<string> {
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
    return hash.digest('hex')
  }

  it('offers, accepts, shows how far it has come on both sides, and brings it', async () => {
    const [alice, bob] = await Promise.all([open('alice', 'bob'), open('bob', 'alice')])
    await shows(alice, 'bob is online')
    const path = await make('my holidays.mp4', 200)
    await submit(alice, `/file ${path}`)
    await shows(bob, 'alice, file: [1] my holidays.mp4, 210 MB, offered: /accept 1 or /decline 1')
    await alice.type('half a sen')
    await submit(bob, '/accept 1')
    const progress = /my holidays.mp4, [1-9]\d* of 210 MB \(\d+ %\)/
    await Promise.all([shows(alice, progress), shows(bob, progress)])
    await submit(bob, 'it comes')
    await shows(alice, 'bob: it comes')
    await alice.type('tence')
    const to = join(folder, 'inbox', 'my holidays.mp4')
    await shows(bob, 'my holidays.mp4, 210 MB, received as')
    const rows = await shows(alice, '✓✓  alice, file: my holidays.mp4, 210 MB, received')
    expect(rows.join('\n')).to.include('bob> half a sentence')
    expect(await sha256(to)).to.equal(await sha256(path))
  })

  it('goes on where it stopped when one leaves in the middle and comes back', async () => {
    const alice = await open('alice', 'bob')
    const bob = await open('bob', 'alice')
    const path = await make('large.bin', 400)
    await submit(alice, `/file ${path}`)
    await shows(bob, '/accept 1')
    await submit(bob, '/accept')
    await shows(bob, /large.bin, [1-9]\d* of 419 MB/)
    await bob.press('C-c')
    await shows(alice, 'bob is offline')
    const part = (await readdir(join(folder, 'inbox'))).join()
    expect(part).to.match(/^\.sotto-[0-9a-f]{32}\.part$/)
    const again = await open('bob', 'alice')
    await shows(again, 'large.bin, 419 MB, received as')
    await shows(alice, 'large.bin, 419 MB, received')
    expect(await readdir(join(folder, 'inbox'))).to.deep.equal(['large.bin'])
    expect(await sha256(join(folder, 'inbox', 'large.bin'))).to.equal(await sha256(path))
  })

  it('shows names that could be taken for something else as what they are', async () => {
    const [alice, bob] = await Promise.all([open('alice', 'bob'), open('bob', 'alice')])
    const names = ['a.txt, 3 B, received', 'no\ufff9te', 'ends   ', 'קובץ.pdf', 'n'.repeat(255)]
    const saved = names.with(1, 'no_te').with(2, 'ends_')
    for (const name of names) {
      const path = join(folder, 'outbox', name)
      await writeFile(path, 'x')
      await submit(alice, `/file "${path}"`)
      await shows(bob, `/decline ${names.indexOf(name) + 1}`)
    }
    const screen = (await bob.screen()).join('\n')
    expect(screen).to.include('"a.txt, 3 B, received", 1 B, offered')
    // Offered under names that are safe to save.
    expect(screen).to.include('no_te, 1 B, offered')
    expect(screen).to.include('ends_, 1 B, offered')
    await submit(bob, '/accept')
    await shows(bob, 'there are 5 of them')
    await submit(bob, '/accept all')
    await shows(alice, '✓✓  alice, file: "a.txt, 3 B, received", 1 B, received')
    await alice.until((rows) => !rows.some((row) => /offered|accepted/.test(row)))
    expect((await readdir(join(folder, 'inbox'))).sort()).to.deep.equal(saved.toSorted())
  })

  it('declines, cancels, and completes a path', async () => {
    const [alice, bob] = await Promise.all([open('alice', 'bob'), open('bob', 'alice')])
    for (const name of ['first', 'second']) await make(name, 1)
    await alice.type(`/file ${join(folder, 'outbox', 'fir')}`)
    await alice.press('Tab', 'Enter')
    await shows(bob, '[1] first, 1.0 MB, offered')
    await submit(bob, '/decline')
    await shows(alice, 'first, 1.0 MB, declined')
    await submit(alice, `/file ${join(folder, 'outbox', 'second')}`)
    await shows(alice, '✓✓  alice, file: [2] second')
    await submit(alice, '/cancel second')
    await shows(bob, 'second, 1.0 MB, cancelled')
    await submit(bob, '/accept')
    await shows(bob, 'there is no file to accept here')
  })
})
