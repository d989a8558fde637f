import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { setBlocked, trust } from '../../../clients/profile/pins.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { openStore, STORE_FILE } from '../../../clients/store/open-store.ts'
import { freePort } from '../../support/free-port.ts'
import { Installation } from '../../support/installation.ts'
import { permitWriting } from '../../support/permits.ts'
import { rejection } from '../../support/rejection.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'
import { BOB_KEY, outgoingText } from '../../support/stores.ts'

describe('Messenger', function () {
  this.timeout(15_000)
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  const start = (name: string) => MessengerUnderTest.start(installation, name)

  /** Two who have talked before, and are gone. */
  async function acquaint(): Promise<void> {
    await using alice = await start('alice')
    await using bob = await start('bob')
    await alice.messenger.enqueue('bob', 'hello')
    await bob.until(() => bob.received.length === 1)
    await alice.untilDelivered('bob')
  }

  it('carries what both say in one conversation', async () => {
    await using alice = await start('alice')
    await using bob = await start('bob')
    await alice.messenger.enqueue('bob', 'are you there?')
    await bob.until(() => bob.received.includes('alice: are you there?'))
    await bob.messenger.enqueue('alice', 'yes')
    await alice.until(() => alice.received.includes('bob: yes'))
    await Promise.all([alice.untilDelivered('bob'), bob.untilDelivered('alice')])
    expect(await alice.texts('bob')).to.deep.equal(['are you there?', 'yes'])
    expect(await bob.texts('alice')).to.deep.equal(['are you there?', 'yes'])
  })

  it('tells both of each other’s writing, where a conversation is open', async () => {
    await using alice = await start('alice')
    await using bob = await start('bob')
    alice.messenger.sendTyping('bob', true)
    await alice.messenger.enqueue('bob', 'hello')
    await alice.untilDelivered('bob')
    alice.messenger.sendTyping('bob', true)
    await bob.until(() => bob.typing.length === 1)
    alice.messenger.sendTyping('bob', false)
    bob.messenger.sendTyping('alice', true)
    await bob.until(() => bob.typing.length === 2)
    await alice.until(() => alice.typing.length === 1)
    expect([bob.typing, alice.typing]).to.deep.equal([['alice: writes', 'alice: stops'], ['bob: writes']])
  })

  it('tells of what waits for a key that nobody has pinned, and gives it to no other', async () => {
    {
      const { folder, key } = (await Profile.open(installation.home.path, 'alice')).storage
      const store = openStore(folder, { profileKey: key })
      store.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText('for another key')])
      store.close()
    }
    await using alice = await start('alice')
    await using bob = await start('bob')
    await alice.until(() => alice.undeliverable.length > 0)
    expect(alice.undeliverable).to.deep.equal(['bob: 1'])
    await alice.messenger.enqueue('bob', 'for this one')
    await bob.until(() => bob.received.length > 0)
    expect(bob.received).to.deep.equal(['alice: for this one'])
  })

  it('delivers what was said to somebody offline when they come', async () => {
    await using alice = await start('alice')
    for (const text of ['one', 'two', 'three']) await alice.messenger.enqueue('bob', text)
    expect(alice.waitingFor('bob')).to.equal(3)
    await using bob = await start('bob')
    await alice.untilDelivered('bob')
    expect(bob.received).to.deep.equal(['alice: one', 'alice: two', 'alice: three'])
    await bob.messenger.enqueue('alice', 'all there')
    await alice.until(() => alice.received.length === 1)
  })

  it('keeps what was being said when it was stopped', async () => {
    await using alice = await start('alice')
    const said = ['one', 'two', 'three'].map((text) => alice.messenger.enqueue('bob', text))
    await alice.messenger.stop()
    expect(alice.waitingFor('bob')).to.equal(3)
    expect(await Promise.all(said)).to.deep.equal([1, 2, 3])
  })

  it('stops all of itself though its store cannot be read any more', async () => {
    await acquaint()
    const port = await freePort()
    await using bob = await start('bob')
    await using alice = await MessengerUnderTest.start(installation, 'alice', {
      listen: { address: '127.0.0.1', port },
    })
    await alice.messenger.enqueue('bob', 'still there?')
    await alice.untilDelivered('bob')
    using database = new DatabaseSync(join(alice.profile.storage.folder, STORE_FILE))
    database.exec('update contact set sealed = zeroblob(200)')
    await alice.messenger.stop()
    // Nobody listens there.
    await using other = createServer().listen(port, '127.0.0.1')
    await once(other, 'listening')
    await bob.until(() => bob.parted.length > 0)
  })

  it('goes on after a restart of either side with what waits', async () => {
    const texts = Array.from({ length: 60 }, (_, n) => `line ${n}`)
    for (let from = 0; from < texts.length; from += 20) {
      const part = texts.slice(from, from + 20)
      {
        // Nobody is there for the first half; the second is said while the other side comes, and leaves in the middle.
        await using alice = await start('alice')
        for (const text of part.slice(0, 10)) await alice.messenger.enqueue('bob', text)
        await using bob = await start('bob')
        const said = Promise.all(part.slice(10).map((text) => alice.messenger.enqueue('bob', text)))
        await bob.until(() => bob.received.length > 0)
        await said
      }
    }
    await using bob = await start('bob')
    await using alice = await start('alice')
    await alice.untilDelivered('bob')
    expect(await bob.texts('alice')).to.deep.equal(texts)
    expect(await alice.texts('bob')).to.deep.equal(texts)
  })

  it('goes on while the services are away, and calls again when they are back', async () => {
    await using alice = await start('alice')
    await using bob = await start('bob')
    await alice.messenger.enqueue('bob', 'before')
    await alice.untilDelivered('bob')
    await installation.stopDirectory()
    await alice.until(() => !alice.isOnline)
    await bob.messenger.enqueue('alice', 'meanwhile')
    await bob.untilDelivered('alice')
    await alice.messenger.peer('bob').goodbye()
    await alice.messenger.enqueue('bob', 'waits for the services')
    await installation.startDirectory()
    await alice.untilDelivered('bob')
    expect(bob.received).to.deep.equal(['alice: before', 'alice: waits for the services'])
    expect(alice.received).to.deep.equal(['bob: meanwhile'])
  })

  it('settles on one conversation where both call at once', async () => {
    await acquaint()
    await using alice = await start('alice')
    await using bob = await start('bob')
    await alice.until(() => alice.messenger.isOnline('bob'))
    await bob.until(() => bob.messenger.isOnline('alice'))
    const began = performance.now()
    await Promise.all([alice.messenger.enqueue('bob', 'from alice'), bob.messenger.enqueue('alice', 'from bob')])
    await Promise.all([alice.untilDelivered('bob'), bob.untilDelivered('alice')])
    expect(performance.now() - began).to.be.below(4_000)
    await alice.messenger.enqueue('bob', 'on the same line')
    await alice.untilDelivered('bob')
    expect(bob.received).to.deep.equal(['alice: from alice', 'alice: on the same line'])
    expect(alice.received).to.deep.equal(['bob: from bob'])
  })

  it('keeps what waits for a key from another one, which gets what is said once it is trusted', async () => {
    await acquaint()
    await using alice = await start('alice')
    await alice.messenger.enqueue('bob', 'for the old key alone')
    const anew = await installation.signIn('bob', { profile: 'bob-anew', replaceIdentityKey: true })
    await using bob = await start(anew.name)
    await alice.until(() => alice.refused.some(({ code }) => code === 'ERR_KEY_CHANGED'))
    const error = await rejection(alice.messenger.enqueue('bob', 'to whom?'))
    expect([error.code, alice.waitingFor('bob')]).to.deep.equal(['ERR_KEY_CHANGED', 1])
    // In another process, of which the messenger has not heard.
    const elsewhere = await Profile.open(installation.home.path, 'alice')
    await trust(elsewhere, 'bob', new Date())
    await alice.messenger.enqueue('bob', 'good to see you')
    await bob.until(() => bob.received.length > 0)
    await bob.messenger.enqueue('alice', 'likewise')
    await alice.until(() => alice.received.length > 0)
    expect(bob.received).to.deep.equal(['alice: good to see you'])
    await alice.until(() => alice.waitingFor('bob') === 1)
  })

  it('does not say to a key that is trusted while it calls what waits for another', async () => {
    await acquaint()
    await using alice = await start('alice')
    await alice.messenger.enqueue('bob', 'for the old key alone')
    const anew = await installation.signIn('bob', { profile: 'bob-anew', replaceIdentityKey: true })
    const elsewhere = await Profile.open(installation.home.path, 'alice')
    await elsewhere.update((state) => {
      const known = state.pins.get('bob')
      if (known === undefined) throw new Error('there was no first conversation')
      const identityKey = anew.state.identity.publicKey
      return { ...state, pins: new Map(state.pins).set('bob', { ...known, identityKey }) }
    })
    await using bob = await start(anew.name)
    await alice.until(() => alice.messenger.isOnline('bob'))
    await alice.messenger.enqueue('bob', 'for the new one')
    await bob.until(() => bob.received.length > 0)
    await alice.messenger.peer('bob').goodbye()
    expect(bob.received).to.deep.equal(['alice: for the new one'])
    expect(alice.waitingFor('bob')).to.equal(1)
  })

  it('neither says to nor hears from whom the user has blocked', async () => {
    await acquaint()
    await using alice = await start('alice')
    await using bob = await start('bob')
    await setBlocked(alice.profile, 'bob', true)
    expect((await rejection(alice.messenger.enqueue('bob', 'nothing'))).code).to.equal('ERR_BLOCKED')
    await bob.messenger.enqueue('alice', 'let me in')
    await setBlocked(alice.profile, 'bob', false)
    alice.messenger.peer('bob').call()
    await alice.until(() => alice.received.length > 0)
    expect(alice.received).to.deep.equal(['bob: let me in'])
    expect(alice.waitingFor('bob')).to.equal(0)
  })

  it('keeps nothing of somebody who is online and cannot be reached', async () => {
    const advertise = [{ address: '127.0.0.1', port: await freePort() }]
    await using bob = await MessengerUnderTest.start(installation, 'bob', { advertise })
    await using alice = await start('alice')
    expect(await rejection(alice.messenger.open('bob'))).to.include({ code: 'ERR_PEER_UNREACHABLE' })
    // The directory's word comes in its own time.
    await alice.until(() => alice.messenger.isOnline('bob'))
    expect(alice.messenger.progress('bob').appended).to.equal(0)
    expect([alice.store.names(), bob.received]).to.deep.equal([[], []])
  })

  it('forgets with the store, and begins anew', async () => {
    await using alice = await start('alice')
    await using bob = await start('bob')
    await alice.messenger.enqueue('bob', 'forget this')
    await alice.untilDelivered('bob')
    alice.store.forget('bob')
    alice.messenger.takeAppended()
    await alice.messenger.enqueue('bob', 'as if new')
    await alice.untilDelivered('bob')
    expect(await alice.texts('bob')).to.deep.equal(['as if new'])
    expect(bob.received.at(-1)).to.equal('alice: as if new')
  })
})
