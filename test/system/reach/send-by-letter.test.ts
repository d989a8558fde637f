import { Readable } from 'node:stream'
import { expect } from 'chai'
import { LETTER_ROOM_BYTES } from '#lib/letter/letter-body.ts'
import { tryLockForSending } from '../../../clients/profile/process-locks.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { answerTalking } from '../../../clients/profile/talking.ts'
import { Installation, type Run } from '../../support/installation.ts'
import { rejection } from '../../support/rejection.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'

describe('send to somebody who is away', function () {
  this.timeout(60_000)
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
    await installation.startRelay()
    await installation.putPrekeys('bob')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  const statesOf = ({ output }: Run) =>
    output.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).state)

  const TOO_LARGE = 'x'.repeat(LETTER_ROOM_BYTES)

  /** Have bob come, and wait for so many messages. */
  async function comeAndRead(count: number): Promise<string[]> {
    await using bob = await MessengerUnderTest.start(installation, 'bob')
    await bob.until(() => bob.received.length === count)
    return bob.received
  }

  it('leaves a message at their mailbox, and says so', async () => {
    await using alice = installation.send('alice', 'bob', 'hello')
    await alice.done
    expect(alice.errors.text).to.include('bob is away: one message is in their mailbox')
    expect(await comeAndRead(1)).to.deep.equal(['alice: hello'])
    expect((await Profile.open(installation.home.path, 'bob')).state.pins.get('alice')?.isProvisional).to.equal(true)
  })

  it('goes in a conversation where they are there, whatever it has to wait for', async () => {
    await using _bob = await installation.receive('bob')
    await using alice = installation.send('alice', 'bob', 'hello', { wait: 'posted', json: true })
    await alice.done
    expect(statesOf(alice)).to.deep.equal(['delivered'])
    expect(alice.errors.text).not.to.include('mailbox')
  })

  it('leaves all that is piped in, and says of each in JSON that it is posted', async () => {
    const lines = Readable.from(
      ['{"text":"one"}\n', '{"text":"two"}\n{"text":"three"}\n'].map((line) => Buffer.from(line)),
    )
    await using alice = installation.send('alice', 'bob', lines, { json: true })
    await alice.done
    expect(statesOf(alice)).to.deep.equal(['posted', 'posted', 'posted'])
    expect(await comeAndRead(3)).to.deep.equal(['alice: one', 'alice: two', 'alice: three'])
  })

  it('leaves it through the command that owns the conversations', async () => {
    await using _owner = await MessengerUnderTest.start(installation, 'alice')
    await using alice = installation.send('alice', 'bob', 'hello', { json: true })
    await alice.done
    expect(statesOf(alice)).to.deep.equal(['posted'])
    expect(await comeAndRead(1)).to.deep.equal(['alice: hello'])
  })

  it('leaves it through another send that owns the conversations', async () => {
    const pipe = new Readable({ read() {} })
    await using owner = installation.send('alice', 'bob', pipe)
    // Then the mailbox was found.
    await owner.errors.until((text) => text.includes('what you send goes into their mailbox'))
    await using alice = installation.send('alice', 'bob', 'by the way', { json: true })
    await alice.done
    expect(statesOf(alice)).to.deep.equal(['posted'])
    pipe.push('at last\n')
    pipe.push(null)
    await owner.done
    expect(await comeAndRead(2)).to.deep.equal(['alice: by the way', 'alice: at last'])
  })

  it('leaves it itself where the owner of the conversations ends and has not answered', async () => {
    const profile = await Profile.open(installation.home.path, 'alice')
    const lock = await tryLockForSending(profile)
    const asked = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<boolean>()
    const post = (): Promise<boolean> => {
      asked.resolve()
      return gone.promise
    }
    const end = answerTalking(profile, { routeTo: () => undefined, post })
    await using alice = installation.send('alice', 'bob', 'hello', { json: true })
    await asked.promise
    const ended = end()
    gone.reject(new Error('it ends'))
    await ended
    lock?.release()
    await alice.done
    expect(statesOf(alice)).to.deep.equal(['posted'])
    expect(await comeAndRead(1)).to.deep.equal(['alice: hello'])
  })

  it('leaves what several send at once, each once', async () => {
    const texts = ['one', 'two', 'three', 'four']
    await Promise.all(texts.map((text) => installation.send('alice', 'bob', text).done))
    expect((await comeAndRead(4)).toSorted()).to.deep.equal(texts.map((text) => `alice: ${text}`).toSorted())
  })

  it('keeps and leaves nothing where it is to be delivered, or where a file is to be received', async () => {
    for (const changes of [{ wait: 'delivered' }, { wait: 'read' }, { files: [import.meta.filename] }] as const) {
      expect((await rejection(installation.send('alice', 'bob', 'hello', changes).done)).code).to.equal(
        'ERR_NOT_ONLINE',
      )
    }
    await using alice = await MessengerUnderTest.start(installation, 'alice')
    expect(alice.store.names()).to.deep.equal([])
  })

  it('keeps nothing where they have no mailbox, or where there is no relay', async () => {
    await installation.signUp('carol')
    expect((await rejection(installation.send('alice', 'carol', 'hello').done)).code).to.equal('ERR_NOT_ONLINE')
    await installation.stopRelay()
    expect((await rejection(installation.send('alice', 'bob', 'hello').done)).code).to.equal('ERR_NOT_ONLINE')
    await using alice = await MessengerUnderTest.start(installation, 'alice')
    expect(alice.store.names()).to.deep.equal([])
  })

  it('says what is too large for a letter, which waits with all behind it', async () => {
    const lines = Readable.from([Buffer.from(`one\n${TOO_LARGE}\nthree\n`)])
    const error = await rejection(installation.send('alice', 'bob', lines).done)
    expect(error.code).to.equal('ERR_NOT_ACKNOWLEDGED')
    expect(error.message).to.equal(
      '2 messages are not in bob’s mailbox: a letter takes 60 KiB, and nothing behind what is larger',
    )
    expect(await comeAndRead(1)).to.deep.equal(['alice: one'])
    await using queued = installation.send('alice', 'bob', 'four', { queue: true, json: true })
    await queued.done
    expect(statesOf(queued)).to.deep.equal(['waiting'])
    await using alice = await MessengerUnderTest.start(installation, 'alice')
    await using bob = await MessengerUnderTest.start(installation, 'bob')
    await bob.until(() => bob.received.length === 3)
    await alice.untilDelivered('bob')
    expect((await bob.texts('alice')).map((text) => text.slice(0, 5))).to.deep.equal(['one', 'xxxxx', 'three', 'four'])
  })

  for (const isOwned of [false, true]) {
    it(`keeps what stands behind something too large${isOwned ? ', and says why, beside an owner' : ''}`, async () => {
      const start = () => MessengerUnderTest.start(installation, 'alice')
      const why = 'a letter takes 60 KiB, and nothing behind what is larger'
      expect((await rejection(installation.send('alice', 'bob', TOO_LARGE).done)).code).to.equal('ERR_NOT_ACKNOWLEDGED')
      const owner = isOwned ? await start() : undefined
      await using small = installation.send('alice', 'bob', 'small', { json: true })
      const error = await rejection(small.done)
      expect([error.code, error.message]).to.deep.equal([
        'ERR_NOT_ACKNOWLEDGED',
        `one message is not in bob’s mailbox: ${why}`,
      ])
      expect(statesOf(small)).to.deep.equal(['waiting'])
      const lines = Readable.from([Buffer.from('two\nthree\n')])
      await using piped = installation.send('alice', 'bob', lines, { wait: 'posted' })
      expect((await rejection(piped.done)).code).to.equal('ERR_NOT_ACKNOWLEDGED')
      expect(piped.errors.text).to.include(`nothing more goes into bob’s mailbox: ${why}`)
      expect(piped.errors.text).not.to.include('what you send goes into')
      await owner?.[Symbol.asyncDispose]()
      await using alice = await start()
      const texts = (await alice.texts('bob')).map((text) => text.slice(0, 5))
      expect(texts).to.deep.equal(['xxxxx', 'small', 'two', 'three'])
      expect(alice.store.undelivered('bob')).to.include({ waiting: 4, posted: 0 })
    })
  }

  it('keeps what finds no place there, where it is to be kept', async () => {
    const lines = Readable.from([Buffer.from(`one\n${TOO_LARGE}\n`)])
    await using alice = installation.send('alice', 'bob', lines, { queue: true, json: true, plainInput: true })
    await alice.done
    expect(statesOf(alice)).to.deep.equal(['posted', 'waiting'])
    expect(alice.errors.text).to.include('one message waits for bob')
  })

  it('says that there is no room for more, and keeps what had none', async () => {
    // A mailbox takes 2 MiB of one person.
    const full = Array.from({ length: 40 }, () => 'x'.repeat(LETTER_ROOM_BYTES - 100))
    expect((await rejection(installation.post('alice', 'bob', ...full))).code).to.equal('ERR_BUSY')
    await using kept = installation.send('alice', 'bob', 'hello', { json: true })
    const error = await rejection(kept.done)
    expect([error.code, error.message]).to.deep.equal([
      'ERR_NOT_ACKNOWLEDGED',
      'one message is not in bob’s mailbox: there is no room for more',
    ])
    expect(statesOf(kept)).to.deep.equal(['waiting'])
    await using queued = installation.send('alice', 'bob', 'hello', { queue: true, json: true })
    await queued.done
    expect(statesOf(queued)).to.deep.equal(['waiting'])
  })

  it('offers a file, which flows once both are online', async () => {
    await using alice = installation.send('alice', 'bob', Readable.from([]), {
      files: [import.meta.filename],
      wait: 'posted',
      json: true,
    })
    await alice.done
    expect(alice.errors.text).to.include('one file is offered in bob’s mailbox')
    await using owner = await MessengerUnderTest.start(installation, 'alice')
    const acceptInto = installation.home.path
    await using bob = await MessengerUnderTest.start(installation, 'bob', { acceptInto })
    await owner.until(() => owner.files.at(-1) === 'send-by-letter.test.ts: received')
    await bob.until(() => bob.files.at(-1) === 'send-by-letter.test.ts: received')
  })

  it('is content with the mailbox of somebody who goes before all is said, unless it is to be delivered', async () => {
    const first = await MessengerUnderTest.start(installation, 'bob')
    const pipe = new Readable({ read() {} })
    pipe.push('one\n')
    await using owner = await MessengerUnderTest.start(installation, 'alice', { awayMs: 0 })
    await using alice = installation.send('alice', 'bob', pipe, { json: true, plainInput: true })
    await owner.until(() => owner.messenger.progress('bob').delivered === 1)
    await first[Symbol.asyncDispose]()
    pipe.push('two\n')
    pipe.push(null)
    await alice.done
    expect(statesOf(alice)).to.deep.equal(['delivered', 'posted'])
    expect(alice.errors.text).to.include('bob is away: one message is in their mailbox')
    expect(await comeAndRead(1)).to.deep.equal(['alice: two'])
  })
})
