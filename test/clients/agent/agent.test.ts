import { execFile } from 'node:child_process'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { Answer, Direction, KeyState, MessageState, TransferState } from '#gen/sotto/agent/v1/agent_service.ts'
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { setBlocked } from '../../../clients/profile/pins.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { AgentClient, CallError } from '../../support/agent-client.ts'
import { bufCurl } from '../../support/buf-curl.ts'
import { ChatAtDesk } from '../../support/chat-at-desk.ts'
import { Installation } from '../../support/installation.ts'

const SERVICE = 'sotto.agent.v1.AgentService'

/** The error of a call that is refused. */
async function refusal(call: Promise<unknown>): Promise<CallError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof CallError) return error
  throw new Error(`it was not refused: ${error}`)
}

describe('AgentService', function () {
  this.timeout(20_000)
  let installation: Installation
  let alice: AgentClient
  let bob: AgentClient
  const running: AsyncDisposable[] = []

  before(async () => {
    installation = await Installation.start('alice', 'bob', 'carol')
    // One is served by a chat, and one by a receiver.
    running.push(await ChatAtDesk.open(installation, 'alice', { to: 'carol' }))
    running.push(await installation.receive('bob'))
    alice = AgentClient.of(installation.home, 'alice')
    bob = AgentClient.of(installation.home, 'bob')
  })
  after(async () => {
    alice[Symbol.dispose]()
    bob[Symbol.dispose]()
    for (const each of running) await each[Symbol.asyncDispose]()
    await installation[Symbol.asyncDispose]()
  })

  /** Have one write to the other, and wait until it is there. */
  async function deliver(text: string, from = alice, to = 'bob'): Promise<void> {
    const watch = await from.watch()
    const { message } = await from.call('send', { contact: to, text })
    await watch.until(({ seen }) =>
      seen.some((event) => event.$case === 'conversation' && event.value.deliveredThrough >= (message?.number ?? 0n)),
    )
    await watch.end()
  }

  it('says whose client it is', async () => {
    const profile = await alice.call('getProfile')
    expect(profile).to.include({ username: 'alice', profile: 'alice', receipts: false })
    expect(profile.identityKey).to.have.length(32)
    expect(profile.connection?.online).to.equal(true)
    expect(profile.connection?.endpoints).to.have.length.above(0)
  })

  it('is a socket that its user alone can open', async () => {
    const { mode } = await stat(join(installation.home.path, 'profiles', 'alice', 'agent.sock'))
    expect((mode & 0o777).toString(8)).to.equal('600')
  })

  it('is found by reflection, and called with what that tells', async () => {
    const socket = join(installation.home.path, 'profiles', 'alice', 'agent.sock')
    const flags = ['--unix-socket', socket, '--http2-prior-knowledge']
    const { stdout } = await bufCurl(...flags, '--list-methods', 'http://agent')
    expect(stdout).to.include(`${SERVICE}/Watch`)
    const { stdout: answer } = await bufCurl(...flags, `http://agent/${SERVICE}/GetProfile`)
    expect(JSON.parse(answer)).to.include({ username: 'alice' })
  })

  it('is listed by grpcurl', async function () {
    const found = await promisify(execFile)('grpcurl', ['-version']).catch(() => undefined)
    if (found === undefined) this.skip()
    const socket = join(installation.home.path, 'profiles', 'bob', 'agent.sock')
    const { stdout } = await promisify(execFile)('grpcurl', ['-plaintext', `unix://${socket}`, 'list'])
    expect(stdout.split('\n')).to.include(SERVICE)
  })

  it('sends, and reports at both ends what becomes of it', async () => {
    const here = await alice.watch()
    const there = await bob.watch()
    const { message } = await alice.call('send', { contact: 'bob', text: 'are you there?' })
    expect(message).to.include({ contact: 'bob', direction: Direction.OUTGOING, formerKey: false })
    await there.until(({ texts }) => texts.includes('are you there?'))
    await here.until(
      ({ seen, texts }) =>
        texts.includes('are you there?') &&
        seen.some((event) => event.$case === 'conversation' && event.value.deliveredThrough === message?.number),
    )
    const [got] = there.messages
    expect(got).to.include({ contact: 'alice', direction: Direction.INCOMING, state: MessageState.RECEIVED })
    expect(got?.id.equals(message?.id ?? Buffer.alloc(0))).to.equal(true)
    await here.end()
    await there.end()
  })

  it('reports each message once, in order, whoever of the profile wrote it', async () => {
    const watch = await alice.watch()
    await deliver('one')
    await installation.send('alice', 'bob', 'two').done
    await deliver('three', bob, 'alice')
    await watch.until(({ texts }) => texts.includes('three'))
    expect(watch.texts).to.deep.equal(['one', 'two', 'three'])
    const positions = watch.messages.map(({ position }) => position)
    expect(positions).to.deep.equal(positions.toSorted((a, b) => Number(a - b)))
    await watch.end()
  })

  it('lists messages back from the newest and on from the first, page by page, the same', async () => {
    for (const text of ['a', 'b', 'c', 'd', 'e']) await alice.call('send', { contact: 'bob', text })
    const all = (await alice.call('listMessages', { contact: 'bob', limit: 500 })).messages
    const back: bigint[] = []
    for (let before: bigint | undefined; ; ) {
      const from = before === undefined ? undefined : ({ $case: 'before', value: before } as const)
      const page = await alice.call('listMessages', { contact: 'bob', from, limit: 2 })
      back.unshift(...page.messages.map(({ position }) => position))
      before = page.messages[0]?.position
      expect(page.more).to.equal(back.length < all.length)
      if (!page.more) break
    }
    const forth: bigint[] = []
    for (let after = 0n; ; ) {
      const page = await alice.call('listMessages', {
        contact: 'bob',
        from: { $case: 'after', value: after },
        limit: 2,
      })
      forth.push(...page.messages.map(({ position }) => position))
      after = forth.at(-1) ?? 0n
      if (!page.more) break
    }
    const expected = all.map(({ position }) => position)
    expect(back).to.deep.equal(expected)
    expect(forth).to.deep.equal(expected)
  })

  it('has room for large messages in a page, by making it smaller', async () => {
    const text = 'x'.repeat(MAX_TEXT_BYTES)
    for (let count = 0; count < 3; count += 1) await alice.call('send', { contact: 'bob', text })
    const { messages, more } = await alice.call('listMessages', { contact: 'bob', limit: 3 })
    expect(messages).to.have.length(1)
    expect(more).to.equal(true)
    const error = await refusal(alice.call('send', { contact: 'bob', text: `${text}y` }))
    expect(error).to.include({ code: 'ERR_MESSAGE_TOO_LARGE', status: 3, hint: 'send it as a file' })
  })

  it('finds messages by words, the newest first', async () => {
    await deliver('the owl flies at NIGHT')
    await deliver('at night the owl sleeps not')
    const { messages, found } = await alice.call('search', { words: 'owl night' })
    expect(found).to.equal(2n)
    const texts = messages.map(({ content }) => content?.value)
    expect(texts).to.deep.equal(['at night the owl sleeps not', 'the owl flies at NIGHT'])
    const { messages: one, found: all } = await alice.call('search', { words: 'owl', contact: 'bob', limit: 1 })
    expect([one.length, all]).to.deep.equal([1, 2n])
    expect((await alice.call('search', { words: 'owl', contact: 'carol' })).messages).to.deep.equal([])
  })

  it('counts what is unread, and marks it as read', async () => {
    // The chat shows another conversation.
    await deliver('unread', bob, 'alice')
    const listed = async () =>
      (await alice.call('listConversations')).conversations.find(({ contact }) => contact === 'bob')
    const before = await listed()
    expect(before?.unread).to.not.equal(0n)
    expect(before).to.include({ online: true, key: KeyState.PINNED, blocked: false })
    await alice.call('markRead', { contact: 'bob', position: before?.last?.position ?? 0n })
    expect((await listed())?.unread).to.equal(0n)
  })

  it('shows typing at the other side', async () => {
    const watch = await bob.watch()
    await deliver('a conversation is open')
    await alice.call('setTyping', { contact: 'bob', active: true })
    const isTyping = (active: boolean) =>
      watch.until(({ seen }) => seen.some((event) => event.$case === 'typing' && event.value.active === active))
    await isTyping(true)
    await alice.call('setTyping', { contact: 'bob', active: false })
    await isTyping(false)
    await watch.end()
  })

  it('offers a file and accepts it', async () => {
    const path = join(installation.home.path, 'report.txt')
    await writeFile(path, 'hello')
    const here = await alice.watch()
    const there = await bob.watch()
    const { transfer } = await alice.call('offerFile', { contact: 'bob', source: { $case: 'path', value: path } })
    expect(transfer).to.include({ name: 'report.txt', size: 5n, state: TransferState.OFFERED })
    const id = transfer?.id ?? Buffer.alloc(0)
    await there.until(({ messages }) => messages.some(({ content }) => content?.$case === 'fileOffer'))
    const folder = join(installation.home.path, 'profiles')
    const answer = await bob.call('answerOffer', { id, answer: Answer.ACCEPT, folder })
    expect(answer.transfer?.state).to.equal(TransferState.ACCEPTED)
    await here.until(({ seen }) =>
      seen.some((event) => event.$case === 'transfer' && event.value.state === TransferState.RECEIVED),
    )
    const { transfers } = await bob.call('listTransfers')
    expect(transfers.at(-1)).to.include({ state: TransferState.RECEIVED, path: join(folder, 'report.txt') })
    const again = await refusal(bob.call('answerOffer', { id, answer: Answer.DECLINE }))
    expect(again).to.include({ code: 'ERR_NO_SUCH_FILE', status: 5 })
    const missing = await refusal(
      alice.call('offerFile', { contact: 'bob', source: { $case: 'path', value: `${path}.none` } }),
    )
    expect(missing).to.include({ code: 'ERR_INVALID_FILE', status: 3 })
    await here.end()
    await there.end()
  })

  it('takes a file in pieces, and gives one in pieces', async () => {
    const upload = Buffer.alloc(16, 7)
    const put = (name: string, offset: bigint, data: Buffer) => alice.call('putBytes', { upload, name, offset, data })
    expect((await put('picture.png', 0n, Buffer.from('first, '))).size).to.equal(7n)
    expect((await put('picture.png', 7n, Buffer.from('second'))).size).to.equal(13n)
    const { transfer } = await alice.call('offerFile', { contact: 'bob', source: { $case: 'upload', value: upload } })
    expect(transfer).to.include({ name: 'picture.png', size: 13n })
    const id = transfer?.id ?? Buffer.alloc(0)
    expect((await alice.call('getBytes', { id, offset: 7n })).data.toString()).to.equal('second')
    for (const name of ['', '..', 'a/b', 'x'.repeat(256)]) {
      expect((await refusal(put(name, 0n, Buffer.from('x')))).code, name).to.equal('ERR_INVALID_ARGUMENT')
    }
    const there = await bob.watch()
    while (!(await bob.call('listTransfers')).transfers.some((each) => each.id.equals(id)))
      await there.until(({ seen }) => seen.length > 0)
    await there.end()
    // Nothing of it is there before it is accepted.
    expect((await refusal(bob.call('getBytes', { id }))).code).to.equal('ERR_NO_SUCH_FILE')
    await bob.call('answerOffer', { id, answer: Answer.DECLINE })
  })

  it('compares keys, and stops what does not agree', async () => {
    const { numbers } = await alice.call('getSafetyNumber', { contact: 'bob' })
    const { numbers: theirs } = await bob.call('getSafetyNumber', { contact: 'alice' })
    expect(numbers).to.have.length(1)
    expect(numbers[0]?.digits).to.equal(theirs[0]?.digits)
    expect(numbers[0]?.words).to.deep.equal(theirs[0]?.words)
    const identityKey = numbers[0]?.identityKey ?? Buffer.alloc(0)
    const verified = await alice.call('verify', { contact: 'bob', agrees: true, identityKey })
    expect(verified.conversation?.key).to.equal(KeyState.VERIFIED)
    const other = await refusal(alice.call('verify', { contact: 'bob', agrees: true, identityKey: Buffer.alloc(32) }))
    expect(other.code).to.equal('ERR_USAGE')
    const not = await alice.call('verify', { contact: 'bob', agrees: false })
    expect(not.conversation?.key).to.equal(KeyState.MISMATCH)
    const error = await refusal(alice.call('send', { contact: 'bob', text: 'no' }))
    expect(error).to.include({ code: 'ERR_KEY_MISMATCH', status: 9 })
    const trusted = await alice.call('trust', { contact: 'bob' })
    expect(trusted.conversation?.key).to.equal(KeyState.PINNED)
  })

  it('blocks, and reports it, also where another program did it', async () => {
    const watch = await alice.watch()
    const isBlocked = (blocked: boolean) =>
      watch.until(({ seen }) => {
        const last = seen.findLast((event) => event.$case === 'conversation')
        return last?.$case === 'conversation' && last.value.blocked === blocked
      })
    expect((await alice.call('block', { contact: 'bob', blocked: true })).conversation?.blocked).to.equal(true)
    await isBlocked(true)
    expect((await refusal(alice.call('send', { contact: 'bob', text: 'no' }))).code).to.equal('ERR_BLOCKED')
    // Nothing stays of what cannot be offered.
    const upload = Buffer.alloc(16, 8)
    await alice.call('putBytes', { upload, name: 'a.txt', data: Buffer.from('x') })
    const offer = alice.call('offerFile', { contact: 'bob', source: { $case: 'upload', value: upload } })
    expect((await refusal(offer)).code).to.equal('ERR_BLOCKED')
    const uploads = join(installation.home.path, 'profiles', 'alice', 'uploads')
    expect(await readdir(uploads)).to.not.include(upload.toString('hex'))
    await setBlocked(await Profile.open(installation.home.path, 'alice'), 'bob', false)
    await isBlocked(false)
    await watch.end()
  })

  it('refuses what breaks a limit, and says what', async () => {
    for (const call of [
      alice.call('send', { contact: 'Bob', text: 'x' }),
      alice.call('send', { contact: 'bob' }),
      alice.call('listMessages', { contact: 'bob', limit: 501 }),
      alice.call('search', { words: '' }),
      alice.call('offerFile', { contact: 'bob', source: { $case: 'path', value: 'relative' } }),
      alice.call('answerOffer', { id: Buffer.alloc(15), answer: Answer.ACCEPT }),
      alice.call('answerOffer', { id: Buffer.alloc(16) }),
    ]) {
      expect(await refusal(call)).to.include({ code: 'ERR_INVALID_ARGUMENT', status: 3 })
    }
    expect((await refusal(alice.call('send', { contact: 'nobody', text: 'x' }))).code).to.equal('ERR_NO_SUCH_USER')
    expect((await refusal(alice.call('send', { contact: 'alice', text: 'x' }))).code).to.equal('ERR_CHAT_WITH_SELF')
  })

  it('lists who there is', async () => {
    const { people, complete } = await alice.call('listPeople', { prefix: 'b' })
    expect(complete).to.equal(true)
    expect(people.map(({ name, online }) => ({ name, online }))).to.deep.equal([{ name: 'bob', online: true }])
  })

  it('says to all who watch that a conversation was forgotten which began as they watched', async () => {
    const watches = [await bob.watch(), await bob.watch()]
    await bob.call('send', { contact: 'carol', text: 'hello' })
    for (const watch of watches) await watch.until(({ texts }) => texts.length > 0)
    await bob.call('forget', { contact: 'carol' })
    for (const watch of watches) {
      await watch.until(({ seen }) => seen.some(({ $case }) => $case === 'forgotten'))
      await watch.end()
    }
  })

  it('forgets a conversation, and begins it anew', async () => {
    const watch = await alice.watch()
    await alice.call('forget', { contact: 'bob' })
    await watch.until(({ seen }) => seen.some(({ $case }) => $case === 'forgotten'))
    expect((await alice.call('listMessages', { contact: 'bob' })).messages).to.deep.equal([])
    await deliver('a new beginning')
    await watch.until(({ texts }) => texts.length > 0)
    expect(watch.texts).to.deep.equal(['a new beginning'])
    await watch.end()
  })
})
