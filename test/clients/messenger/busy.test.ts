import { expect } from 'chai'
import { Installation } from '../../support/installation.ts'
import { rejection } from '../../support/rejection.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'

describe('Messenger, of a contact without room', function () {
  this.timeout(20_000)
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob', 'carol')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  const start = (name: string, options = {}) => MessengerUnderTest.start(installation, name, options)

  it('waits until there is room, and says so meanwhile', async () => {
    await using bob = await start('bob', { maxConversations: 1 })
    await using alice = await start('alice')
    const carol = await start('carol')
    await bob.until(() => bob.isOnline)
    await carol.messenger.open('bob')
    const opened = alice.messenger.open('bob')
    await alice.until(() => alice.busy.length > 0)
    expect(alice.messenger.isTalkingWith('bob')).to.equal(false)
    expect(alice.busy).to.deep.equal(['bob: ERR_BUSY'])
    await carol[Symbol.asyncDispose]()
    await bob.until(() => !bob.messenger.isTalkingWith('carol'))
    // Who asks again does not wait for as long as they were told.
    await Promise.all([opened, alice.messenger.open('bob')])
    await alice.messenger.enqueue('bob', 'at last')
    await bob.until(() => bob.received.includes('alice: at last'))
    expect(alice.refused).to.deep.equal([])
  })

  it('leaves at once while it waits', async () => {
    await using bob = await start('bob', { maxConversations: 0 })
    await bob.until(() => bob.isOnline)
    const alice = await start('alice')
    const opened = rejection(alice.messenger.open('bob'))
    await alice.until(() => alice.busy.length > 0)
    const beganMs = performance.now()
    await alice[Symbol.asyncDispose]()
    expect((await opened).code).to.be.a('string')
    // It was told to come back after ten seconds.
    expect(performance.now() - beganMs).to.be.lessThan(5_000)
  })
})
