import { expect } from 'chai'
import { contactOf } from '../../../clients/history/contacts.ts'
import { verify } from '../../../clients/profile/pins.ts'
import { AgentClient } from '../../support/agent-client.ts'
import { ChatAtDesk } from '../../support/chat-at-desk.ts'
import { Installation } from '../../support/installation.ts'

/** What a person and a script see of letters. */
describe('a letter', function () {
  this.timeout(30_000)
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
    await installation.startRelay()
    await installation.putPrekeys('bob')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  it('is marked on the screen, as it comes and later, and its key as one of letters alone', async () => {
    await installation.post('alice', 'bob', 'one')
    {
      await using bob = await ChatAtDesk.open(installation, 'bob', { to: 'alice' })
      await bob.shows(/alice \(by letter\)[^:]*: one/)
      await installation.post('alice', 'bob', 'two')
      await bob.shows(/alice \(by letter\)[^:]*: two/)
      await bob.shows('this is the first letter between you and alice')
      bob.submit('/who')
      await bob.shows('alice: offline, key pinned by letter')
    }
    await using bob = await ChatAtDesk.open(installation, 'bob', { to: 'alice' })
    await bob.shows(/alice \(by letter\)[^:]*: one/)
  })

  it('is marked in JSON, and its key is provisional until it is verified', async () => {
    await installation.post('alice', 'bob', 'hello')
    await using bob = await installation.receive('bob', { json: true })
    await bob.output.until((text) => text.includes('"letter":true'))
    const profile = await installation.profileOf('bob')
    expect(contactOf(profile, 'alice')).to.include({ state: 'pinned', provisional: true })
    const alice = await installation.profileOf('alice')
    await verify(profile, 'alice', alice.state.identity.publicKey, new Date())
    expect(contactOf(profile, 'alice')).to.include({ state: 'verified', provisional: false })
  })

  it('is what a chat speaks of at its end, beside what has found no place there', async () => {
    await installation.post('alice', 'bob', 'one', 'two')
    await using alice = await ChatAtDesk.open(installation, 'alice', { to: 'bob', awayMs: 3_600_000 })
    await alice.shows('@   alice: two')
    await installation.stopRelay()
    alice.submit('three')
    await alice.shows('... alice: three')
    alice.submit('/quit')
    await alice.done
    await alice.shows('2 messages are in the mailbox of bob')
    await alice.shows('one message waits for bob; it goes when you are both online')
  })

  it('is no mark of what a conversation brings, which proves the key', async () => {
    await installation.post('alice', 'bob', 'by letter')
    await using bob = await installation.receive('bob', { json: true })
    await bob.output.until((text) => text.includes('by letter'))
    await installation.send('alice', 'bob', 'by word').done
    await bob.output.until((text) => text.includes('by word'))
    const lines = bob.output.text.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).letter)).to.deep.equal([true, undefined])
    expect(contactOf(await installation.profileOf('bob'), 'alice')).to.include({ provisional: false })
  })

  it('is shown as posted to its writer while it waits, and then as delivered', async () => {
    await using alice = await ChatAtDesk.open(installation, 'alice', { to: 'bob', awayMs: 0 })
    alice.submit('hello')
    await alice.shows('@   alice: hello')
    alice.submit('/who')
    await alice.shows('bob: offline, key pinned by letter, 1 posted')
    const undelivered = { waiting: 0, undeliverable: 0, posted: 1 }
    expect(contactOf(await installation.profileOf('alice'), 'bob')).to.include(undelivered)
    {
      using agent = AgentClient.of(installation.home, 'alice')
      const { conversations } = await agent.call('listConversations')
      const counts = conversations.map(({ waiting, posted }) => ({ waiting, posted }))
      expect(counts).to.deep.equal([{ waiting: 0n, posted: 1n }])
    }
    await using _bob = await installation.receive('bob')
    await alice.shows('✓✓  alice: hello')
  })
})
