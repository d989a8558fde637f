import { expect } from 'chai'
import { LETTER_ROOM_BYTES } from '#lib/letter/letter-body.ts'
import { LetterReasons } from '../../../clients/letters/letter-reasons.ts'
import { StreamsByKey } from '../../../clients/messenger/streams-by-key.ts'
import { mayReceive } from '../../../clients/profile/permission.ts'
import { setBlocked } from '../../../clients/profile/pins.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import type { Message } from '../../../clients/store/reading/messages.ts'
import { Installation } from '../../support/installation.ts'
import { MailboxUnderTest } from '../../support/running-mailbox.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'

describe('a messenger with a mailbox', function () {
  this.timeout(60_000)
  let installation: Installation
  let mailboxes: MailboxUnderTest
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
    mailboxes = await MailboxUnderTest.start(undefined, Date.now())
  })
  afterEach(async () => {
    await mailboxes[Symbol.asyncDispose]()
    await installation[Symbol.asyncDispose]()
  })

  const start = (name: string) => MessengerUnderTest.start(installation, name, { mailboxes, awayMs: 0 })

  /** Come, so that there is a mailbox, and go. */
  async function visit(name: string): Promise<void> {
    await using _ = await start(name)
    await mailboxes.untilFilled(name)
  }

  /** Say texts to somebody who is away, and go once they are posted. */
  async function write(from: string, to: string, ...texts: string[]): Promise<void> {
    await using writer = await start(from)
    for (const text of texts) await writer.messenger.enqueue(to, text)
    const { messenger } = writer
    await writer.until(() => messenger.progress(to).posted === messenger.progress(to).appended)
  }

  const statesOf = async ({ store }: MessengerUnderTest, name: string) => {
    const messages = (await Array.fromAsync(store.messages([name]))) as Message[]
    return messages.map(({ state, isLetter }) => (isLetter ? `${state} by letter` : state))
  }

  it('carries words between two who are never online together, and what became of them', async () => {
    await visit('alice')
    await visit('bob')
    const texts = ['one', 'two', 'three', 'four', 'five']
    await write('alice', 'bob', ...texts)
    {
      await using bob = await start('bob')
      expect(bob.received).to.deep.equal(texts.map((text) => `alice: ${text}`))
      expect(await statesOf(bob, 'alice')).to.deep.equal(Array(5).fill('received by letter'))
      expect(bob.profile.state.pins.get('alice')?.isProvisional).to.equal(true)
    }
    await write('bob', 'alice', 'the answer')
    {
      await using alice = await start('alice')
      expect(alice.received).to.deep.equal(['bob: the answer'])
      expect(await statesOf(alice, 'bob')).to.deep.equal([...Array(5).fill('delivered'), 'received by letter'])
      expect(alice.profile.state.pins.get('bob')?.isProvisional).to.equal(true)
    }
  })

  it('answers with an empty letter where there is nothing to say, and is not answered', async () => {
    await visit('bob')
    await visit('alice')
    await write('alice', 'bob', 'hello')
    {
      await using _ = await start('bob')
      await mailboxes.until(() => mailboxes.posted.includes('alice'))
    }
    await using alice = await start('alice')
    expect(await statesOf(alice, 'bob')).to.deep.equal(['delivered'])
    expect(mailboxes.posted).to.deep.equal(['bob', 'alice'])
  })

  it('writes no letter to say what a conversation has said', async () => {
    await visit('alice')
    await visit('bob')
    await write('alice', 'bob', 'one')
    await using bob = await MessengerUnderTest.start(installation, 'bob', { mailboxes })
    expect(bob.store.unanswered()).to.deep.equal(['alice'])
    {
      await using alice = await MessengerUnderTest.start(installation, 'alice', { mailboxes })
      await alice.deliver('bob', 'two')
      await bob.until(() => bob.received.length === 2)
    }
    expect(bob.store.unanswered()).to.deep.equal([])
  })

  it('answers nobody who is blocked, says nothing of it, and does once they are not', async () => {
    await visit('alice')
    await visit('bob')
    await write('alice', 'bob', 'hello')
    const block = async (isBlocked: boolean) =>
      await setBlocked(await Profile.open(installation.home.path, 'bob'), 'alice', isBlocked)
    {
      await using bob = await MessengerUnderTest.start(installation, 'bob', { mailboxes })
      expect(bob.received).to.deep.equal(['alice: hello'])
      const { store, profile } = bob
      const permit = (name: string, identityKey: Uint8Array) => mayReceive(profile, name, identityKey)
      const streamsByKey = new StreamsByKey({ store, onProgress() {}, sendsReceipts: () => false, permit })
      const { publicKey } = (await Profile.open(installation.home.path, 'alice')).state.identity
      const reasons = new LetterReasons({ profile, streamsOf: (name) => streamsByKey.found(name, publicKey) })
      expect([reasons.hasMore('alice'), reasons.isDue('alice')]).to.deep.equal([false, true])
      await block(true)
      await profile.refresh()
      expect(reasons.isDue('alice')).to.equal(false)
    }
    expect(mailboxes.posted).to.deep.equal(['bob'])
    await block(false)
    await visit('bob')
    expect(mailboxes.posted).to.deep.equal(['bob', 'alice'])
    await using alice = await start('alice')
    expect(await statesOf(alice, 'bob')).to.deep.equal(['delivered'])
  })

  it('delivers once what goes by letter and in a conversation', async () => {
    await visit('bob')
    await write('alice', 'bob', 'one', 'two')
    await using alice = await start('alice')
    await using bob = await start('bob')
    await alice.messenger.enqueue('bob', 'three')
    await alice.untilDelivered('bob')
    await bob.until(() => bob.received.length === 3)
    expect(await bob.texts('alice')).to.deep.equal(['one', 'two', 'three'])
    expect(bob.profile.state.pins.get('alice')?.isProvisional).to.equal(undefined)
    expect(alice.profile.state.pins.get('bob')?.isProvisional).to.equal(undefined)
  })

  it('delivers in a conversation what was posted and lost', async () => {
    await visit('bob')
    await write('alice', 'bob', 'one')
    await mailboxes.collect(mailboxes.userOf('bob'))
    await using bob = await start('bob')
    expect(bob.received).to.deep.equal([])
    await using alice = await start('alice')
    await alice.messenger.enqueue('bob', 'two')
    await bob.until(() => bob.received.length === 2)
    expect(await bob.texts('alice')).to.deep.equal(['one', 'two'])
  })

  it('takes no letter of somebody who is blocked, and leaves none at the mailbox', async () => {
    await visit('bob')
    await write('alice', 'bob', 'hello')
    await setBlocked(await Profile.open(installation.home.path, 'bob'), 'alice', true)
    await using bob = await start('bob')
    expect(bob.received).to.deep.equal([])
    expect(await mailboxes.collect(mailboxes.userOf('bob'))).to.deep.equal([])
  })

  it('says once that something is too large for a letter, and has it wait with all behind it', async () => {
    await visit('bob')
    await using alice = await start('alice')
    await alice.messenger.enqueue('bob', 'one')
    await alice.messenger.enqueue('bob', 'x'.repeat(LETTER_ROOM_BYTES))
    await alice.until(() => alice.tooLarge.length === 1)
    await alice.messenger.enqueue('bob', 'three')
    expect(await alice.messenger.postNow('bob')).to.equal(false)
    expect(alice.tooLarge).to.deep.equal(['bob'])
    expect(await statesOf(alice, 'bob')).to.deep.equal(['posted', 'waiting', 'waiting'])
    await using bob = await start('bob')
    await alice.untilDelivered('bob')
    expect((await bob.texts('alice')).map((text) => text.slice(0, 5))).to.deep.equal(['one', 'xxxxx', 'three'])
  })

  it('waits where the other has no mailbox', async () => {
    await using alice = await start('alice')
    await alice.messenger.enqueue('bob', 'hello')
    await using bob = await start('bob')
    await bob.until(() => bob.received.length === 1)
    expect(await bob.texts('alice')).to.deep.equal(['hello'])
  })
})
