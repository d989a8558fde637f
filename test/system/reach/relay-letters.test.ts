import { expect } from 'chai'
import { systemClock } from '#lib/runtime/clock.ts'
import { collectOnce } from '../../../clients/messenger/mailbox/collect-once.ts'
import { putPrekeysOnce } from '../../../clients/messenger/mailbox/put-prekeys-once.ts'
import { setReach } from '../../../clients/profile/settings.ts'
import type { Reach } from '../../../clients/profile/state.ts'
import { ServerClock } from '../../../clients/session/server-clock.ts'
import { Installation } from '../../support/installation.ts'
import { rejection } from '../../support/rejection.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'

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

  it('are left, and answered, by who goes before they would have been', async () => {
    for (const name of ['alice', 'bob']) await installation.putPrekeys(name)
    const visit = (name: string) => MessengerUnderTest.start(installation, name, { awayMs: 3_600_000 })
    {
      await using alice = await visit('alice')
      await alice.messenger.enqueue('bob', 'one')
    }
    {
      await using bob = await visit('bob')
      expect(bob.received).to.deep.equal(['alice: one'])
    }
    await using alice = await visit('alice')
    expect(alice.messenger.progress('bob')).to.include({ posted: 1, delivered: 1 })
  })

  it('can be left for nobody who uses no relay any more, until they use one again', async () => {
    const tried = () => installation.post('alice', 'bob', 'hello').then(String, (error) => error.code)
    const reach = async (way: Reach) => await setReach(await installation.profileOf('bob'), way)
    await installation.putPrekeys('bob')
    await reach('direct')
    {
      await using _bob = await start('bob')
      while ((await tried()) !== 'ERR_NO_MAILBOX');
    }
    await reach('any')
    await using _bob = await start('bob')
    while ((await tried()) === 'ERR_NO_MAILBOX');
  })

  it('keep nobody from going where nothing can be left', async () => {
    await installation.stopRelay()
    await using bob = await start('bob')
    {
      await using alice = await start('alice')
      await alice.messenger.enqueue('carol', 'one')
    }
    await installation.stopDirectory()
    await bob.messenger.enqueue('carol', 'two')
  })

  describe('for who has just signed in', () => {
    const put = async (name: string, signal = new AbortController().signal) =>
      await putPrekeysOnce(await installation.profileOf(name), systemClock, signal)

    it('can be left at once, and after signing in anew', async () => {
      await put('bob')
      await installation.post('alice', 'bob', 'one')
      await installation.signIn('bob')
      await put('bob')
      await installation.post('alice', 'bob', 'two')
      await using bob = await start('bob')
      expect(bob.received).to.deep.equal(['alice: one', 'alice: two'])
    })

    it('wait where there is no relay, and where nobody waits for one any more', async () => {
      const given = new AbortController()
      given.abort()
      await put('bob', given.signal)
      await installation.stopRelay()
      await put('bob')
      await installation.startRelay()
      const refusal = await rejection(installation.post('alice', 'bob', 'one'))
      expect(refusal).to.have.property('code', 'ERR_NO_MAILBOX')
    })
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

    it('are answered, though who wrote is online', async () => {
      await installation.putPrekeys('bob')
      await using alice = await start('alice')
      await alice.messenger.enqueue('bob', 'one')
      await alice.until(() => alice.messenger.progress('bob').posted === 1)
      expect(await collect('bob')).to.equal(1)
      await alice.until(() => alice.messenger.progress('bob').delivered === 1)
    })

    it('are answered at most hourly, and to nobody who has no mailbox', async () => {
      for (const name of ['alice', 'bob']) await installation.putPrekeys(name)
      for (const text of ['one', 'two']) {
        await installation.post('alice', 'bob', text)
        expect(await collect('bob')).to.equal(1)
      }
      await using alice = await start('alice')
      expect(alice.messenger.progress('bob')).to.include({ posted: 2, delivered: 1 })
      await installation.signUp('carol')
      await installation.post('carol', 'bob', 'three')
      expect(await collect('bob')).to.equal(1)
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
