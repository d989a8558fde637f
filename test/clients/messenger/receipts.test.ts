import { expect } from 'chai'
import { Profile } from '../../../clients/profile/profile.ts'
import { setReceipts } from '../../../clients/profile/settings.ts'
import { Installation } from '../../support/installation.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'

/** That what was said is read: told where the reader allows it, and nothing of it otherwise. */
describe('Messenger, of what is read', function () {
  this.timeout(15_000)
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  const start = (name: string) => MessengerUnderTest.start(installation, name)

  /** In another terminal. */
  const allow = async (name: string) => setReceipts(await Profile.open(installation.home.path, name), true)

  const readBy = (person: MessengerUnderTest, name: string) => () => person.messenger.progress(name).read

  /** What somebody's records say of reading. */
  const saidOfReading = ({ traced }: MessengerUnderTest, from: string) =>
    traced.flatMap((event) => (event.from === from ? event.fields : [])).filter(({ name }) => name === 'read')

  it('tells it when it is seen, and in each conversation', async () => {
    await allow('bob')
    await using alice = await start('alice')
    const read = readBy(alice, 'bob')
    {
      await using bob = await start('bob')
      for (const text of ['one', 'two', 'three']) await alice.messenger.enqueue('bob', text)
      await bob.until(() => bob.received.length === 3)
      await alice.untilDelivered('bob')
      expect(read()).to.equal(0)
      bob.messenger.markRead('alice', bob.store.unread('alice', { limit: 2 }).at(-1))
      await alice.until(() => read() === 2)
      bob.messenger.markRead('alice')
      await alice.until(() => read() === 3)
      await alice.messenger.enqueue('bob', 'four')
      await bob.until(() => bob.received.length === 4)
    }
    // Seen while nobody was there to be told.
    await using bob = await start('bob')
    bob.messenger.markRead('alice')
    await bob.messenger.enqueue('alice', 'back again')
    await alice.until(() => read() === 4)
  })

  it('tells nothing where it is not allowed, until it is', async () => {
    await using alice = await start('alice')
    await using bob = await start('bob')
    const read = readBy(alice, 'bob')
    await alice.messenger.enqueue('bob', 'hello')
    await bob.until(() => bob.received.length === 1)
    bob.messenger.markRead('alice')
    await bob.messenger.enqueue('alice', 'seen, and said by words alone')
    await alice.until(() => alice.received.length === 1)
    expect([read(), saidOfReading(bob, 'bob')]).to.deep.equal([0, []])

    await allow('bob')
    await alice.until(() => read() === 1)

    await setReceipts(bob.profile, false)
    await bob.messenger.peer('alice').goodbye()
    const before = saidOfReading(bob, 'bob').length
    await alice.messenger.enqueue('bob', 'and this?')
    await bob.until(() => bob.received.length === 2)
    bob.messenger.markRead('alice')
    await bob.messenger.enqueue('alice', 'none of your business')
    await alice.until(() => alice.received.length === 2)
    expect([read(), saidOfReading(bob, 'bob').length]).to.deep.equal([1, before])
  })
})
