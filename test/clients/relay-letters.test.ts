import { expect } from 'chai'
import { systemClock } from '#lib/runtime/clock.ts'
import { collectOnce } from '../../clients/messenger/collect-once.ts'
import { ServerClock } from '../../clients/session/server-clock.ts'
import { Installation } from '../support/installation.ts'
import { MessengerUnderTest } from '../support/running-messenger.ts'

describe('letters through the relay', function () {
  this.timeout(60_000)
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
    await installation.startRelay()
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  const start = (name: string) => MessengerUnderTest.start(installation, name, { awayMs: 0 })

  it('are taken by who comes when the writer has gone, and answered likewise', async () => {
    for (const name of ['alice', 'bob']) await installation.putPrekeys(name)
    {
      await using alice = await start('alice')
      for (const text of ['one', 'two', 'three', 'four', 'five']) await alice.messenger.enqueue('bob', text)
      await alice.until(() => alice.messenger.progress('bob').posted === 5)
    }
    {
      await using bob = await start('bob')
      expect(bob.received).to.deep.equal(['one', 'two', 'three', 'four', 'five'].map((text) => `alice: ${text}`))
      await bob.messenger.enqueue('alice', 'the answer')
      await bob.until(() => bob.messenger.progress('alice').posted === 1)
    }
    await using alice = await start('alice')
    expect(alice.received).to.deep.equal(['bob: the answer'])
    expect(alice.messenger.progress('bob').delivered).to.equal(5)
  })
  it('are taken as they come by who is online, and answered', async () => {
    await using bob = await start('bob')
    await installation.putPrekeys('alice')
    await installation.post('alice', 'bob', 'one', 'two')
    await bob.until(() => bob.received.length === 2)
    expect(bob.received).to.deep.equal(['alice: one', 'alice: two'])
    await installation.post('alice', 'bob', 'three')
    await bob.until(() => bob.received.length === 3)
  })

  it('are taken by who comes back to a relay that was gone', async () => {
    await using bob = await start('bob')
    await installation.stopRelay()
    await installation.startRelay()
    await installation.post('alice', 'bob', 'hello')
    await bob.until(() => bob.received.length === 1)
  })

  describe('before a logout', () => {
    const collect = async (name: string) => {
      const profile = await installation.profileOf(name)
      const clock = new ServerClock(systemClock, profile.login.account.clockOffsetMs)
      return await collectOnce(profile, clock, new AbortController().signal)
    }

    it('are taken, and are there for whoever reads next', async () => {
      await installation.putPrekeys('bob')
      await installation.post('alice', 'bob', 'one', 'two')
      expect(await collect('bob')).to.equal(2)
      expect(await collect('bob')).to.equal(0)
      await using bob = await installation.receive('bob')
      await bob.output.until((text) => text === 'one\ntwo\n')
    })

    it('are left to the command that receives, and to nobody where there is no relay', async () => {
      await using bob = await start('bob')
      expect(await collect('bob')).to.equal(0)
      await installation.stopRelay()
      expect(await collect('alice')).to.equal(0)
      expect(bob.received).to.deep.equal([])
    })
  })
})
