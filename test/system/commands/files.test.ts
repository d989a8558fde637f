import { mkdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Profile } from '../../../clients/profile/profile.ts'
import { FakeClock } from '../../support/clock.ts'
import { converse, DeliveringSide } from '../../support/delivering-side.ts'
import { type Outcome, outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { encodedFileEvent, offered } from '../../support/file-events.ts'
import { inStore } from '../../support/kept.ts'
import { permitWriting } from '../../support/permits.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { ALICE_KEY, BOB_KEY, testStore } from '../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const DONE = 0
const USAGE = 2

describe('sotto files', function () {
  this.timeout(60_000)
  let home: TemporaryFolder
  let folder: string
  let profile: Profile
  const clock = new FakeClock(Date.UTC(2030, 0, 1, 12))
  const report = offered({ 'report.pdf': 3_400_000 }, Buffer.alloc(16, 0xab))
  const photos = offered({ 'photos/one': 100, 'photos/two': 100 }, Buffer.alloc(16, 0xcd))

  beforeEach(async () => {
    home = await temporaryFolder()
    folder = await realpath(home.path)
    profile = await Profile.openOrCreate(home.path, 'alice')
  })
  afterEach(() => home[Symbol.asyncDispose]())

  /** Bob offers both to alice, who is not there to see it. */
  async function bobOffers(): Promise<void> {
    await mkdir(join(folder, 'of-bob'))
    const bobs = testStore(join(folder, 'of-bob'))
    inStore(profile, clock, (store) => {
      const messageLog = bobs.messageLog('alice', ALICE_KEY)
      messageLog.append(permitWriting('alice'), [report, photos].map(encodedFileEvent))
      converse(new DeliveringSide(store.messageLog('bob', BOB_KEY), true), new DeliveringSide(messageLog, false))
    })
    bobs.close()
  }

  const sotto = (...words: string[]): Promise<Outcome> => {
    const args = [SOTTO, 'files', ...words, '--profile', 'alice']
    return outcomeOf(new TestProcess(process.execPath, args, { env: environmentOf(folder, { HOME: folder }) }))
  }

  const listed = async () => {
    const { output } = await sotto('--json')
    return output.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
  }

  it('says so where there are none, and makes no store', async () => {
    expect(await sotto()).to.deep.equal({ code: DONE, output: '', errors: 'sotto: no files yet\n' })
    expect(await sotto('accept', 'ab')).to.include({ code: USAGE })
    expect((await stat(join(profile.storage.folder, 'store.db')).catch(() => undefined))?.size).to.equal(undefined)
  })

  it('lists what is offered, for people and for programs', async () => {
    await bobOffers()
    const { output } = await sotto()
    expect(output).to.equal(
      'abababab  from bob  report.pdf, 3.4 MB, offered\ncdcdcdcd  from bob  photos/ with 2 files, 200 B, offered\n',
    )
    const [first, second] = await listed()
    expect(first).to.include({
      type: 'transfer',
      id: 'ab'.repeat(16),
      contact: 'bob',
      state: 'offered',
      size: 3_400_000,
    })
    expect(second).to.include({ name: 'photos', files: 2, direction: 'downloading' })
  })

  it('answers offers, and says that it goes on when something runs', async () => {
    await bobOffers()
    const accepted = await sotto('accept', 'ab', '--to', join(folder, 'made', 'here'))
    expect(accepted).to.include({ code: DONE, output: '' })
    expect(accepted.errors).to.include('abababab  from bob  report.pdf, 3.4 MB, accepted')
    expect(accepted.errors).to.include('it goes on when a sotto chat, web or receive runs here')
    expect((await sotto('decline', 'cd', '--json')).output).to.include('"state":"declined"')
    const [first, second] = await listed()
    expect(first).to.include({ state: 'accepted', path: join(folder, 'made', 'here') })
    expect((await stat(join(folder, 'made', 'here'))).mode & 0o777).to.equal(0o700)
    expect(second).to.include({ state: 'declined' })
    const cancelled = await sotto('cancel', 'ab')
    expect(cancelled).to.include({ code: DONE })
    expect(cancelled.errors).to.include(
      '\nsotto: the other side is told of it when a sotto chat, web or receive runs here\n',
    )
    expect((await listed())[0]).to.include({ state: 'cancelled' })
  })

  it('answers none of several where one of them cannot be', async () => {
    await bobOffers()
    const made = join(folder, 'made')
    expect(await sotto('decline', 'ab', 'ef')).to.include({ code: USAGE })
    expect(await sotto('accept', 'ab', 'ef', '0', '--to', made)).to.include({ code: USAGE })
    expect((await sotto('cancel', 'ab', 'nonsense', 'more')).errors).to.include('nonsense, more')
    expect((await listed()).map(({ state }) => state)).to.deep.equal(['offered', 'offered'])
    await sotto('decline', 'cd')
    expect(await sotto('accept', 'ab', 'cd', '--to', made)).to.include({ code: USAGE })
    expect(await sotto('cancel', 'ab', 'cd')).to.include({ code: USAGE })
    expect((await listed()).map(({ state }) => state)).to.deep.equal(['offered', 'declined'])
    expect(await stat(made).catch(() => undefined)).to.equal(undefined)
  })

  it('answers one that is named twice once', async () => {
    await bobOffers()
    const declined = await sotto('decline', 'ab', 'abab', 'cd')
    expect(declined).to.include({ code: DONE })
    expect(declined.errors.match(/the other side is told of it when/g)).to.have.length(1)
    expect((await listed()).map(({ state }) => state)).to.deep.equal(['declined', 'declined'])
  })

  it('takes ~ for the home also where no shell has read it', async () => {
    await bobOffers()
    expect(await sotto('accept', 'ab', '--to=~/inbox')).to.include({ code: DONE })
    expect((await listed())[0]).to.include({ path: join(folder, 'inbox') })
  })

  it('refuses what there is not, and what is answered already', async () => {
    await bobOffers()
    expect((await sotto('accept', 'ef')).errors).to.include('ERR_NO_SUCH_FILE')
    expect((await sotto('accept', 'nonsense')).errors).to.include('ERR_USAGE')
    await sotto('decline', 'ab')
    expect(await sotto('accept', 'ab')).to.include({ code: USAGE })
    expect(await sotto('accept', 'cd', '--to', '/dev/null')).to.include({ code: USAGE })
    expect((await listed())[1]).to.include({ state: 'offered' })
  })
})
