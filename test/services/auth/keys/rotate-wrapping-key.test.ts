import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Kysely } from 'kysely'
import { withDatabase } from '../../../../services/auth/admin.ts'
import { backupTo, restoreFrom } from '../../../../services/auth/backup/administration.ts'
import { rewrap } from '../../../../services/auth/keys/rewrapping.ts'
import { rotateWrappingKey } from '../../../../services/auth/keys/rotation.ts'
import { addNewKey, loadKeyList } from '../../../../services/auth/keys/wrapping-key-file.ts'
import type { AuthSchema } from '../../../../services/auth/store.ts'
import { FakeClock } from '../../../support/clock.ts'
import { Enrolled } from '../../../support/enrolled.ts'
import { rejection } from '../../../support/rejection.ts'
import { AuthUnderTest, type TestSession } from '../../../support/running-auth.ts'

const QUICKLY = { holdMs: 1 }

describe('the rotation of the wrapping key', () => {
  let auth: AuthUnderTest
  let clock: FakeClock

  beforeEach(async () => {
    clock = new FakeClock(Date.now())
    auth = await AuthUnderTest.start({ clock })
    for (const name of ['alice', 'bob']) await auth.addUser(name, `${name}'s password`)
  })
  afterEach(() => auth[Symbol.asyncDispose]())

  const idsInDatabase = () =>
    withDatabase(auth.config, async (db: Kysely<AuthSchema>) => {
      const rows = await db.selectFrom('session').select('wrapping_key_id').execute()
      return rows.map(({ wrapping_key_id: id }) => Buffer.from(id).toString('hex'))
    })
  const idsInFile = async () =>
    ((await loadKeyList(auth.config.wrappingKeyFile)) ?? []).map(({ id }) => Buffer.from(id).toString('hex'))
  /** Whether Auth seals a conversation between two sessions. */
  async function seals(sender: TestSession, receiver: TestSession, at = auth): Promise<string | undefined> {
    const sealing = await at.connectSealing()
    const chat = {
      senderBearer: Buffer.from(sender.keys.directoryBearer.reveal()),
      receiverSessionId: receiver.id,
      receiverName: 'bob',
      receiverInstanceId: Buffer.alloc(16, 1),
      nonce: Buffer.alloc(16, 2),
      senderAddress: '192.0.2.7',
      requestId: 'test',
    }
    const { results } = await sealing.call.sealChats({ chats: [chat] })
    return results[0]?.result?.$case
  }

  it('is noticed by nobody: sessions of before go on at an Auth that runs, and after a start', async () => {
    const [alice, bob] = [await auth.login('alice'), await auth.login('bob')]
    const [former] = await idsInFile()
    expect(await rotateWrappingKey(auth.config, clock, QUICKLY)).to.equal(2)
    const [key, ...others] = await idsInFile()
    expect(others).to.deep.equal([])
    expect(key).to.not.equal(former)
    expect(await idsInDatabase()).to.deep.equal([key, key])
    clock.advance(1_000)
    expect(await seals(alice, bob)).to.equal('sealed')
    clock.advance(5_000)
    await auth.login('alice')
    expect(await idsInDatabase()).to.deep.equal([key, key, key])
    await auth.stop()
    await auth.start()
    expect(await seals(alice, bob)).to.equal('sealed')
    expect((await readFile(auth.config.wrappingKeyFile)).length).to.equal(32)
  })

  it('goes on beside several Auths of one file, of which one looked at it before', async () => {
    const { authorityFolder, wrappingKeyFile, database } = auth.config
    await using other = await AuthUnderTest.start({ clock, config: { authorityFolder, wrappingKeyFile, database } })
    const alice = await auth.login('alice')
    const [key] = await addNewKey(wrappingKeyFile)
    // Its last look holds still, so it wraps by the former key.
    const bob = await other.login('bob')
    const wrapped = await idsInDatabase()
    expect(new Set(wrapped).has(Buffer.from(key.id).toString('hex'))).to.equal(false)
    expect(await rotateWrappingKey(auth.config, clock, QUICKLY)).to.equal(2)
    expect(await idsInFile()).to.deep.equal([Buffer.from(key.id).toString('hex')])
    clock.advance(5_000)
    for (const at of [auth, other]) expect(await seals(alice, bob, at)).to.equal('sealed')
    const carol = await other.login('bob')
    for (const at of [auth, other]) expect(await seals(alice, carol, at)).to.equal('sealed')
  })

  it('is finished where it was broken off, at any of its steps', async () => {
    const [alice, bob] = [await auth.login('alice'), await auth.login('bob')]
    // The key is there, and nothing is wrapped by it; then some is, and some by the former.
    const keys = await addNewKey(auth.config.wrappingKeyFile)
    await auth.stop()
    await auth.start()
    expect(await seals(alice, bob)).to.equal('sealed')
    await withDatabase(auth.config, (db) => rewrap(db, keys))
    const later = await auth.login('bob')
    expect(await seals(alice, later)).to.equal('sealed')
    const progress: string[] = []
    await rotateWrappingKey(auth.config, clock, { ...QUICKLY, onProgress: (what) => progress.push(what) })
    expect(progress).to.deep.equal(['resumed'])
    expect(await idsInFile()).to.deep.equal([Buffer.from(keys[0].id).toString('hex')])
    expect(await seals(alice, bob)).to.equal('sealed')
    expect(await seals(alice, later)).to.equal('sealed')
  })

  it('goes for second factors, too, of which the codes are asked for as before', async () => {
    const enrolled = await Enrolled.begin(auth, 'alice', clock)
    await auth.connect().call.beginSecondFactor({ username: 'bob', password: "bob's password", code: '' })
    // A session and two second factors, one of which waits for its first code.
    expect(await rotateWrappingKey(auth.config, clock, QUICKLY)).to.equal(3)
    await auth.login('alice', { code: enrolled.nextCode() })
    await auth.stop()
    await auth.start()
    await auth.login('alice', { code: enrolled.nextCode() })
    expect((await rejection(auth.login('alice', { code: enrolled.wrongCode() }))).code).to.equal('ERR_CODE_REFUSED')
  })

  it('passes over a row that does not open', async () => {
    const [alice, bob, carol] = [await auth.login('alice'), await auth.login('bob'), await auth.login('alice')]
    await withDatabase(auth.config, (db) =>
      db
        .updateTable('session')
        .set({ ticket_key: Buffer.alloc(60) })
        .where('id', '=', carol.id)
        .execute(),
    )
    expect(await rotateWrappingKey(auth.config, clock, QUICKLY)).to.equal(2)
    clock.advance(1_000)
    expect(await seals(alice, bob)).to.equal('sealed')
  })

  it('lets a backup of before be restored, with the key of that time', async () => {
    const [alice, bob] = [await auth.login('alice'), await auth.login('bob')]
    const [backup, oldKey] = ['copy.backup', 'old.key'].map((name) => join(auth.folder.path, name)) as [string, string]
    await backupTo(backup, auth.config, clock)
    await copyFile(auth.config.wrappingKeyFile, oldKey)
    await rotateWrappingKey(auth.config, clock, QUICKLY)
    const options = { replace: true, endSessions: false }
    await restoreFrom(backup, auth.config, options, clock)
    // An Auth that ran all the time may remember the former key.
    await auth.stop()
    await auth.start()
    expect(await seals(alice, bob)).to.equal('refusal')
    await restoreFrom(backup, auth.config, { ...options, wrappingKeyFile: oldKey }, clock)
    clock.advance(1_000)
    expect(await seals(alice, bob)).to.equal('sealed')
    expect(await rotateWrappingKey(auth.config, clock, QUICKLY)).to.equal(2)
    expect(await idsInFile()).to.have.length(1)
    expect(await seals(alice, bob)).to.equal('sealed')
  })

  it('is in the audit log, and begins nothing where there is no installation', async () => {
    const nowhere = { ...auth.config, database: { kind: 'sqlite', path: join(auth.folder.path, 'none.db') } } as const
    expect((await rejection(rotateWrappingKey(nowhere, clock, QUICKLY))).code).to.equal('ERR_CONFIG')
    expect(await idsInFile()).to.have.length(1)
    await rotateWrappingKey(auth.config, clock, QUICKLY)
    const told = await withDatabase(auth.config, (db) =>
      db.selectFrom('audit').select('what').orderBy('number', 'desc').limit(2).execute(),
    )
    expect(told.map(({ what }) => what)).to.deep.equal(['former wrapping keys removed', 'wrapping key made'])
  })
})
