import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { setReach } from '../../../clients/profile/settings.ts'
import type { Reach } from '../../../clients/profile/state.ts'
import { Installation } from '../../support/installation.ts'
import type { Carriage, LyingRelay, Meddling } from '../../support/lying-relay.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'

/** The messages of a conversation by their numbers: Hello or Welcome, Resume, and what is said. */
const SAID = 2

/** Does something to the first message of a number, in every conversation. */
const at =
  (number: number, meddle: (message: Buffer) => Carriage | Promise<Carriage>): Meddling =>
  (message, place) =>
    place.number === number ? meddle(message) : [message]

const flipped = (message: Buffer, at: number) => {
  const changed = Buffer.from(message)
  changed[at] = (changed[at] as number) ^ 1
  return changed
}

describe('a relay that lies', () => {
  let installation: Installation
  let relay: LyingRelay
  let resources: AsyncDisposableStack

  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob', 'carol')
    relay = await installation.startLyingRelay()
    resources = new AsyncDisposableStack()
  })
  afterEach(async () => {
    await resources.disposeAsync()
    await installation[Symbol.asyncDispose]()
  })

  async function start(name: string, reach: Reach = 'relay'): Promise<MessengerUnderTest> {
    await setReach(await installation.profileOf(name), reach)
    return resources.use(await MessengerUnderTest.start(installation, name))
  }

  const TEXTS = ['one', 'two', 'three', 'four', 'five']

  /** Alice says five things while it lies, and after it has lied enough. */
  async function converse(lies: number): Promise<{ bob: MessengerUnderTest; alice: MessengerUnderTest }> {
    const [alice, bob] = [await start('alice'), await start('bob')]
    const { meddle } = relay
    let lied = 0
    relay.meddle = async (message, place) => {
      const instead = lied < lies ? await meddle(message, place) : [message]
      if (instead === 'cut' || instead.length !== 1 || instead[0] !== message) lied += 1
      return instead
    }
    for (const text of TEXTS) await alice.messenger.enqueue('bob', text)
    await alice.untilDelivered('bob')
    await bob.deliver('alice', 'an answer')
    expect(lied).to.equal(lies)
    return { alice, bob }
  }

  /** How long it holds a message back that it delays, in milliseconds. */
  const DELAY_MS = 300

  let held: Buffer | undefined
  const lies: Record<string, Meddling> = {
    'repeats a message': at(SAID, (message) => [message, message]),
    'repeats the Hello and the Welcome': at(0, (message) => [message, message]),
    'drops a message': at(SAID, () => []),
    'changes the first byte of a message': at(SAID, (message) => [flipped(message, 0)]),
    'changes the first byte of a record': at(SAID, (message) => [flipped(message, 3)]),
    'changes the last byte of a message': at(SAID, (message) => [flipped(message, message.length - 1)]),
    'changes the last byte of the Hello and the Welcome': at(0, (message) => [flipped(message, message.length - 1)]),
    'cuts a message short': at(SAID, (message) => [message.subarray(0, -1)]),
    'puts a message of its own in': at(SAID, (message) => [randomBytes(80), message]),
    'delays a message': at(SAID, async (message) => {
      await wait(DELAY_MS)
      return [Buffer.from(message)]
    }),
    'cuts a conversation': at(SAID, () => 'cut'),
    'cuts a handshake': at(0, () => 'cut'),
    'swaps two messages': (message, { number }) => {
      if (number === SAID) {
        held = message
        return []
      }
      return number === SAID + 1 && held !== undefined ? [message, held] : [message]
    },
  }
  for (const [what, meddle] of Object.entries(lies)) {
    it(`loses, doubles and reorders nothing, where it ${what}`, async () => {
      relay.meddle = meddle
      const { alice, bob } = await converse(2)
      expect(bob.received).to.deep.equal(TEXTS.map((text) => `alice: ${text}`))
      expect(alice.received).to.deep.equal(['bob: an answer'])
    })
  }

  it('is believed for no longer than it says so, where it says that somebody does not attend', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')]
    let denied = 0
    relay.choose = () => {
      denied += 1
      if (denied === 2) relay.behave()
      return undefined
    }
    await alice.messenger.enqueue('bob', 'hello')
    await alice.untilDelivered('bob')
    expect(denied).to.equal(2)
    expect(bob.received).to.deep.equal(['alice: hello'])
  })

  it('does not hold up a conversation that can go directly, where it says nothing', async () => {
    relay.answer = () => new Promise(() => {})
    const [alice, bob] = [await start('alice', 'any'), await start('bob', 'any')]
    await alice.deliver('bob', 'hello')
    expect(alice.messenger.routeTo('bob')).to.equal('direct')
    expect(bob.received).to.deep.equal(['alice: hello'])
  })

  it('has nobody taken for the receiver, where it joins a call to somebody else', async () => {
    const [alice, bob, carol] = [await start('alice'), await start('bob'), await start('carol')]
    relay.choose = (wanted, attendances) => attendances.find(({ id }) => !id.equals(wanted))
    await alice.messenger.enqueue('bob', 'for bob alone')
    await relay.untilCarried()
    relay.behave()
    await alice.untilDelivered('bob')
    expect(bob.received).to.deep.equal(['alice: for bob alone'])
    expect(carol.received).to.deep.equal([])
  })

  it('is not taken for the receiver, where it answers by itself', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')]
    let answered = 0
    relay.answer = async (stream) => {
      await stream.messages.next()
      const { ConverseResponse } = await import('#gen/sotto/peer/v1/peer_service.ts')
      const welcome = { kemCiphertext: randomBytes(1_088), noiseMessage: randomBytes(48) }
      const response = ConverseResponse.encode({ message: { $case: 'welcome', value: welcome } }).finish()
      await stream.send({ message: { $case: 'response', value: Buffer.from(response) } })
      answered += 1
      if (answered === 2) relay.behave()
    }
    await alice.messenger.enqueue('bob', 'hello')
    await alice.untilDelivered('bob')
    expect(answered).to.equal(2)
    expect(bob.received).to.deep.equal(['alice: hello'])
  })

  it('reads no word and no name of what it carries', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')]
    await alice.deliver('bob', 'a text that nobody else can read')
    await bob.deliver('alice', 'nor this')
    const carried = Buffer.concat(relay.recorded).toString('latin1')
    for (const word of ['a text that', 'nor this', 'alice', 'bob']) expect(carried).not.to.include(word)
  })
})
