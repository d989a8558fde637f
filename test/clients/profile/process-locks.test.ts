import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import {
  hasLockHolder,
  isReceived,
  lockForReceiving,
  tryLockForSending,
} from '../../../clients/profile/process-locks.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { rejection } from '../../support/rejection.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

describe('roles', () => {
  let home: TemporaryFolder
  let one: Profile
  let other: Profile
  beforeEach(async () => {
    home = await temporaryFolder()
    one = await Profile.openOrCreate(home.path, 'alice')
    other = await Profile.open(home.path, 'alice')
  })
  afterEach(() => home[Symbol.asyncDispose]())

  it('let one receive at a time, who owns the conversations', async () => {
    const lock = await lockForReceiving(one)
    expect((await rejection(lockForReceiving(other))).code).to.equal('ERR_PROFILE_LOCKED')
    expect(await tryLockForSending(other)).to.equal(undefined)
    expect([isReceived(other), hasLockHolder(other)]).to.deep.equal([true, true])
    lock.release()
    expect([isReceived(other), hasLockHolder(other)]).to.deep.equal([false, false])
    const again = await lockForReceiving(other)
    again.release()
  })

  it('let one send own them where nobody receives, who can see that somebody wants to', async () => {
    const sending = await tryLockForSending(one)
    expect(await tryLockForSending(other)).to.equal(undefined)
    expect([isReceived(one), hasLockHolder(other)]).to.deep.equal([false, true])
    const receiving = lockForReceiving(other)
    while (!isReceived(one)) await new Promise((resolve) => setImmediate(resolve))
    sending?.release()
    const lock = await receiving
    lock.release()
  })

  it('let one send own them though somebody looks at that very moment', async () => {
    const first = await tryLockForSending(one)
    first?.release()
    const look = new DatabaseSync(join(one.storage.folder, 'messenger.lock'))
    look.exec('begin; select count(*) from sqlite_master')
    const sending = tryLockForSending(other)
    look.close()
    const lock = await sending
    expect(lock).not.to.equal(undefined)
    lock?.release()
  })
})
