import { mkdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { SottoError } from '#lib/errors.ts'
import { schedule } from '#lib/runtime/schedule.ts'
import { Files, type FilesOptions } from '../../../clients/files/files.ts'
import type { MessageLog } from '../../../clients/store/log/message-log.ts'
import type { Store } from '../../../clients/store/store.ts'
import { converse, DeliveringSide } from '../../support/delivering-side.ts'
import { FailingDatabase } from '../../support/failing-database.ts'
import { offered } from '../../support/file-events.ts'
import { permitWriting } from '../../support/permits.ts'
import { rejection } from '../../support/rejection.ts'
import { ALICE_KEY, BOB_KEY, memoryStore, quickDatabase, testStore } from '../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

describe('Files, of what is accepted without asking', () => {
  let folder: TemporaryFolder
  let acceptInto: string
  let database: FailingDatabase
  let store: Store
  let messageLog: MessageLog
  let id: string
  let errors: SottoError[]
  beforeEach(async () => {
    folder = await temporaryFolder()
    acceptInto = join(folder.path, 'downloads')
    await mkdir(acceptInto)
    database = new FailingDatabase(quickDatabase(folder.path))
    store = testStore(folder.path, { database })
    messageLog = store.messageLog('alice', ALICE_KEY)
    errors = []
    const uploader = memoryStore()
    const alice = new DeliveringSide(uploader.messageLog('bob', BOB_KEY), true)
    const { kind } = offered({ 'a.txt': 4 })
    if (kind?.$case !== 'fileOffer') throw new TypeError('no offer')
    id = uploader.transfers.offer(permitWriting('bob'), alice.messageLog, { offer: kind.value, path: '/a.txt' }).id
    converse(alice, new DeliveringSide(messageLog, false))
    uploader.close()
  })
  afterEach(async () => {
    store.close()
    await folder[Symbol.asyncDispose]()
  })

  function filesWhere(options: Partial<FilesOptions> = {}): Files {
    const onFile = (_transfer: unknown, error?: SottoError) => void (error && errors.push(error))
    const permit = async (name: string) => permitWriting(name)
    const messageLogOf = () => messageLog
    return new Files({
      store,
      onFile,
      monotonicMs: () => 0,
      schedule,
      acceptInto,
      permit,
      messageLogOf,
      onAppended() {},
      ...options,
    })
  }

  it('accepts no more at once than the disk has room for together, and the rest as soon as there is room', async () => {
    const { bavail, bsize } = await statfs(acceptInto)
    const size = Math.floor(bavail * bsize * 0.4)
    const giver = memoryStore()
    const alice = new DeliveringSide(giver.messageLog('bob', BOB_KEY), true)
    for (const name of ['b', 'c', 'd']) {
      const { kind } = offered({ [name]: size })
      if (kind?.$case !== 'fileOffer') throw new TypeError('no offer')
      giver.transfers.offer(permitWriting('bob'), alice.messageLog, { offer: kind.value, path: `/${name}` })
    }
    converse(alice, new DeliveringSide(messageLog, false))
    giver.close()
    const told = Promise.withResolvers<SottoError>()
    const due: (() => void)[] = []
    const accepted = Promise.withResolvers<void>()
    const files = filesWhere({
      onFile({ name, state }, error) {
        if (error) told.resolve(error)
        if (name === 'd' && state === 'accepted') accepted.resolve()
      },
      schedule(_ms, run) {
        due.push(run)
        return { cancel() {} }
      },
    })
    files.poll()
    expect(await told.promise).to.include({ code: 'ERR_FILE_SAVE_FAILED' })
    const steps = () => store.transfers.list().map(({ name, state }) => `${name} ${state}`)
    expect(steps()).to.deep.equal(['a.txt accepted', 'b accepted', 'c accepted', 'd offered'])
    files.cancel(store.transfers.list()[1]?.id ?? '')
    due.pop()?.()
    await accepted.promise
    await files.stop()
    expect(steps()).to.deep.equal(['a.txt accepted', 'b cancelled', 'c accepted', 'd accepted'])
  })

  it('accepts nothing that would take the last 16 MiB of the disk', async () => {
    const { blocks, bavail, bsize } = await statfs(acceptInto)
    const giver = memoryStore()
    const alice = new DeliveringSide(giver.messageLog('bob', BOB_KEY), true)
    for (const [name, room] of Object.entries({ large: bavail, disk: blocks })) {
      const { kind } = offered({ [name]: room * bsize - 8 * 1024 * 1024 })
      if (kind?.$case !== 'fileOffer') throw new TypeError('no offer')
      giver.transfers.offer(permitWriting('bob'), alice.messageLog, { offer: kind.value, path: `/${name}` })
    }
    converse(alice, new DeliveringSide(messageLog, false))
    giver.close()
    const messages = new Map<string, string>()
    const settled = Promise.withResolvers<void>()
    const files = filesWhere({
      onFile({ name }, error) {
        if (error) messages.set(name, error.message)
        if (messages.size === 2) settled.resolve()
      },
    })
    files.poll()
    await settled.promise
    expect([...messages]).to.deep.equal([
      ['large', 'there is no room for it on the disk'],
      ['disk', 'it is larger than the disk, less the 16 MiB that stay free'],
    ])
    await files.stop()
    expect(store.transfers.list().map(({ name, state }) => `${name} ${state}`)).to.include.members([
      'large offered',
      'disk save-failed',
    ])
  })

  it('has accepted what it was accepting when it is stopped, and accepts nothing more', async () => {
    const files = filesWhere()
    files.poll()
    await files.stop()
    expect(store.transfers.get(id)?.state).to.equal('accepted')
    expect((await rejection(files.accept(id, acceptInto))).code).to.equal('ERR_INTERRUPTED')
  })

  it('accepts nothing at a look after it was stopped', async () => {
    const files = filesWhere({ permit: () => Promise.reject(new TypeError('asked for a permission')) })
    await files.stop()
    files.poll()
    expect(errors).to.deep.equal([])
  })

  it('tells why it could not, though the store fails', async () => {
    const told = Promise.withResolvers<SottoError | undefined>()
    const files = filesWhere({
      onFile: (_transfer, error) => error && told.resolve(error),
      permit: async (name) => {
        database.fails = 'all'
        return permitWriting(name)
      },
    })
    files.poll()
    expect(await told.promise).to.include({ code: 'ERR_STORE' })
    database.fails = 'nothing'
    await files.stop()
    expect(store.transfers.get(id)?.state).to.equal('offered')
  })
})
