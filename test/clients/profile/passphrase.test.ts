import { link, open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { UnlockKey } from '../../../clients/profile/key-file.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { CHEAP, passphraseOf, unlockBy } from '../../support/passphrases.ts'
import { rejection } from '../../support/rejection.ts'
import { flip } from '../../support/tamper.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

describe('a Profile under a passphrase', () => {
  let home: TemporaryFolder
  let profile: Profile
  beforeEach(async () => {
    home = await temporaryFolder()
    profile = await Profile.openOrCreate(home.path, 'alice')
  })
  afterEach(() => home[Symbol.asyncDispose]())

  const folder = (): string => join(home.path, 'profiles', 'alice')
  const keyFile = (): string => join(folder(), 'profile.key')
  const protect = (passphrase: string) => profile.protect(passphraseOf(passphrase), CHEAP)
  const openBy = (passphrase: string) => Profile.open(home.path, 'alice', unlockBy(passphrase))
  const block = (name: string) => profile.update((state) => ({ ...state, blocked: new Set([...state.blocked, name]) }))

  it('opens with it, as the same person', async () => {
    await protect('a passphrase')
    const opened = await openBy('a passphrase')
    expect(opened.state.identity.publicKey).to.deep.equal(profile.state.identity.publicKey)
    expect([profile.protection, opened.protection]).to.deep.equal(['passphrase', 'passphrase'])
    expect((await Profile.openOrCreate(home.path, 'alice', { unlock: unlockBy('a passphrase') })).name).to.equal(
      'alice',
    )
  })

  it('does not open with another or without any, says what to do, and loses nothing by that', async () => {
    await protect('a passphrase')
    const before = await readFile(keyFile())
    expect((await rejection(openBy('another'))).code).to.equal('ERR_PASSPHRASE')
    for (const openFrom of [Profile.open, Profile.openOrCreate]) {
      const error = await rejection(openFrom(home.path, 'alice'))
      expect(error.code).to.equal('ERR_PASSPHRASE')
      expect(error.hint).to.include('SOTTO_PASSPHRASE_FILE')
    }
    expect(await readFile(keyFile())).to.deep.equal(before)
    expect((await openBy('a passphrase')).name).to.equal('alice')
  })

  it('opens with the new one alone once that has changed, and without any once it is removed', async () => {
    await protect('the first one')
    await protect('the second one')
    expect((await rejection(openBy('the first one'))).code).to.equal('ERR_PASSPHRASE')
    const opened = await openBy('the second one')
    await opened.protect(undefined)
    expect(opened.protection).to.equal('file')
    expect((await Profile.open(home.path, 'alice')).protection).to.equal('file')
  })

  it('asks for nothing again while it is open, whatever others do to its passphrase', async () => {
    const elsewhere = await Profile.open(home.path, 'alice')
    await protect('a passphrase')
    await block('mallory')
    expect([...(await elsewhere.refresh()).blocked]).to.deep.equal(['mallory'])
    await elsewhere.update((state) => ({ ...state, blocked: new Set() }))
    expect((await profile.refresh()).blocked.size).to.equal(0)
  })

  it('keeps the key file for the owner’s eyes alone, and leaves nothing of the key in the folder', async () => {
    const key = await readFile(keyFile())
    await protect('a passphrase')
    expect((await stat(keyFile())).mode & 0o777).to.equal(0o600)
    for (const name of await readdir(folder())) {
      expect((await readFile(join(folder(), name))).includes(key), name).to.equal(false)
    }
  })

  it('overwrites the old key where it lay', async () => {
    const old = await open(keyFile())
    expect(await protect('a passphrase')).to.equal(true)
    expect(await old.readFile()).to.deep.equal(Buffer.alloc(32))
    await old.close()
  })

  it('says so where another link leads to the old key, and does it no harm', async () => {
    const backup = join(home.path, 'backup')
    await link(keyFile(), backup)
    const key = await readFile(backup)
    expect(await protect('a passphrase')).to.equal(false)
    expect(await readFile(backup)).to.deep.equal(key)
  })

  it('removes what a crash has left of an earlier change', async () => {
    await writeFile(`${keyFile()}.0123456789ab.tmp`, 'perhaps a key')
    await protect('a passphrase')
    expect((await readdir(folder())).filter((name) => name.endsWith('.tmp'))).to.deep.equal([])
  })

  it('may be made with it, and then its key never lies there in the clear', async () => {
    const made = await Profile.openOrCreate(home.path, 'bob', { passphrase: passphraseOf('a passphrase'), cost: CHEAP })
    expect(made.protection).to.equal('passphrase')
    const opened = await Profile.open(home.path, 'bob', unlockBy('a passphrase'))
    expect(opened.state.identity.publicKey).to.deep.equal(made.state.identity.publicKey)
  })

  it('is damaged, and no passphrase is asked for, where its key file was changed or cut off', async () => {
    await protect('a passphrase')
    const content = await readFile(keyFile())
    const never: UnlockKey = () => Promise.reject(new Error('asked'))
    for (const damaged of [flip(content, 3), flip(content, 400), content.subarray(0, 90), Buffer.alloc(91)]) {
      await writeFile(keyFile(), damaged)
      expect((await rejection(Profile.open(home.path, 'alice', never))).code).to.equal('ERR_PROFILE_DAMAGED')
    }
  })

  it('opens anew where the key file is replaced while somebody thinks', async () => {
    await protect('the first one')
    const passphrases = ['the first one', 'the second one']
    const slow: UnlockKey = async (wrapped, name) => {
      const passphrase = passphrases.shift() ?? ''
      if (passphrase === 'the first one') await protect('the second one')
      return unlockBy(passphrases.length > 0 ? 'mistyped' : passphrase)(wrapped, name)
    }
    expect((await Profile.open(home.path, 'alice', slow)).protection).to.equal('passphrase')
  })
})
