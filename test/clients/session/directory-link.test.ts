import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect } from 'chai'
import { Presence } from '#gen/sotto/directory/v1/directory_service.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { realmOfAccount } from '../../../clients/profile/state.ts'
import { DirectoryClient } from '../../../clients/session/directory-client.ts'
import { DirectoryLink, keepIn } from '../../../clients/session/directory-link.ts'
import { ServerClock } from '../../../clients/session/server-clock.ts'
import { Installation } from '../../support/installation.ts'
import { rejection } from '../../support/rejection.ts'

describe('the link to a directory that the host has moved', () => {
  let installation: Installation
  before(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  after(() => installation[Symbol.asyncDispose]())

  /** A client that believes the directory to be where nobody is. */
  async function misled(authAddress?: string) {
    const profile = await Profile.open(installation.home.path, 'alice')
    const { authorityPem } = profile.login.account
    const realm = realmOfAccount(profile.login.account)
    await keepIn(profile)({
      authorityPem,
      realm,
      directoryAddress: '127.0.0.1:1',
      relayAddresses: [],
      learntAtMs: Date.now(),
    })
    const { account, session } = profile.login
    const client = new DirectoryClient({
      account: authAddress === undefined ? account : { ...account, authAddress },
      session,
      clock: new ServerClock(systemClock, 0),
      trace: undefined,
      onLearnt: keepIn(profile),
    })
    return { client, profile }
  }

  it('asks Auth where it is, goes there, and keeps that', async () => {
    const { client, profile } = await misled()
    expect(await client.getPresence('bob', new AbortController().signal)).to.equal(Presence.OFFLINE)
    client.close()
    expect(profile.state.account?.directoryAddress).to.match(/^127\.0\.0\.1:\d{4,5}$/)
  })

  it('goes there with all who find it away at once', async () => {
    const { client } = await misled()
    const asked = ['alice', 'bob'].map((name) => client.getPresence(name, new AbortController().signal))
    expect(await Promise.all(asked)).to.deep.equal([Presence.OFFLINE, Presence.OFFLINE])
    client.close()
  })

  it('asks there, too, what is under way when it goes', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { account, session } = (await Profile.open(installation.home.path, 'alice')).login
    const { port } = silent.address() as AddressInfo
    const link = new DirectoryLink({ ...account, directoryAddress: `127.0.0.1:${port}` })
    const { signal } = new AbortController()
    const { directoryBearer: bearer } = session.keys
    const asked = link.ask((calls) => calls.getPresence({ username: 'bob' }, { bearer, signal }), signal)
    expect(await link.follow(signal)).to.equal(true)
    expect((await asked).presence).to.equal(Presence.OFFLINE)
    link.close()
    silent.close()
  })

  it('announces there', async () => {
    const { client } = await misled()
    const ending = new AbortController()
    const { promise: isOnline, resolve } = Promise.withResolvers<void>()
    const announcing = client.announce({
      endpoints: () => [{ address: '127.0.0.1', port: 4_000 }],
      instanceId: Buffer.alloc(16),
      signal: ending.signal,
      onOnline: () => resolve(),
      onOffline: () => {},
      startsOffline: true,
    })
    announcing.catch(() => {})
    await isOnline
    ending.abort()
    client.close()
  })

  it('knows whether the directory is on this machine: nobody is called at loopback otherwise', async () => {
    const { account } = (await Profile.open(installation.home.path, 'alice')).login
    const isHere = async (directoryAddress: string) => {
      const link = new DirectoryLink({ ...account, directoryAddress })
      try {
        return await link.isOnThisMachine()
      } finally {
        link.close()
      }
    }
    for (const address of ['127.0.0.1:1', '127.9.9.9:1', '[::1]:1', 'localhost:1']) {
      expect(await isHere(address), address).to.equal(true)
    }
    for (const address of ['192.0.2.1:1', '192.168.1.1:1', '[2001:db8::1]:1', 'nowhere.invalid:1']) {
      expect(await isHere(address), address).to.equal(false)
    }
  })

  it('says that the directory is away where Auth is, too', async () => {
    const { client } = await misled('127.0.0.1:1')
    const { code } = await rejection(client.getPresence('bob', new AbortController().signal))
    client.close()
    expect(code).to.equal('ERR_UNAVAILABLE')
  })
})
