import { join } from 'node:path'
import { expect } from 'chai'
import { Profile } from '../../clients/profile/profile.ts'
import { FakeClock } from '../support/clock.ts'
import { outcomeOf } from '../support/deployment.ts'
import { environmentOf, ROOT } from '../support/environment.ts'
import { inStore, storeConversation } from '../support/kept.ts'
import { namespaceRefusal } from '../support/network.ts'
import { TestProcess } from '../support/processes.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const refusal = namespaceRefusal()

describe(`sotto on a disk without room${refusal ? `: ${refusal}` : ''}`, function () {
  this.timeout(20_000)
  let home: TemporaryFolder
  before(function () {
    if (refusal) this.skip()
  })
  beforeEach(async () => {
    home = await temporaryFolder()
    const profile = await Profile.openOrCreate(home.path, 'alice')
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
    const args = [join(ROOT, 'bin', 'sotto.js'), ...line.split(' '), '--profile', 'alice']
    const inside = ['--map-root-user', '--mount', 'bash', '-c', script, home.path, process.execPath, ...args]
    return outcomeOf(new TestProcess('unshare', inside, { env: environmentOf(home.path, { TZ: 'UTC' }) }))
  }

  for (const line of ['history', 'history bob', 'search see']) {
    it(`shows what is kept: ${line}`, async () => {
      expect(await sotto(line)).to.deep.equal({
        code: 0,
        output: '2030-01-01 12:00  alice → bob: See you?\n',
        errors: '',
      })
    })
  }

  it('calls it full where something is to be written', async () => {
    const { code, errors } = await sotto('forget bob --yes')
    expect(code).to.equal(1)
    expect(errors).to.match(/^sotto: the disk is full/)
  })
})
