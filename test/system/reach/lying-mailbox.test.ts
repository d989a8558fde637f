import { expect } from 'chai'
import { trust } from '../../../clients/profile/pins.ts'
import { Installation } from '../../support/installation.ts'
import { MailboxUnderTest } from '../../support/running-mailbox.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'

describe('a mailbox that lies', function () {
  this.timeout(300_000)
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
    mailboxes.clock.advance(1)
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
