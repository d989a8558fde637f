import { expect } from 'chai'
import { Profile } from '../../../clients/profile/profile.ts'
import { FakeClock } from '../../support/clock.ts'
import { outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { offered } from '../../support/file-events.ts'
import { inStore, storeConversation } from '../../support/kept.ts'
import { namespaceRefusal } from '../../support/network.ts'
import { permitWriting } from '../../support/permits.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { BOB_KEY } from '../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const refusal = namespaceRefusal()

describe(`sotto on a disk without room${refusal ? `: ${refusal}` : ''}`, function () {
  this.timeout(300_000)
  let home: TemporaryFolder
  let profile: Profile
  before(function () {
    if (refusal) this.skip()
  })
  beforeEach(async () => {
    home = await temporaryFolder()
    profile = await Profile.openOrCreate(home.path, 'alice')
    inStore(profile, new FakeClock(Date.UTC(2030, 0, 1, 12)), (store) => {
      storeConversation(store, 'bob', new FakeClock(Date.UTC(2030, 0, 1, 12)), ['See you?'])
    })
  })
  afterEach(() => home[Symbol.asyncDispose]())

  /** Run a command on a disk of a megabyte, in a namespace of its own, of which nothing is left free. */
  const sotto = (line: string) => {
    const script = `
      mkdir "$0/disk" && mount -t tmpfs -o size=1m tmpfs "$0/disk" && cp -a "$0/profiles" "$0/disk/" || exit 99
      dd if=/dev/zero of="$0/disk/fill" bs=1k 2> "$0/dd"
      SOTTO_HOME="$0/disk" exec "$@"`
    const args = [SOTTO, ...line.split(' '), '--profile', 'alice']
    const inside = ['--map-root-user', '--mount', 'bash', '-c', script, home.path, process.execPath, ...args]
    return outcomeOf(new TestProcess('unshare', inside, { env: environmentOf(home.path, { TZ: 'UTC' }) }))
  }

  for (const line of ['history', 'history bob', 'search see']) {
    it(`shows what is kept: ${line}`, async () => {
      expect(await sotto(line)).to.deep.equal({
        code: 0,
        output: '2030-01-01 12:01  alice → bob: See you?\n',
        errors: '',
      })
    })
  }

  it('lists the files', async () => {
    inStore(profile, new FakeClock(0), (store) => {
      const { kind } = offered({ 'a.txt': 4 })
      if (kind?.$case !== 'fileOffer') throw new TypeError('no offer')
      const prepared = { offer: kind.value, path: '/a.txt' }
      store.transfers.offer(permitWriting('bob'), store.messageLog('bob', BOB_KEY), prepared)
    })
    const { code, output, errors } = await sotto('files')
    expect([code, errors]).to.deep.equal([0, ''])
    expect(output).to.match(/^[0-9a-f]{8} {2}to bob {2}a\.txt, 4 B, offered\n$/)
  })

  it('lists the contacts', async () => {
    const { code, output, errors } = await sotto('contacts')
    expect([code, errors]).to.deep.equal([0, ''])
    expect(output).to.include('bob')
  })

  it('calls it full where something is to be written', async () => {
    const { code, errors } = await sotto('forget bob --yes')
    expect(code).to.equal(1)
    expect(errors).to.match(/^sotto: the disk is full/)
  })
})
