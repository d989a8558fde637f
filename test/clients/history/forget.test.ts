import { Readable } from 'node:stream'
import { expect } from 'chai'
import { forget, isYes } from '../../../clients/history/forget.ts'
import { Profile } from '../../../clients/peer/profile.ts'
import { lockForReceiving } from '../../../clients/peer/roles.ts'
import { CapturedStream } from '../../support/captured-stream.ts'
import { FakeClock } from '../../support/clock.ts'
import { inStore, talk } from '../../support/kept.ts'
import { rejection } from '../../support/rejection.ts'
import { BOB_KEY, said } from '../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

describe('forget', () => {
  let home: TemporaryFolder
  let profile: Profile
  const clock = new FakeClock()
  beforeEach(async () => {
    home = await temporaryFolder()
    profile = await Profile.openOrCreate(home.path, 'alice')
    inStore(profile, clock, (store) => {
      talk(store, 'bob', clock, ['a', '<b'])
      talk(store, 'carol', clock, ['c'])
      store.mailbox('bob', BOB_KEY).append([said('waits')])
    })
  })
  afterEach(() => home[Symbol.asyncDispose]())

  const names = () => inStore(profile, clock, (store) => store.contacts().map(({ name }) => name))
  const yes = async () => true

  it('removes one conversation and no other, if one is sure', async () => {
    const questions: string[] = []
    const no = async (question: string) => questions.push(question) === 0
    expect(await forget(profile, 'bob', no)).to.equal(false)
    expect(questions[0]).to.include('1 of it not delivered')
    expect(names()).to.deep.equal(['bob', 'carol'])
    expect(await forget(profile, 'bob', yes)).to.equal(true)
    expect(names()).to.deep.equal(['carol'])
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
    expect(await forget(profile, 'bob', yes)).to.equal(true)
  })
})

describe('isYes', () => {
  it('takes y and yes for it, and nothing else', async () => {
    const answers = ['y', 'YES\nno', ' yes ', 'n', 'yes please', '', '\ny']
    const output = new CapturedStream()
    const taken = await Promise.all(answers.map((answer) => isYes('Sure? ', Readable.from([answer]), output)))
    expect(taken).to.deep.equal([true, true, true, false, false, false, false])
    expect(output.text).to.equal('Sure? '.repeat(answers.length))
    expect(await isYes('', Readable.from([]), output)).to.equal(false)
  })
})
