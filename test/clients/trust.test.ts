import { expect } from 'chai'
import { noteChangedKey, stateOf, trust } from '../../clients/profile/pins.ts'
import { Profile } from '../../clients/profile/profile.ts'
import { Installation } from '../support/installation.ts'
import { bytesOf } from '../support/random.ts'
import { rejection } from '../support/rejection.ts'

describe('a changed identity key', () => {
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
    await using bob = await installation.receive('bob')
    await installation.send('alice', 'bob', 'we know each other').done
    await bob.output.until((text) => text === 'we know each other\n')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  /** A new machine of somebody's, with an identity key of its own. */
  const newMachine = (name: string) => installation.signIn(name, { profile: `${name}2`, replaceIdentityKey: true })

  const trustIn = async (profile: string, name: string) =>
    trust(await Profile.open(installation.home.path, profile), name, new Date())

  it('is refused at login unless the account is to be taken over', async () => {
    expect((await rejection(installation.signIn('bob', { profile: 'bob2' }))).code).to.equal('ERR_IDENTITY_CONFLICT')
  })

  it('of the receiver stops the sender before it says a word, until the user trusts it', async () => {
    await newMachine('bob')
    await using bob = await installation.receive('bob2')
    expect((await rejection(installation.send('alice', 'bob', 'secret').done)).code).to.equal('ERR_KEY_CHANGED')
    expect(bob.errors.text).not.to.include('alice')
    expect(await trustIn('alice', 'bob')).to.equal('replaced')
    await installation.send('alice', 'bob', 'secret').done
    await bob.output.until((text) => text === 'secret\n')
  })

  for (const beside of ['nothing', 'a receive']) {
    it(`that is no longer said is taken back by a send beside ${beside}, which goes and says so`, async () => {
      await using bob = await installation.receive('bob')
      await using _other = beside === 'nothing' ? undefined : await installation.receive('alice')
      const alice = await Profile.open(installation.home.path, 'alice')
      await noteChangedKey(alice, 'bob', bytesOf('the key of who lies', 32), new Date(Date.now() - 3_700_000))
      const sent = installation.send('alice', 'bob', 'still you')
      await sent.done
      await bob.output.until((text) => text === 'still you\n')
      expect(sent.errors.text).to.include('for an hour somebody else’s key was said to be bob’s')
      const pin = (await alice.refresh()).pins.get('bob')
      expect(pin && stateOf(pin)).to.equal('pinned')
    })
  }

  it('of the sender shows nothing and tells the sender so, until the user trusts it', async () => {
    await newMachine('alice')
    await using bob = await installation.receive('bob')
    const send = () => installation.send('alice2', 'bob', 'it is me').done
    expect((await rejection(send())).code).to.equal('ERR_KEY_CHANGED')
    expect(bob.output.text).to.equal('')
    expect(bob.errors.text).to.include('alice called with another key')
    // Beside the receiver, which runs on.
    expect(await trustIn('bob', 'alice')).to.equal('replaced')
    await send()
    await bob.output.until((text) => text === 'it is me\n')
  })
})
