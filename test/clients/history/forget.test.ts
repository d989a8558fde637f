import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { FileEntryType } from '#gen/sotto/peer/v1/record.ts'
import { partialPath } from '../../../clients/files/disk/partial.ts'
import { forget, removeConversation } from '../../../clients/history/forget.ts'
import { lockForReceiving } from '../../../clients/profile/process-locks.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { openDatabase } from '../../../clients/store/disk/database.ts'
import { Store } from '../../../clients/store/store.ts'
import { FakeClock } from '../../support/clock.ts'
import { converseAgain, DeliveringSide } from '../../support/delivering-side.ts'
import { inStore, storeConversation } from '../../support/kept.ts'
import { permitWriting } from '../../support/permits.ts'
import { rejection } from '../../support/rejection.ts'
import { ALICE_KEY, BOB_KEY, outgoingText, PROFILE_KEY } from '../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

describe('forget', () => {
  let home: TemporaryFolder
  let profile: Profile
  const clock = new FakeClock()
  beforeEach(async () => {
    home = await temporaryFolder()
    profile = await Profile.openOrCreate(home.path, 'alice')
    inStore(profile, clock, (store) => {
      storeConversation(store, 'bob', clock, ['a', '<b'])
      storeConversation(store, 'carol', clock, ['c'])
      store.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText('waits')])
    })
  })
  afterEach(() => home[Symbol.asyncDispose]())

  const names = () => inStore(profile, clock, (store) => store.contacts().map(({ name }) => name))
  const yes = async () => true

  it('removes one conversation and no other, if one is sure', async () => {
    const questions: string[] = []
    const no = async (question: string) => questions.push(question) === 0
    expect(await forget(profile, 'bob', no)).to.equal(undefined)
    expect(questions[0]).to.include('1 of it not delivered')
    expect(names()).to.deep.equal(['bob', 'carol'])
    expect(await forget(profile, 'bob', yes)).to.equal(1)
    expect(names()).to.deep.equal(['carol'])
  })

  it('tells of it before anybody else can look for it', () => {
    let isForgotten = false
    inStore(profile, clock, (store) => {
      void removeConversation(store, 'bob', () => {
        isForgotten = !store.names().includes('bob')
      })
    })
    expect(isForgotten).to.equal(true)
  })

  it('removes what has come of a file, and no file that is whole', async () => {
    const id = inStore(profile, clock, (store) => {
      const peer = new Store({ database: openDatabase(':memory:'), profileKey: PROFILE_KEY, clock })
      const [own, other] = [store.messageLog('bob', BOB_KEY), peer.messageLog('alice', ALICE_KEY)]
      const file = { size: 1n, sha256: Buffer.alloc(32), type: FileEntryType.FILE }
      const offer = { entries: [{ path: Buffer.from('a'), ...file }] }
      const offered = peer.transfers.offer(permitWriting('alice'), other, { offer, path: '/a' })
      converseAgain(new DeliveringSide(own, true), new DeliveringSide(other, false))
      store.transfers.accept(permitWriting('bob'), offered.id, home.path)
      peer.close()
      return offered.id
    })
    await mkdir(partialPath(home.path, id))
    await writeFile(join(partialPath(home.path, id), 'a'), 'some')
    await writeFile(join(home.path, 'whole'), 'all')
    expect(await forget(profile, 'bob', yes)).to.equal(1)
    expect(await readdir(home.path)).to.have.members(['profiles', 'whole'])
  })

  it('refuses what there is not, and makes no store for it', async () => {
    expect((await rejection(forget(profile, 'dave', yes))).code).to.equal('ERR_USAGE')
    const fresh = await Profile.openOrCreate(home.path, 'fresh')
    expect((await rejection(forget(fresh, 'bob', yes))).code).to.equal('ERR_USAGE')
  })

  it('refuses while a chat may be using it, which goes on as before', async () => {
    const lock = await lockForReceiving(profile)
    try {
      expect((await rejection(forget(profile, 'bob', yes))).code).to.equal('ERR_PROFILE_LOCKED')
    } finally {
      lock.release()
    }
    expect(names()).to.deep.equal(['bob', 'carol'])
    expect(await forget(profile, 'bob', yes)).to.equal(1)
  })
})
