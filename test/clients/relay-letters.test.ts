import { expect } from 'chai'
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
})
