import { expect } from 'chai'
import { systemClock } from '#lib/runtime/clock.ts'
import { openAccount } from '../../../clients/command/open-account.ts'
import { lockForReceiving, tryLockForSending } from '../../../clients/profile/process-locks.ts'
import type { Reach } from '../../../clients/profile/state.ts'
import { Installation } from '../../support/installation.ts'
import { rejection } from '../../support/rejection.ts'

describe('the way of a profile’s conversations', () => {
  let installation: Installation
  before(async () => {
    installation = await Installation.start('alice')
  })
  after(() => installation[Symbol.asyncDispose]())

  const open = (reach?: Reach) =>
    openAccount({ home: installation.home.path, profile: 'alice', clock: systemClock, reach })
  const kept = async () => (await installation.profileOf('alice')).state.reach

  it('is remembered until another is chosen', async () => {
    await open('relay')
    await open()
    expect(await kept()).to.equal('relay')
    await open('any')
    expect(await kept()).to.equal('any')
  })

  for (const [who, take] of [
    ['receives', lockForReceiving],
    ['sends', tryLockForSending],
  ] as const) {
    it(`is not changed while another process ${who}, which would go on as it began`, async () => {
      const lock = await take(await installation.profileOf('alice'))
      expect((await rejection(open('relay'))).code).to.equal('ERR_PROFILE_LOCKED')
      expect(await kept()).to.equal('any')
      await open('any')
      lock?.release()
      await open('relay')
      await open('any')
    })
  }
})
