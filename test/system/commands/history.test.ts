import { expect } from 'chai'
import { Profile } from '../../../clients/profile/profile.ts'
import { FakeClock } from '../../support/clock.ts'
import { type Outcome, outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { breakBatch, inStore, storeConversation } from '../../support/kept.ts'
import { permitWriting } from '../../support/permits.ts'
import { TestProcess, type TestProcessOptions } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { BOB_KEY, outgoingText } from '../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const DONE = 0
const INTERNAL = 1
const USAGE = 2

describe('sotto history, search, export and forget', function () {
  this.timeout(60_000)
  let home: TemporaryFolder
  let profile: Profile
  const clock = new FakeClock(Date.UTC(2030, 0, 1, 12))

  beforeEach(async () => {
    home = await temporaryFolder()
    profile = await Profile.openOrCreate(home.path, 'alice')
  })
  afterEach(() => home[Symbol.asyncDispose]())

  function start(line: string, options: TestProcessOptions = {}): TestProcess {
    const args = [SOTTO, ...line.split(' '), '--profile', 'alice']
    return new TestProcess(process.execPath, args, { env: environmentOf(home.path, { TZ: 'UTC' }), ...options })
  }

  const sotto = (line: string): Promise<Outcome> => outcomeOf(start(line))

  it('show, find, write out and remove what a profile has kept', async () => {
    inStore(profile, clock, (store) => {
      storeConversation(store, 'bob', clock, ['See you?', '<At\u001b[2J eight.'])
      storeConversation(store, 'carol', clock, ['<Who is there?'])
    })
    const bob = '2030-01-01 12:01  alice → bob: See you?\n2030-01-01 12:02  bob: At\\e[2J eight.\n'
    const carol = '2030-01-01 12:03  carol: Who is there?\n'
    const [all, limited, found, json, markdown] = await Promise.all([
      sotto('history'),
      sotto('history bob --limit 1'),
      sotto('search EIGHT at'),
      sotto('export carol --json'),
      sotto('export carol --markdown'),
    ])
    expect(all).to.deep.equal({ code: DONE, output: bob + carol, errors: '' })
    expect(limited.output).to.equal(bob.slice(bob.indexOf('\n') + 1))
    expect(found.output).to.equal(limited.output)
    expect(JSON.parse(json.output)).to.deep.include({ contact: 'carol', text: 'Who is there?' })
    expect(markdown.output).to.match(/^# carol\n\n## .+\n\n\*\*carol\*\* 12:03\n\n> Who is there\?\n\n$/)

    expect(await sotto('forget bob')).to.deep.include({ code: USAGE, output: '' })
    expect(await sotto('forget bob --yes --json')).to.deep.include({
      code: DONE,
      output: '{"name":"bob","forgotten":true,"unsent":0}\n',
    })
    expect((await sotto('history')).output).to.equal(carol)
  })

  it('say what has become of what waited', async () => {
    const bob = permitWriting('bob')
    inStore(profile, clock, (store) => store.messageLog('bob', BOB_KEY).append(bob, [outgoingText('waits')]))
    const forgotten = await sotto('forget bob --yes')
    const said = 'sotto: nothing is kept of a conversation with bob, and one message that waited is not sent any more\n'
    expect(forgotten).to.deep.equal({ code: DONE, output: '', errors: said })
  })

  it('say what is missing, what is wrong, and what cannot be read', async () => {
    const [none, nothing, formless, both, limit] = await Promise.all([
      sotto('history'),
      sotto('forget bob --yes'),
      sotto('export'),
      sotto('export --json --markdown'),
      sotto('history --limit 0'),
    ])
    expect(none).to.deep.include({ code: DONE, output: '' })
    expect(none.errors).to.match(/^sotto: nothing is kept yet; .*\n$/)
    for (const { code, output } of [nothing, formless, both, limit]) expect([code, output]).to.deep.equal([USAGE, ''])
    inStore(profile, clock, (store) => storeConversation(store, 'bob', clock, ['a', 'b']))
    breakBatch(profile, 1)
    const damaged = await sotto('export --json')
    expect(damaged.code).to.equal(INTERNAL)
    expect(damaged.errors).to.include('ERR_STORE_DAMAGED')
    expect(damaged.output).to.match(/^\{"type":"gap","contact":"bob"\}\n\{"type":"message".+\n$/)
  })

  it('end in peace when the reader has seen enough', async () => {
    inStore(profile, clock, (store) =>
      store.messageLog('bob', BOB_KEY).append(permitWriting('bob'), Array(20_000).fill(outgoingText('x'.repeat(100)))),
    )
    await using exporting = start('export --json')
    await exporting.output.until((text) => text.length > 0)
    exporting.closeOutput()
    expect(await exporting.ended).to.equal(DONE)
    expect(exporting.errors.text).to.equal('')
  })
})
