import { join } from 'node:path'
import { expect } from 'chai'
import { Presence } from '#gen/sotto/directory/v1/directory_service.ts'
import { loadAuthority } from '#lib/runtime/certificates/authority.ts'
import { certificatesIn, inDer } from '#lib/runtime/certificates/chain.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { fingerprintOf, realmOf } from '#lib/runtime/tls.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { realmOfAccount } from '../../../clients/profile/state.ts'
import { findServer, type TrustedServer } from '../../../clients/session/authority.ts'
import { DirectoryClient } from '../../../clients/session/directory-client.ts'
import { keepIn } from '../../../clients/session/directory-link.ts'
import { connectAuth, getServerInfo, isAuthorityOf, login } from '../../../clients/session/login.ts'
import { ServerClock } from '../../../clients/session/server-clock.ts'
import { rotateAuthority } from '../../../services/auth/keys/rotation.ts'
import { passwordOf } from '../../support/auth-records.ts'
import { authServer, SERVER_INFO } from '../../support/auth-server.ts'
import { awaitedLog } from '../../support/awaited-log.ts'
import { rejection } from '../../support/rejection.ts'
import { AuthUnderTest } from '../../support/running-auth.ts'
import { DirectoryUnderTest } from '../../support/running-directory.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { signal } = new AbortController()

describe('a client, where the authority of the server was replaced twice while it was away', () => {
  const resources = new AsyncDisposableStack()
  let auth: AuthUnderTest
  let home: string
  /** The authorities' own certificates, the first one first. */
  const authorities: string[] = []

  before(async () => {
    const [authLog, directoryLog] = [awaitedLog('auth'), awaitedLog('directory')]
    const quick = { clock: systemClock, reloadMs: 5 }
    auth = resources.use(await AuthUnderTest.start({ ...quick, log: authLog.log }))
    const directory = resources.use(await DirectoryUnderTest.start(auth, { ...quick, log: directoryLog.log }))
    home = resources.use(await temporaryFolder()).path
    for (const name of ['alice', 'bob']) await auth.addUser(name, 'a password of theirs')
    const note = async () => {
      const { certificatesPem = '' } = (await loadAuthority(auth.config.authorityFolder)) ?? {}
      authorities.push(certificatesIn(certificatesPem)[0] ?? '')
    }
    await note()
    await signIn('alice', { authAddress: auth.running.address, authorityPem: authorities[0] ?? '' })
    const profile = await Profile.open(home, 'alice')
    // The port of this test's directory is none that Auth could know.
    await profile.update((state) => ({
      ...state,
      account: state.account && { ...state.account, directoryAddress: directory.running.address },
    }))
    for (const _ of [2, 3]) {
      const told = authLog.next('clients are told of a new authority')
      const changed = Promise.all([told, directoryLog.next('new certificate')])
      await rotateAuthority(auth.config, systemClock)
      await changed
      await note()
    }
  })
  after(() => resources.disposeAsync())

  async function signIn(username: string, server: TrustedServer, profile = username) {
    return await login({
      profile: await Profile.openOrCreate(home, profile),
      server,
      username,
      askPassword: async () => passwordOf('a password of theirs'),
      replaceIdentityKey: false,
      clock: systemClock,
      signal,
      trace: undefined,
    })
  }

  it('reaches both services by the one that it knows, and has its session still', async () => {
    const { account, session } = (await Profile.open(home, 'alice')).login
    expect(fingerprintOf(account.authorityPem)).to.equal(fingerprintOf(authorities[0] ?? ''))
    const client = new DirectoryClient({ account, session, clock: new ServerClock(systemClock, 0), trace: undefined })
    expect(await client.getPresence('bob', signal)).to.equal(Presence.OFFLINE)
    client.close()
  })

  it('trusts the newest from then on, by the signatures alone, in the realm of before', async () => {
    const profile = await Profile.open(home, 'alice')
    const { account } = profile.login
    const realm = realmOfAccount(account)
    const asking = connectAuth(account)
    const found = await getServerInfo(asking, account, signal)
    asking.close()
    expect(fingerprintOf(found.authorityPem)).to.equal(fingerprintOf(authorities[2] ?? ''))
    const { directoryAddress } = account
    await keepIn(profile)({ ...found, directoryAddress, learntAtMs: systemClock.now().getTime() })
    const { account: kept } = (await Profile.open(home, 'alice')).login
    expect(kept.authorityPem).to.equal(found.authorityPem)
    expect(realmOfAccount(kept)).to.deep.equal(realm)
    for (const authority of authorities)
      expect(await isAuthorityOf(kept, fingerprintOf(authority), signal)).to.equal(true)
    expect(await isAuthorityOf(kept, 'ab'.repeat(32), signal)).to.equal(false)
  })

  for (const [index, which] of ['first', 'second', 'newest'].entries()) {
    it(`signs in by the fingerprint of the ${which} authority, as an older link has it`, async () => {
      const fingerprint = fingerprintOf(authorities[index] ?? '')
      const server = await findServer({ server: `${auth.running.address}#${fingerprint}` }, undefined, signal)
      const account = await signIn('bob', server)
      expect(fingerprintOf(account.authorityPem)).to.equal(fingerprintOf(authorities[2] ?? ''))
      expect(realmOfAccount(account)).to.deep.equal(realmOf(authorities[0] ?? ''))
    })
  }

  it('takes nobody else for the server, whatever list they show', async () => {
    await using liar = await authServer({
      getServerInfo: async () => ({
        ...SERVER_INFO,
        realm: Buffer.from(realmOf(authorities[0] ?? '')),
        authorities: [...inDer(liar.authority.authorityPem), ...inDer(authorities.toReversed().join(''))],
      }),
    })
    // By whoever knows the first authority alone: TLS has nothing that leads to it.
    const pinned = { authAddress: liar.address, authorityPem: authorities[0] ?? '' }
    expect((await rejection(signIn('carol', pinned))).code).to.equal('ERR_SERVER_UNTRUSTED')
    // By whoever trusts the liar: it cannot pass for the other installation.
    const trusting = { authAddress: liar.address, authorityPem: liar.authority.authorityPem }
    expect((await rejection(signIn('carol', trusting))).code).to.equal('ERR_CA_MISMATCH')
    const folder = join(home, 'profiles', 'carol')
    expect((await Profile.open(home, 'carol')).state.account, folder).to.equal(undefined)
  })

  it('keeps a profile that belongs to another installation from it', async () => {
    await using other = await AuthUnderTest.start({ clock: systemClock })
    await other.addUser('alice', 'a password of theirs')
    const server = { authAddress: other.running.address, authorityPem: other.running.caPem }
    const { code, message } = await rejection(signIn('alice', server))
    expect(code).to.equal('ERR_USAGE')
    expect(message).to.include('at another installation')
  })
})
