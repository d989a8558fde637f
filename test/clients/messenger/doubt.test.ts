import { expect } from 'chai'
import { aborted } from '../../../clients/command/run-command.ts'
import { stateOf, trust, verify } from '../../../clients/profile/pins.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { LyingServices } from '../../support/lying-services.ts'
import { keyPairOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'
import { type TestAuthority, testAuthority } from '../../support/test-authority.ts'

const ALICE = keyPairOf('identity of alice')
const BOB = keyPairOf('identity of bob')
const LIAR = keyPairOf('identity of who lies')

describe('Messenger, in doubt about a key', () => {
  let authority: TestAuthority
  let home: TemporaryFolder
  let services: LyingServices
  let alice: MessengerUnderTest
  let bob: MessengerUnderTest

  /** Whether the directory leaves calls without an answer. */
  let isSilent: boolean

  const start = (name: string) =>
    MessengerUnderTest.start({ home }, name, {
      directoryFor: (profile) => {
        const directory = services.directoryFor(profile)
        const requestChat = directory.requestChat.bind(directory)
        directory.requestChat = async (peerName, signal) => {
          if (isSilent) await aborted(signal)
          return await requestChat(peerName, signal)
        }
        return directory
      },
    })
  const lie = () => services.claim('bob', { profile: 'bob', identityKey: LIAR.publicKey })
  const tellTruth = () => services.claim('bob', { profile: 'bob', identityKey: BOB.publicKey })
  const state = () => {
    const pin = alice.profile.state.pins.get('bob')
    return pin && stateOf(pin)
  }

  before(async () => {
    authority = await testAuthority()
  })
  after(() => authority[Symbol.asyncDispose]())

  beforeEach(async () => {
    isSilent = false
    home = await temporaryFolder()
    services = new LyingServices(authority.authorityPem)
    await services.enrol(home.path, { name: 'alice', username: 'alice', identity: ALICE })
    await services.enrol(home.path, { name: 'bob', username: 'bob', identity: BOB })
    services.claim('alice', { profile: 'alice', identityKey: ALICE.publicKey })
    tellTruth()
    alice = await start('alice')
    bob = await start('bob')
    await alice.messenger.enqueue('bob', 'one')
    await bob.until(() => bob.received.includes('alice: one'))
    await verify(alice.profile, 'bob', BOB.publicKey, new Date())
  })
  afterEach(async () => {
    await alice[Symbol.asyncDispose]()
    await bob[Symbol.asyncDispose]()
    await home[Symbol.asyncDispose]()
  })

  /** The services lie while something waits for bob, who has just come. */
  async function fallForALie(): Promise<void> {
    await bob[Symbol.asyncDispose]()
    await alice.until(() => !alice.messenger.isOnline('bob'))
    await alice.messenger.enqueue('bob', 'waits')
    lie()
    bob = await start('bob')
    await alice.until(() => alice.refused.length > 0)
  }

  it('tells of what waits for a former key once the other one is trusted, and not before', async () => {
    await fallForALie()
    expect([state(), alice.undeliverable]).to.deep.equal(['changed', []])
    await trust(alice.profile, 'bob', new Date())
    await alice.until(() => alice.undeliverable.length > 0)
    expect(alice.undeliverable).to.deep.equal(['bob: 1'])
  })

  it('says nothing while the services say another key, and warns once', async () => {
    await fallForALie()
    for (const _ of [1, 2]) {
      expect((await rejection(alice.messenger.enqueue('bob', 'two'))).code).to.equal('ERR_KEY_CHANGED')
      expect((await rejection(alice.messenger.open('bob'))).code).to.equal('ERR_KEY_CHANGED')
      alice.messenger.peer('bob').hurry()
      await alice.messenger.peer('bob').idle()
    }
    expect([state(), alice.refused.map(({ code }) => code)]).to.deep.equal(['changed', ['ERR_KEY_CHANGED']])
    expect([bob.received, alice.withdrawn]).to.deep.equal([[], []])
  })

  it('stops at once while it finds out whether they may be written to', async () => {
    await fallForALie()
    await alice.messenger.peer('bob').idle()
    isSilent = true
    const refused = rejection(alice.messenger.enqueue('bob', 'two'))
    await alice.messenger.stop()
    expect((await refused).code).to.equal('ERR_INTERRUPTED')
  })

  it('takes the doubt back once the pinned key is proven: what waited goes, and the key is as verified as before', async () => {
    await fallForALie()
    tellTruth()
    await alice.messenger.enqueue('bob', 'two')
    await bob.until(() => bob.received.includes('alice: two'))
    expect(bob.received).to.deep.equal(['alice: waits', 'alice: two'])
    expect([state(), alice.withdrawn]).to.deep.equal(['verified', ['bob']])
  })

  it('takes it back where they call', async () => {
    await fallForALie()
    tellTruth()
    await bob.messenger.open('alice')
    await alice.until(() => alice.withdrawn.length === 1)
    await bob.until(() => bob.received.includes('alice: waits'))
    expect(state()).to.equal('verified')
  })

  it('does not take it back for a word of the services alone', async () => {
    await fallForALie()
    // So that they give out tickets and grants for the pinned key, and nobody is there to prove it.
    services.deniesDepartures = true
    await bob.messenger.stop()
    tellTruth()
    expect((await rejection(alice.messenger.enqueue('bob', 'two'))).code).to.equal('ERR_KEY_CHANGED')
    expect(state()).to.equal('changed')
    expect((await Profile.open(home.path, 'alice')).state.pins.get('bob')?.changedAtMs).to.be.a('number')
  })
})
