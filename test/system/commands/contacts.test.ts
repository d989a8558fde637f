import { expect } from 'chai'
import { forProfile } from '../../../clients/profile/login-line.ts'
import { noteChangedKey, pin } from '../../../clients/profile/pins.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { undeliverableNotice } from '../../../clients/store/log/undeliverable.ts'
import { FakeClock } from '../../support/clock.ts'
import { type Outcome, outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { Installation } from '../../support/installation.ts'
import { inStore } from '../../support/kept.ts'
import { permitWriting } from '../../support/permits.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { BOB_KEY, outgoingText } from '../../support/stores.ts'

const DONE = 0
const WAITS = forProfile(undeliverableNotice('bob', 1), 'alice')

describe('sotto verify and trust', function () {
  this.timeout(60_000)
  let installation: Installation

  /** A profile in which something waits for the key that bob had, and another key was seen since. */
  beforeEach(async () => {
    installation = await Installation.start('alice')
    const profile = await Profile.open(installation.home.path, 'alice')
    const clock = new FakeClock()
    await pin(profile, 'bob', BOB_KEY, clock.now())
    inStore(profile, clock, (store) =>
      store.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText('waits')]),
    )
    await noteChangedKey(profile, 'bob', Buffer.alloc(32, 9), clock.now())
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  function sotto(line: string): Promise<Outcome> {
    const args = [SOTTO, ...line.split(' '), '--profile', 'alice']
    return outcomeOf(new TestProcess(process.execPath, args, { env: environmentOf(installation.home.path) }))
  }

  for (const line of ['verify bob --yes --key seen', 'trust bob']) {
    it(`tell what waits for the former key: sotto ${line}`, async () => {
      const { code, errors } = await sotto(line)
      expect([code, errors.split('\n').at(-2)]).to.deep.equal([DONE, `sotto: ${WAITS}`])
    })
  }

  it('tell it to a script in JSON', async () => {
    const { code, output, errors } = await sotto('verify bob --yes --key seen --json')
    expect([code, JSON.parse(output).state]).to.deep.equal([DONE, 'verified'])
    expect(JSON.parse(errors)).to.deep.equal({ type: 'notice', text: WAITS })
  })
})
