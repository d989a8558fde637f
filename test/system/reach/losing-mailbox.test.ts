/** Mailboxes that lose what was left there, in whatever way, and whoever gets hold of what is in one. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { drawPrekey } from '#lib/letter/prekey.ts'
import { connectMailbox } from '../../../clients/messenger/mailbox/connect-mailbox.ts'
import { Installation } from '../../support/installation.ts'
import { randomFrom } from '../../support/random.ts'
import { MailboxUnderTest } from '../../support/running-mailbox.ts'
import { MessengerUnderTest, type MessengerUnderTestOptions } from '../../support/running-messenger.ts'

describe('a letter', function () {
  this.timeout(300_000)
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  /** Have somebody who is away be written to. */
  async function write(text: string, options: MessengerUnderTestOptions): Promise<void> {
    await using alice = await MessengerUnderTest.start(installation, 'alice', options)
    const { messenger } = alice
    await messenger.enqueue('bob', text)
    await alice.until(() => messenger.progress('bob').posted === messenger.progress('bob').appended)
  }

  describe('at a mailbox that loses it', () => {
    let mailboxes: MailboxUnderTest
    let options: MessengerUnderTestOptions
    beforeEach(async () => {
      mailboxes = await MailboxUnderTest.start(undefined, Date.now())
      options = { mailboxes, awayMs: 0 }
      await using _ = await MessengerUnderTest.start(installation, 'bob', options)
      await mailboxes.untilFilled('bob')
    })
    afterEach(() => mailboxes[Symbol.asyncDispose]())

    /** Bob comes, then alice: everything is there, once. */
    async function expectAfterwards(texts: readonly string[]): Promise<void> {
      await using bob = await MessengerUnderTest.start(installation, 'bob', options)
      expect(bob.received).to.deep.equal([])
      await using alice = await MessengerUnderTest.start(installation, 'alice', options)
      await alice.deliver('bob', 'both are here')
      expect(await bob.texts('alice')).to.deep.equal([...texts, 'both are here'])
      expect(bob.received).to.deep.equal([...texts, 'both are here'].map((text) => `alice: ${text}`))
    }

    it('comes in the next conversation, where it was deleted', async () => {
      await write('hello', options)
      expect(await mailboxes.collect(mailboxes.userOf('bob'))).to.have.length(1)
      await expectAfterwards(['hello'])
    })

    it('comes in the next conversation, and not again, where it was withheld until then', async () => {
      await write('hello', options)
      const letters = await mailboxes.collect(mailboxes.userOf('bob'))
      await expectAfterwards(['hello'])
      for (const letter of letters) await mailboxes.post(mailboxes.user('liar'), mailboxes.userOf('bob'), letter)
      await using bob = await MessengerUnderTest.start(installation, 'bob', options)
      expect(bob.received).to.deep.equal([])
      expect(await bob.texts('alice')).to.deep.equal(['hello', 'both are here'])
    })

    it('comes in the next conversation, where it was sealed for a false prekey', async () => {
      mailboxes.falsePrekey = drawPrekey(randomFrom('the mailbox')).prekey
      await write('hello', options)
      await expectAfterwards(['hello'])
    })

    it('comes in the next conversation, where it was sealed for a prekey that had served before', async () => {
      mailboxes.falsePrekey = await mailboxes.takePrekey(mailboxes.user('liar'), mailboxes.userOf('bob'))
      await write('first', options)
      {
        await using bob = await MessengerUnderTest.start(installation, 'bob', options)
        expect(bob.received).to.deep.equal(['alice: first'])
      }
      await write('second', options)
      await using bob = await MessengerUnderTest.start(installation, 'bob', options)
      expect(bob.received).to.deep.equal([])
      await using alice = await MessengerUnderTest.start(installation, 'alice', options)
      await alice.deliver('bob', 'both are here')
      expect(await bob.texts('alice')).to.deep.equal(['first', 'second', 'both are here'])
    })
  })

  it('is nothing to a thief of the relay’s database: no text, no key that opens anything, but who wrote to whom', async () => {
    await installation.startRelay()
    const options = { awayMs: 0 }
    {
      await using _ = await MessengerUnderTest.start(installation, 'bob', options)
      const mailbox = connectMailbox(await installation.profileOf('bob'))
      const nothing = { prekeys: [], lastResort: undefined, withdrawnIds: [] }
      const held = async () => (await mailbox?.putPrekeys(nothing, new AbortController().signal))?.prekeyIds.length
      while (((await held()) ?? 0) < 20);
      mailbox?.close()
    }
    const text = 'a text that nobody else can read'
    await write(text, options)
    const folder = join(installation.auth.folder.path, 'relay')
    const files = (await readdir(folder)).filter((name) => name.startsWith('mailbox.db'))
    const stolen = Buffer.concat(await Promise.all(files.map((name) => readFile(join(folder, name)))))
    expect(stolen.includes('alice') && stolen.includes('bob')).to.equal(true)
    const secrets: Uint8Array[] = [Buffer.from(text)]
    for (const name of ['alice', 'bob']) {
      const { state, login } = await installation.profileOf(name)
      const { relayBearer, ticketKey } = login.session.keys
      secrets.push(state.identity.secretKey.reveal(), ticketKey.reveal(), relayBearer?.reveal() ?? Buffer.alloc(0))
    }
    for (const secret of secrets) expect(secret.length > 0 && stolen.includes(secret)).to.equal(false)
  })
})
