import { EventEmitter, once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect } from 'chai'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import type { Route } from '#lib/protocol.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { setReach } from '../../../clients/profile/settings.ts'
import type { Reach } from '../../../clients/profile/state.ts'
import { DirectoryClient } from '../../../clients/session/directory-client.ts'
import { ServerClock } from '../../../clients/session/server-clock.ts'
import { Installation } from '../../support/installation.ts'
import { rejection } from '../../support/rejection.ts'
import { MessengerUnderTest, type MessengerUnderTestOptions } from '../../support/running-messenger.ts'

describe('conversations through the relay', () => {
  let installation: Installation
  let resources: AsyncDisposableStack

  /** An endpoint that takes connections and says nothing, as some firewalls do. */
  let nowhere: Endpoint

  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
    resources = new AsyncDisposableStack()
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    resources.defer(() => void silent.close())
    nowhere = { address: '127.0.0.1', port: (silent.address() as AddressInfo).port }
  })
  afterEach(async () => {
    await resources.disposeAsync()
    await installation[Symbol.asyncDispose]()
  })

  async function start(
    name: string,
    { reach = 'any' as Reach, ...options }: MessengerUnderTestOptions & { readonly reach?: Reach } = {},
  ): Promise<MessengerUnderTest> {
    await setReach(await installation.profileOf(name), reach)
    return resources.use(await MessengerUnderTest.start(installation, name, options))
  }

  const routeTo = (one: MessengerUnderTest, name: string): Route | undefined => one.messenger.routeTo(name)

  it('are not held where both can be reached directly', async () => {
    await installation.startRelay()
    const [alice, bob] = [await start('alice'), await start('bob')]
    await alice.deliver('bob', 'hello')
    expect([routeTo(alice, 'bob'), routeTo(bob, 'alice')]).to.deep.equal(['direct', 'direct'])
  })

  it('are held where no endpoint answers, once each has had its head start', async () => {
    await installation.startRelay()
    const [alice, bob] = [await start('alice'), await start('bob', { advertise: [nowhere] })]
    const startedMs = performance.now()
    await alice.deliver('bob', 'hello')
    expect(performance.now() - startedMs).to.be.within(250, 3_000)
    expect([routeTo(alice, 'bob'), routeTo(bob, 'alice')]).to.deep.equal(['relay', 'relay'])
    await bob.deliver('alice', 'and hello')
    expect([bob.received, alice.received]).to.deep.equal([['alice: hello'], ['bob: and hello']])
  })

  it('are held by one who has no address at all, in both directions', async () => {
    await installation.startRelay()
    const [alice, bob] = [await start('alice'), await start('bob', { reach: 'relay' })]
    await alice.deliver('bob', 'hello')
    await bob.deliver('alice', 'and hello')
    expect([routeTo(alice, 'bob'), routeTo(bob, 'alice')]).to.deep.equal(['relay', 'relay'])
  })

  it('tell no address of one who hides it', async () => {
    await installation.startRelay()
    const bob = await start('bob')
    const hidden = await start('alice', {
      reach: 'relay',
      directoryFor: ({ login: { account, session } }) =>
        new DirectoryClient({
          account,
          session,
          clock: new ServerClock(systemClock, 0),
          trace: undefined,
          hidesAddress: true,
        }),
    })
    await hidden.deliver('bob', 'hello')
    const hello = bob.traced.find(({ message }) => message === 'Hello')
    const ticket = hello?.fields.find(({ name }) => name === 'ticket')
    expect(ticket?.inside?.find(({ name }) => name === 'sender_address')?.value).to.equal('')
    expect(hello?.readableBy).to.match(/^the relay;/)
  })

  it('are held by nobody who is not to use it', async () => {
    await installation.startRelay()
    const [alice] = [await start('alice', { reach: 'direct' }), await start('bob', { reach: 'relay' })]
    await alice.messenger.open('bob').then(
      () => expect.fail('it was opened'),
      ({ code }) => expect(code).to.equal('ERR_PEER_UNREACHABLE'),
    )
  })

  it('go on through the relay when that is back, with nothing lost or repeated', async () => {
    await installation.startRelay()
    const [alice, bob] = [await start('alice'), await start('bob', { reach: 'relay' })]
    await alice.deliver('bob', 'before')
    await installation.stopRelay()
    await alice.messenger.enqueue('bob', 'during')
    await bob.messenger.enqueue('alice', 'meanwhile')
    await installation.startRelay()
    await alice.untilDelivered('bob')
    await bob.untilDelivered('alice')
    await alice.deliver('bob', 'after')
    expect(bob.received).to.deep.equal(['alice: before', 'alice: during', 'alice: after'])
    expect(alice.received).to.deep.equal(['bob: meanwhile'])
  })

  it('go on directly when the relay has gone', async () => {
    await installation.startRelay()
    const bob = await start('bob')
    const alice = await start('alice', { reach: 'relay' })
    await alice.deliver('bob', 'before')
    expect(routeTo(alice, 'bob')).to.equal('relay')
    await setReach(alice.profile, 'any')
    await installation.stopRelay()
    await alice.deliver('bob', 'after')
    expect(routeTo(alice, 'bob')).to.equal('direct')
    expect(bob.received).to.deep.equal(['alice: before', 'alice: after'])
  })

  it('are held by one who has no address at all as soon as there is a relay, and who is offline until then', async () => {
    await setReach(await installation.profileOf('bob'), 'relay')
    const starting = MessengerUnderTest.start(installation, 'bob', { startsOffline: true })
    const alice = await start('alice')
    await alice.messenger.enqueue('bob', 'hello')
    await installation.startRelay()
    const bob = resources.use(await starting)
    await alice.untilDelivered('bob')
    expect([routeTo(alice, 'bob'), bob.received]).to.deep.equal(['relay', ['alice: hello']])
  })

  it('are held by one who has no address at all while there is a relay, and who is offline without', async () => {
    await installation.startRelay()
    const [alice, bob] = [await start('alice'), await start('bob', { reach: 'relay' })]
    await alice.deliver('bob', 'before')
    await installation.stopRelay()
    await Promise.all([alice.until(() => !alice.messenger.isOnline('bob')), bob.until(() => !bob.isOnline)])
    await installation.startRelay()
    await alice.until(() => alice.messenger.isOnline('bob'))
    await alice.deliver('bob', 'after')
  })

  it('are waited for by nobody who is to come online at once: there is no relay, and they learn so', async () => {
    await setReach(await installation.profileOf('bob'), 'relay')
    expect((await rejection(installation.receive('bob'))).code).to.equal('ERR_UNAVAILABLE')
  })

  describe('that could go directly', () => {
    const moveBackoff = { firstMs: 20, longestMs: 20 }
    const RELAYED = { reach: 'relay' } as const

    /** A conversation through the relay, of which either side can be called by now. */
    async function relayed() {
      await installation.startRelay()
      const [alice, bob] = [await start('alice', { ...RELAYED, moveBackoff }), await start('bob', { moveBackoff })]
      await alice.deliver('bob', 'through the relay')
      expect([routeTo(alice, 'bob'), routeTo(bob, 'alice')]).to.deep.equal(['relay', 'relay'])
      return { alice, bob }
    }

    const untilDirect = (one: MessengerUnderTest, other: string) => one.until(() => routeTo(one, other) === 'direct')

    it('do so as soon as the opener reaches the other side, with nothing lost, doubled or parted', async () => {
      const { alice, bob } = await relayed()
      let partings = 0
      const watch = (one: MessengerUnderTest, other: string) =>
        one.changes.on('change', () => {
          if (!one.messenger.isTalkingWith(other)) partings += 1
        })
      watch(alice, 'bob')
      watch(bob, 'alice')
      await setReach(alice.profile, 'any')
      const texts = Array.from({ length: 200 }, (_, n) => `text ${n}`)
      const saying = (async () => {
        for (const text of texts) await alice.messenger.enqueue('bob', text)
      })()
      await Promise.all([untilDirect(alice, 'bob'), untilDirect(bob, 'alice'), saying])
      await alice.untilDelivered('bob')
      await bob.deliver('alice', 'an answer')
      expect(bob.received).to.deep.equal(['through the relay', ...texts].map((text) => `alice: ${text}`))
      expect([alice.received, partings]).to.deep.equal([['bob: an answer'], 0])
    })

    it('do so where only the one who was called reaches the other', async () => {
      await installation.startRelay()
      const alice = await start('alice', { moveBackoff })
      const bob = await start('bob', { advertise: [nowhere], moveBackoff })
      await alice.deliver('bob', 'through the relay')
      await untilDirect(alice, 'bob')
      await bob.deliver('alice', 'directly')
      expect([routeTo(bob, 'alice'), alice.received]).to.deep.equal(['direct', ['bob: directly']])
    })

    it('stay where they are while nobody is reached, or the user would have it so', async () => {
      await installation.startRelay()
      const asked = new EventEmitter<{ change: [] }>()
      const alice = await start('alice', { ...RELAYED, moveBackoff })
      const bob = await start('bob', {
        ...{ advertise: [nowhere], moveBackoff },
        directoryFor: ({ login: { account, session } }) => {
          const clock = new ServerClock(systemClock, 0)
          const directory = new DirectoryClient({ account, session, clock, trace: undefined })
          const { requestChat } = directory
          directory.requestChat = async (...request) => {
            asked.emit('change')
            return await requestChat.apply(directory, request)
          }
          return directory
        },
      })
      await alice.deliver('bob', 'through the relay')
      // Bob asks again and again, and nobody of either side can be called.
      for (let count = 0; count < 3; count += 1) await once(asked, 'change')
      await alice.deliver('bob', 'still through the relay')
      expect([routeTo(alice, 'bob'), routeTo(bob, 'alice')]).to.deep.equal(['relay', 'relay'])
    })
  })

  it('are announced anew when a relay has come, without a word of a leaving', async () => {
    const [alice, bob] = [await start('alice'), await start('bob', { advertise: [nowhere] })]
    await alice.messenger.enqueue('bob', 'hello')
    const coming: boolean[] = []
    alice.changes.on('change', () => coming.push(alice.messenger.isOnline('bob')))
    await installation.startRelay()
    await alice.untilDelivered('bob')
    expect(routeTo(alice, 'bob')).to.equal('relay')
    expect(coming.includes(false)).to.equal(false)
    expect(bob.isOnline).to.equal(true)
  })

  it('are not tried with a session of before there were relays, which goes on directly', async () => {
    await installation.startRelay()
    for (const name of ['alice', 'bob']) {
      await (await installation.profileOf(name)).update((state) => {
        const { account } = state
        if (account?.session === undefined) throw new TypeError('nobody is signed in')
        const keys = { ...account.session.keys, relayBearer: undefined }
        return { ...state, account: { ...account, relayAddresses: [], session: { ...account.session, keys } } }
      })
    }
    const [alice, bob] = [await start('alice'), await start('bob')]
    await alice.deliver('bob', 'hello')
    expect(routeTo(bob, 'alice')).to.equal('direct')
  })
})
