import { expect } from 'chai'
import { setBlocked, trust } from '../../../clients/profile/pins.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import type { Message } from '../../../clients/store/reading/messages.ts'
import { Installation } from '../../support/installation.ts'
import { MailboxUnderTest } from '../../support/running-mailbox.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'

describe('a messenger with a mailbox', function () {
  this.timeout(15_000)
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

  it('waits where the other has no mailbox', async () => {
    await using alice = await start('alice')
    await alice.messenger.enqueue('bob', 'hello')
    await using bob = await start('bob')
    await bob.until(() => bob.received.length === 1)
    expect(await bob.texts('alice')).to.deep.equal(['hello'])
  })
})

describe('a mailbox that lies', function () {
  this.timeout(15_000)
  let installation: Installation
  let mailboxes: MailboxUnderTest
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob', 'carol')
    mailboxes = await MailboxUnderTest.start(undefined, Date.now())
    for (const name of ['alice', 'bob', 'carol']) {
      await using _ = await start(name)
      await mailboxes.untilFilled(name)
    }
  })
  afterEach(async () => {
    await mailboxes[Symbol.asyncDispose]()
    await installation[Symbol.asyncDispose]()
  })

  const start = (name: string) => MessengerUnderTest.start(installation, name, { mailboxes, awayMs: 0 })

  async function write(from: string, to: string, text: string): Promise<void> {
    await using writer = await start(from)
    const { messenger } = writer
    await messenger.enqueue(to, text)
    await writer.until(() => messenger.progress(to).posted === messenger.progress(to).appended)
  }

  /** What a mailbox gives in place of what it has. */
  async function give(letters: readonly Uint8Array[]): Promise<void> {
    const liar = mailboxes.user('liar')
    for (const letter of letters) await mailboxes.post(liar, mailboxes.userOf('bob'), letter)
  }

  it('and repeats, reorders, cuts and changes letters makes nothing of it come twice, out of order or otherwise', async () => {
    await write('alice', 'bob', 'one')
    await write('alice', 'bob', 'two')
    await write('alice', 'bob', 'three')
    const [one, two, three] = (await mailboxes.collect(mailboxes.userOf('bob'))) as [Buffer, Buffer, Buffer]
    const changed = Buffer.from(two)
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
    await give([three, changed, two.subarray(0, 1_000), Buffer.of(7), three, two])
    {
      await using bob = await start('bob')
      // The first is missing: the others wait at the mailbox.
      expect(bob.received).to.deep.equal([])
    }
    mailboxes.clock.advance(1)
    await give([one, one, two, three])
    {
      await using bob = await start('bob')
      expect(bob.received).to.deep.equal(['alice: one', 'alice: two', 'alice: three'])
    }
    await give([one, two, three])
    await using bob = await start('bob')
    expect(bob.received).to.deep.equal([])
    expect(await bob.texts('alice')).to.deep.equal(['one', 'two', 'three'])
  })

  it('and gives the letters of one to another has them opened by nobody', async () => {
    await write('alice', 'carol', 'for carol')
    await give(await mailboxes.collect(mailboxes.userOf('carol'), () => false))
    await using bob = await start('bob')
    expect(bob.received).to.deep.equal([])
    await using carol = await start('carol')
    expect(carol.received).to.deep.equal(['alice: for carol'])
  })

  it('and keeps a letter of a changed key gives it again once that is trusted', async () => {
    await write('alice', 'bob', 'hello')
    {
      await using _ = await start('bob')
    }
    await installation.signIn('alice', { profile: 'alice-anew', replaceIdentityKey: true })
    await write('alice-anew', 'bob', 'it is me')
    {
      await using bob = await start('bob')
      expect(bob.received).to.deep.equal([])
      expect(bob.refused.map(({ code }) => code)).to.deep.equal(['ERR_KEY_CHANGED'])
      await trust(bob.profile, 'alice', new Date())
    }
    await using bob = await start('bob')
    expect(bob.received).to.deep.equal(['alice: it is me'])
  })
})
