/** Letters of one messenger to several people who are away. */
import { expect } from 'chai'
import { setBlocked } from '../../../clients/profile/pins.ts'
import { Installation } from '../../support/installation.ts'
import { MailboxUnderTest } from '../../support/running-mailbox.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'

const KIB = 1024
const PLENTY = { letters: 1_000, bytes: 1_000 * KIB }

/** A mailbox that has room for one letter of each to each. */
const ONE_LETTER = { account: PLENTY, pair: { letters: 1, bytes: 64 * KIB }, always: { letters: 1, bytes: 64 * KIB } }

describe('a messenger that has letters for several people', function () {
  this.timeout(60_000)
  const READERS = ['bob', 'carol', 'dave']
  let installation: Installation
  let mailboxes: MailboxUnderTest
  beforeEach(async () => {
    installation = await Installation.start('alice', ...READERS, 'erin')
    mailboxes = await MailboxUnderTest.start(ONE_LETTER, Date.now())
  })
  afterEach(async () => {
    await mailboxes[Symbol.asyncDispose]()
    await installation[Symbol.asyncDispose]()
  })

  const start = (name: string, awayMs?: number) =>
    MessengerUnderTest.start(installation, name, { mailboxes, ...(awayMs !== undefined && { awayMs }) })

  /** Come, so that there is a mailbox, and go. */
  async function visit(name: string): Promise<void> {
    await using _ = await start(name)
    await mailboxes.untilFilled(name)
  }

  /** Write to people while they are away, and go: what waits for them is posted last. */
  async function writeAndGo(names: readonly string[], text: string): Promise<void> {
    await using alice = await start('alice')
    for (const name of names) await alice.messenger.enqueue(name, text)
  }

  /** What has come to somebody once they are back. */
  async function receivedBy(name: string): Promise<readonly string[]> {
    await using reader = await start(name)
    return reader.received
  }

  it('leaves them in one call as it goes', async () => {
    for (const name of READERS) await visit(name)
    await writeAndGo(READERS, 'hello')
    expect(mailboxes.postings.map((names) => [...names].sort())).to.deep.equal([READERS])
    for (const name of READERS) expect(await receivedBy(name)).to.deep.equal(['alice: hello'])
  })

  it('leaves a lone one without waiting for others', async () => {
    await visit('bob')
    await using alice = await start('alice')
    await alice.messenger.enqueue('bob', 'hello')
    expect(await alice.messenger.postNow('bob')).to.equal(true)
    expect(mailboxes.postings).to.deep.equal([['bob']])
  })

  it('leaves them one after the other to whom more waits than a letter holds', async () => {
    await mailboxes[Symbol.asyncDispose]()
    mailboxes = await MailboxUnderTest.start(undefined, Date.now())
    for (const name of READERS) await visit(name)
    {
      await using alice = await start('alice')
      for (const name of READERS) await alice.messenger.enqueue(name, 'hello')
      for (const text of ['x', 'y']) await alice.messenger.enqueue('carol', text.repeat(40 * KIB))
    }
    expect(mailboxes.postings.flat().sort()).to.deep.equal(['bob', 'carol', 'carol', 'dave'])
    const received = await receivedBy('carol')
    expect(received.map((text) => text.slice(0, 9))).to.deep.equal(['alice: he', 'alice: xx', 'alice: yy'])
    for (const name of ['bob', 'dave']) expect(await receivedBy(name)).to.deep.equal(['alice: hello'])
  })

  it('has nobody wait for somebody who is blocked, has no mailbox, another key or no room', async () => {
    for (const name of ['bob', 'dave', 'erin']) await visit(name)
    await writeAndGo(['bob', 'dave', 'erin'], 'first')
    expect(mailboxes.posted.sort()).to.deep.equal(['bob', 'dave', 'erin'])
    expect(await receivedBy('erin')).to.deep.equal(['alice: first'])
    // Dave's key is another from here on, and bob's letter stays where it is. Carol was never here.
    await installation.signIn('dave', { profile: 'dave-anew', replaceIdentityKey: true })
    {
      await using dave = await start('dave-anew')
      await dave.until(() => dave.isOnline)
      await mailboxes.untilFilled('dave')
    }
    mailboxes.posted.splice(0)
    await writeAndGo(['bob', 'carol', 'dave', 'erin'], 'second')
    expect(mailboxes.posted).to.deep.equal(['erin'])
    expect(await receivedBy('erin')).to.deep.equal(['alice: second'])
    await setBlocked(await installation.profileOf('alice'), 'bob', true)
    await using alice = await start('alice', 0)
    await alice.until(() => alice.refused.length === 2)
    expect(alice.refused.map(({ code }) => code).sort()).to.deep.equal(['ERR_BLOCKED', 'ERR_KEY_CHANGED'])
    expect(alice.messenger.progress('carol')).to.include({ appended: 1, posted: 0 })
  })
})
