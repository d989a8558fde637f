import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { SealedChat } from '#gen/sotto/sealing/v1/sealing_service.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import { openGrant } from '#lib/ticket/grant.ts'
import { totpUri } from '#lib/totp.ts'
import { invite } from '../../../services/auth/invites/administration.ts'
import { findSecrets } from '../../support/byte-forms.ts'
import { FakeClock } from '../../support/clock.ts'
import { Enrolled } from '../../support/enrolled.ts'
import { keyPairOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { AuthUnderTest } from '../../support/running-auth.ts'
import { testLog } from '../../support/test-log.ts'

const INSTANCE_ID = Buffer.alloc(16, 7)

describe('what a run of auth leaves behind', () => {
  const secrets: Record<string, Uint8Array> = {}
  const { log, text } = testLog('trace')
  const clock = new FakeClock(Date.now())
  let auth: AuthUnderTest

  before(async () => {
    const passwords = { alice: "alice's password", bob: "bob's password", eve: 'a password typed wrong' }
    for (const [name, password] of Object.entries(passwords)) secrets[`the password of ${name}`] = Buffer.from(password)
    auth = await AuthUnderTest.start({ log, clock })
    secrets['the wrapping key'] = await readFile(auth.config.wrappingKeyFile)
    await auth.addUser('alice', passwords.alice)
    await auth.addUser('bob', passwords.bob)
    const [alice, bob] = [await auth.login('alice'), await auth.login('bob')]
    await rejection(auth.login('alice', { password: passwords.eve }))
    await rejection(auth.login('eve', { password: passwords.eve }))
    for (const [name, { token, keys }] of Object.entries({ alice, bob })) {
      secrets[`the token of ${name}`] = token.reveal()
      for (const [purpose, key] of Object.entries(keys)) secrets[`the ${purpose} of ${name}`] = key.reveal()
    }
    const { call } = await auth.connectSealing()
    const chat = {
      senderBearer: Buffer.from(alice.keys.directoryBearer.reveal()),
      receiverSessionId: bob.id,
      receiverInstanceId: INSTANCE_ID,
      nonce: INSTANCE_ID,
      senderAddress: '',
      requestId: 'r',
    }
    const [answer] = (await call.sealChats({ chats: [chat] })).results
    const sealed = answer?.result?.value as SealedChat
    const context = { key: alice.keys.grantKey, realm: realmOf(auth.running.caPem), senderName: 'alice' }
    secrets['the secret of the conversation'] = openGrant({ ...context, grant: sealed.grant }).secret.reveal()
    await rejection(
      call.authenticate({ directoryBearer: Buffer.from(alice.keys.authBearer.reveal()), relayBearer: Buffer.alloc(0) }),
    )
    await auth.connect().call.logout({}, { bearer: alice.keys.authBearer })
    // One invite that is taken up, and one that waits.
    for (const name of ['carol', 'dave']) {
      const invitee = { name, displayName: '', cohort: undefined, isReset: false }
      const { code } = await invite(auth.config, auth.clock, invitee, 3_600_000)
      secrets[`the code of ${name}`] = code.reveal()
    }
    const { secret, recoveryCodes } = await Enrolled.begin(auth, 'bob', clock)
    secrets['the second factor of bob'] = secret.reveal()
    const typed = new URL(totpUri(secret, 'bob')).searchParams.get('secret') ?? ''
    secrets['the second factor of bob, as it is typed'] = Buffer.from(typed)
    for (const code of recoveryCodes) {
      secrets[`the recovery code ${code}`] = Buffer.from(code)
      secrets[`the recovery code ${code}, without dashes`] = Buffer.from(code.replaceAll('-', ''))
    }
    const password = "carol's password"
    secrets['the password of carol'] = Buffer.from(password)
    const code = Buffer.from(secrets['the code of carol'] ?? [])
    await auth.connect().call.join({ code, username: 'carol', password })
  })

  after(async () => {
    await auth[Symbol.asyncDispose]()
  })

  it('has no password, token, bearer or key in the database, its log included', async () => {
    const folder = auth.config.dataFolder
    const files = (await readdir(folder)).filter((file) => file.startsWith('auth.db'))
    expect(files).to.include.members(['auth.db', 'auth.db-wal'])
    const contents = await Promise.all(files.map((file) => readFile(join(folder, file))))
    for (const content of contents) expect(findSecrets(secrets, content)).to.deep.equal([])
    for (const file of files) expect((await stat(join(folder, file))).mode & 0o077, file).to.equal(0)
    // The search does find what is there.
    const identityKey = keyPairOf('bob').publicKey
    expect(findSecrets({ identityKey }, Buffer.concat(contents))).to.deep.equal(['identityKey as raw'])
  })

  it('has none of them in its log lines, however much it logs', () => {
    expect(text()).to.include('sotto.auth.v1.AuthService/Login')
    expect(findSecrets(secrets, Buffer.from(text()))).to.deep.equal([])
  })
})
