import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import { acceptTransfer, declineTransfer } from '../../clients/files/accept.ts'
import { Profile } from '../../clients/profile/profile.ts'
import type { SendOptions } from '../../clients/sender/send.ts'
import { openStore } from '../../clients/store/open-store.ts'
import type { Store } from '../../clients/store/store.ts'
import type { Transfer } from '../../clients/store/transfers/transfer.ts'
import type { CapturedStream } from '../support/captured-stream.ts'
import { Installation, type Run } from '../support/installation.ts'
import { permitWriting } from '../support/permits.ts'
import { rejection } from '../support/rejection.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('files between two clients', () => {
  let installation: Installation
  let source: string
  let inbox: string
  before(async () => {
    installation = await Installation.start('alice', 'bob', 'carol')
  })
  after(() => installation[Symbol.asyncDispose]())
  beforeEach(async () => {
    const folder = await realpath(installation.home.path)
    source = join(folder, `source-${randomBytes(4).toString('hex')}`)
    inbox = join(folder, `inbox-${randomBytes(4).toString('hex')}`)
    await mkdir(source)
    await mkdir(inbox)
  })

  async function make(name: string, bytes: Uint8Array = randomBytes(300_000)): Promise<string> {
    const path = join(source, name)
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, bytes)
    return path
  }

  function offer(to: string, files: readonly string[], changes: Partial<SendOptions> = {}): Run {
    return installation.send('alice', to, Readable.from([]), { files, ...changes })
  }

  async function inStoreOf<T>(name: string, work: (store: Store) => T): Promise<T> {
    const { folder, key: profileKey } = (await Profile.open(installation.home.path, name)).storage
    const store = openStore(folder, { profileKey })
    try {
      return work(store)
    } finally {
      store.close()
    }
  }

  const transfersOf = (name: string): Promise<Transfer[]> => inStoreOf(name, (store) => store.transfers.list())

  const jsonOf = ({ text }: CapturedStream) => text.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line)))

  it('brings a file and a folder, and ends when they are there', async () => {
    await using _bob = await installation.receive('bob', { acceptInto: inbox })
    const files = [await make('report.pdf'), join(source, 'photos')]
    await make('photos/one.jpg')
    await make('photos/deep/two.jpg')
    await mkdir(join(source, 'photos', 'empty'))
    await using alice = offer('bob', files)
    await alice.done
    for (const name of ['report.pdf', 'photos/one.jpg', 'photos/deep/two.jpg']) {
      expect(sha256(await readFile(join(inbox, name))), name).to.equal(sha256(await readFile(join(source, name))))
    }
    expect((await readdir(join(inbox, 'photos'))).sort()).to.deep.equal(['deep', 'empty', 'one.jpg'])
    expect(alice.output.text).to.equal('')
    expect(alice.errors.text).to.include('sotto: to bob: report.pdf, 300 kB, received\n')
    expect(alice.errors.text).to.include('sotto: to bob: photos/ with 2 files, 600 kB, received\n')
  })

  it('offers none of several where one of them cannot be', async () => {
    await using _bob = await installation.receive('bob', { acceptInto: inbox })
    const before = (await transfersOf('alice')).length
    await make('inside/a')
    await make('inside/b\\c')
    for (const wrong of [join(source, 'missing'), await make('b\\c'), join(source, 'inside'), '']) {
      await using alice = offer('bob', [await make('a'), wrong, await make('d')])
      expect((await rejection(alice.done)).code, wrong).to.equal('ERR_INVALID_FILE')
    }
    expect(await transfersOf('alice')).to.have.length(before)
    expect(await readdir(inbox)).to.deep.equal([])
  })

  it('says the text before it offers the files, and keeps files out of what a pipe gets', async () => {
    await using bob = await installation.receive('bob', { acceptInto: inbox })
    const file = await make('report.pdf')
    await using alice = installation.send('alice', 'bob', 'here it is', { files: [file] })
    await alice.done
    await bob.errors.until((text) => text.includes(`received as ${join(inbox, 'report.pdf')}`))
    expect(bob.output.text).to.equal('here it is\n')
  })

  it('tells programs of each step, with whole ids', async () => {
    await using bob = await installation.receive('bob', { acceptInto: inbox, json: true })
    await using alice = offer('bob', [await make('a')], { json: true })
    await alice.done
    await bob.output.until((text) => text.includes('"received"'))
    const steps = jsonOf(alice.output).flatMap(({ type, state }) => (type === 'transfer' ? [state] : []))
    expect([...new Set(steps)]).to.deep.equal(['offered', 'accepted', 'received'])
    const [{ id }] = jsonOf(alice.output)
    const heard = jsonOf(bob.output)
    expect(heard.find(({ type }) => type === 'file')).to.deep.include({ id, from: 'alice', size: 300_000 })
    expect(heard.findLast(({ type }) => type === 'transfer')).to.deep.include({
      ...{ id, contact: 'alice', direction: 'downloading', state: 'received', path: join(inbox, 'a') },
    })
  })

  it('waits for an answer to a hidden one, where all others are taken', async () => {
    await using bob = await installation.receive('bob', { acceptInto: inbox })
    await using alice = offer('bob', [await make('.bash_login'), await make('shown')])
    await bob.errors.until((text) => /\.bash_login, 300 kB, offered; to take it: sotto files accept/.test(text))
    await bob.errors.until((text) => text.includes('shown, 300 kB, received'))
    expect(await readdir(inbox)).to.deep.equal(['shown'])
    await inStoreOf('bob', (store) => {
      const asked = store.transfers.list().find(({ state }) => state === 'offered')
      expect(asked?.name).to.equal('.bash_login')
      declineTransfer(store, asked?.id ?? '')
    })
    expect((await rejection(alice.done)).code).to.equal('ERR_FILE_NOT_RECEIVED')
  })

  it('fails if the other side does not want it', async () => {
    await using bob = await installation.receive('bob')
    await using alice = offer('bob', [await make('unwanted')])
    await bob.errors.until((text) => /to take it: sotto files accept [0-9a-f]{8} --profile bob/.test(text))
    await inStoreOf('bob', (store) => {
      const asked = store.transfers.list().find(({ state }) => state === 'offered')
      declineTransfer(store, asked?.id ?? '')
    })
    expect((await rejection(alice.done)).code).to.equal('ERR_FILE_NOT_RECEIVED')
  })

  it('fails if the file changes before it is there, and ends when the other side knows', async () => {
    await using bob = await installation.receive('bob')
    const file = await make('changing')
    await using alice = offer('bob', [file])
    await bob.errors.until((text) => text.includes('changing, 300 kB, offered'))
    await writeFile(file, 'another')
    const asked = (await transfersOf('bob')).find(({ name }) => name === 'changing')
    const { folder, key: profileKey } = (await Profile.open(installation.home.path, 'bob')).storage
    const store = openStore(folder, { profileKey })
    await acceptTransfer(store, async (name) => permitWriting(name), asked?.id ?? '', inbox)
    store.close()
    expect((await rejection(alice.done)).code).to.equal('ERR_FILE_SOURCE_CHANGED')
    expect((await transfersOf('bob')).find(({ name }) => name === 'changing')?.state).to.equal('source-changed')
  })

  it('does nothing for a path that is not there', async () => {
    await using _bob = await installation.receive('bob', { acceptInto: inbox })
    const before = await transfersOf('alice')
    await using alice = offer('bob', [await make('there'), join(source, 'missing')])
    expect((await rejection(alice.done)).code).to.equal('ERR_INVALID_FILE')
    expect(await transfersOf('alice')).to.deep.equal(before)
  })

  it('keeps nothing for somebody who is not online', async () => {
    await using alice = offer('carol', [await make('a')])
    expect((await rejection(alice.done)).code).to.equal('ERR_NOT_ONLINE')
    expect((await transfersOf('alice')).filter(({ contact }) => contact === 'carol')).to.deep.equal([])
  })

  it('goes on with what an earlier run has left, instead of offering it anew', async () => {
    const file = await make('left')
    await using first = offer('carol', [file], { queue: true })
    await first.done
    expect(first.errors.text).to.include('one file waits for carol')
    await using _carol = await installation.receive('carol', { acceptInto: inbox })
    await using again = offer('carol', [file])
    await again.done
    const offered = (await transfersOf('alice')).filter(({ contact }) => contact === 'carol')
    expect(offered.map(({ name, state }) => [name, state])).to.deep.equal([['left', 'received']])
    // What has been received is offered anew.
    await using third = offer('carol', [file])
    await third.done
    expect((await readdir(inbox)).length).to.equal(2)
  })

  it('leaves it to a receive of the same profile, and tells what becomes of it', async () => {
    await using own = await installation.receive('alice')
    await using _bob = await installation.receive('bob', { acceptInto: inbox })
    await using alice = offer('bob', [await make('handed', randomBytes(3_000_000))])
    await alice.done
    expect(await readdir(inbox)).to.deep.equal(['handed'])
    expect(alice.errors.text).to.include('to bob: handed, 3.0 MB, received')
    expect(own.output.text).to.equal('')
  })
})
