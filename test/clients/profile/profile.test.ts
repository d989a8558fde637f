import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { deriveSessionKeys } from '#lib/session/session-keys.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { openProfile, sealProfile } from '../../../clients/profile/seal.ts'
import { setReceipts } from '../../../clients/profile/settings.ts'
import type { Account, Pin, ProfileState } from '../../../clients/profile/state.ts'
import { bytesOf, secretOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { flip } from '../../support/tamper.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const ACCOUNT: Account = {
  username: 'alice',
  authAddress: 'chat.example:7001',
  directoryAddress: 'chat.example:7002',
  relayAddresses: [':7004'],
  authorityPem: 'a certificate',
  clockOffsetMs: -1_234.5,
  session: {
    sessionId: bytesOf('session', 16),
    keys: deriveSessionKeys(secretOf('token')),
    expiresAtMs: Date.UTC(2031, 0, 1),
  },
}

const PIN = { identityKey: bytesOf('bob', 32), pinnedAtMs: 5, verifiedAtMs: undefined, changedTo: undefined }

describe('Profile', () => {
  let home: TemporaryFolder
  beforeEach(async () => {
    home = await temporaryFolder()
  })
  afterEach(() => home[Symbol.asyncDispose]())

  const folder = (): string => join(home.path, 'profiles', 'alice')
  const sealedFile = (): string => join(folder(), 'profile.sealed')
  const keyFile = (): string => join(folder(), 'profile.key')
  const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777

  it('keeps what it holds, secrets and all', async () => {
    const written = await Profile.openOrCreate(home.path, 'alice')
    const pins = new Map<string, Pin>([
      ['bob', PIN],
      ['constructor', { ...PIN, verifiedAtMs: undefined, changedTo: bytesOf('other', 32) }],
    ])
    await written.update((state) => ({ ...state, account: ACCOUNT, pins }))
    const read = await Profile.open(home.path, 'alice')
    expect(comparable(read.state)).to.deep.equal(comparable(written.state))
    expect(read.login.account.username).to.equal('alice')
  })

  it('keeps its identity key from one opening to the next', async () => {
    const { identity } = (await Profile.openOrCreate(home.path, 'alice')).state
    const again = await Profile.openOrCreate(home.path, 'alice')
    expect(again.state.identity.publicKey).to.deep.equal(identity.publicKey)
  })

  it('is for the owner’s eyes alone', async () => {
    await Profile.openOrCreate(home.path, 'alice')
    for (const path of [join(home.path, 'profiles'), folder()]) expect(await modeOf(path), path).to.equal(0o700)
    for (const name of await readdir(folder())) expect(await modeOf(join(folder(), name)), name).to.equal(0o600)
  })

  it('holds nothing on the disk in the clear', async () => {
    const profile = await Profile.openOrCreate(home.path, 'alice')
    await profile.update((state) => ({ ...state, account: ACCOUNT, pins: new Map([['bob', PIN]]) }))
    const sealed = await readFile(sealedFile())
    for (const text of ['alice', 'bob', 'chat.example', 'a certificate'])
      expect(sealed.includes(text), text).to.equal(false)
  })

  it('refuses a key that others can read, and says how to mend it', async () => {
    await Profile.openOrCreate(home.path, 'alice')
    await chmod(keyFile(), 0o640)
    const error = await rejection(Profile.open(home.path, 'alice'))
    expect(error.code).to.equal('ERR_CONFIG')
    expect(error.hint).to.include('chmod 600')
  })

  it('tells that a session cannot be read, with what to type, and forgets it with the next login', async () => {
    const profile = await Profile.openOrCreate(home.path, 'alice')
    await profile.update((state) => ({ ...state, account: ACCOUNT }))
    const { key } = profile.storage
    const json = JSON.parse(Buffer.from(openProfile(key, await readFile(sealedFile()))).toString())
    json.account.session.expiresAtMs = null
    await writeFile(sealedFile(), sealProfile(key, Buffer.from(JSON.stringify(json))))
    const damaged = await Profile.open(home.path, 'alice')
    const { code, message, hint } = await rejection(Promise.try(() => damaged.login))
    expect([code, hint]).to.deep.equal(['ERR_NOT_LOGGED_IN', 'begin one with: sotto login alice --profile alice'])
    expect(message).to.include('cannot be read')
    await damaged.update((state) => ({ ...state, account: ACCOUNT }))
    expect((await Profile.open(home.path, 'alice')).login.account.username).to.equal('alice')
  })

  it('is left as it was by a change that could not be read again', async () => {
    const profile = await Profile.openOrCreate(home.path, 'alice')
    const before = await readFile(sealedFile())
    const account = { ...ACCOUNT, clockOffsetMs: Number.NaN }
    const failure = await profile.update((state) => ({ ...state, account })).catch((error: unknown) => error)
    expect(failure).to.be.an.instanceOf(TypeError)
    expect(await readFile(sealedFile())).to.deep.equal(before)
    expect(profile.state.account).to.equal(undefined)
  })

  it('writes what is asked for at once in few steps, each change on what the one before left', async () => {
    const profile = await Profile.openOrCreate(home.path, 'alice')
    let takes = 0
    profile.onTaken(() => {
      takes += 1
    })
    const names = Array.from({ length: 50 }, (_, n) => `name-${n}`)
    const changes = names.map((name, n) =>
      profile.update((state) => {
        if (n === 7) throw new TypeError('not this one')
        return { ...state, blocked: new Set([...state.blocked, name]) }
      }),
    )
    const results = await Promise.allSettled(changes)
    expect(results.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []))).to.deep.equal([7])
    const kept = names.filter((_name, n) => n !== 7)
    expect([...(await Profile.open(home.path, 'alice')).state.blocked]).to.deep.equal(kept)
    expect(takes).to.be.at.most(4)
  })

  it('says so where there is none', async () => {
    expect((await rejection(Profile.open(home.path, 'alice'))).code).to.equal('ERR_PROFILE_MISSING')
  })

  it('takes no name that leads out of its folder', async () => {
    for (const name of ['', '.', '..', '../alice', '/tmp', 'Alice', 'a'.repeat(33)]) {
      expect((await rejection(Profile.openOrCreate(home.path, name))).code, name).to.equal('ERR_USAGE')
    }
    expect(await readdir(home.path)).to.deep.equal([])
  })

  it('has no session before a login and after a logout', async () => {
    const profile = await Profile.openOrCreate(home.path, 'alice')
    expect(() => profile.login)
      .to.throw()
      .with.property('code', 'ERR_NOT_LOGGED_IN')
    await profile.update((state) => ({ ...state, account: { ...ACCOUNT, session: undefined } }))
    expect(() => profile.login)
      .to.throw()
      .include({ code: 'ERR_NOT_LOGGED_IN', hint: `begin one with: sotto login ${ACCOUNT.username} --profile alice` })
  })

  describe('damaged', () => {
    async function expectDamage(path: string, content: Uint8Array): Promise<void> {
      await writeFile(path, content)
      for (const open of [Profile.open, Profile.openOrCreate]) {
        expect((await rejection(open(home.path, 'alice'))).code).to.equal('ERR_PROFILE_DAMAGED')
      }
      expect(Buffer.compare(await readFile(path), content), 'the damaged file is still there').to.equal(0)
    }

    async function writtenProfile(): Promise<void> {
      const profile = await Profile.openOrCreate(home.path, 'alice')
      await profile.update((state) => ({ ...state, account: ACCOUNT }))
    }

    it('is refused and left alone, however its file was changed or cut off', async () => {
      await writtenProfile()
      const sealed = await readFile(sealedFile())
      for (const at of [0, 1, 12, 13, sealed.length / 2, sealed.length - 1]) {
        await expectDamage(sealedFile(), flip(sealed, Math.floor(at) * 8))
        await expectDamage(sealedFile(), sealed.subarray(0, at))
      }
      await writeFile(sealedFile(), sealed)
      expect((await Profile.open(home.path, 'alice')).login.account.username).to.equal('alice')
    })

    it('is refused where the key is another, cut off, longer or gone', async () => {
      await writtenProfile()
      const key = await readFile(keyFile())
      for (const other of [randomBytes(32), key.subarray(1), Buffer.concat([key, key]), Buffer.alloc(0)]) {
        await expectDamage(keyFile(), other)
      }
      await rm(keyFile())
      expect((await rejection(Profile.openOrCreate(home.path, 'alice'))).code).to.equal('ERR_PROFILE_DAMAGED')
      expect(await readdir(folder())).not.to.include('profile.key')
    })
  })

  it('goes on from a key that a crash left without a profile', async () => {
    await mkdir(folder(), { recursive: true, mode: 0o700 })
    const key = randomBytes(32)
    await writeFile(keyFile(), key, { mode: 0o600 })
    await Profile.openOrCreate(home.path, 'alice')
    expect(await readFile(keyFile())).to.deep.equal(key)
  })

  it('loses no change of several that are made at once, in this process or another', async () => {
    const one = await Profile.openOrCreate(home.path, 'alice')
    const other = await Profile.open(home.path, 'alice')
    const names = Array.from({ length: 12 }, (_, n) => `friend${n}`)
    const withPin = (name: string) => (state: ProfileState) => ({ ...state, pins: new Map(state.pins).set(name, PIN) })
    await Promise.all(names.map((name, n) => (n % 2 ? one : other).update(withPin(name))))
    expect([...(await one.refresh()).pins.keys()].sort()).to.deep.equal([...names].sort())
  })

  it('never goes back to what it was, though it is read while it is written', async () => {
    const profile = await Profile.openOrCreate(home.path, 'alice')
    const seen: number[] = []
    profile.onTaken(() => seen.push(profile.state.blocked.size))
    for (let count = 1; count <= 20; count += 1) {
      const change = profile.update((state) => ({ ...state, blocked: new Set([...state.blocked, `name-${count}`]) }))
      let isOver = false
      const changed = change.finally(() => {
        isOver = true
      })
      while (!isOver) await Promise.race([profile.refresh(), changed])
    }
    expect(seen).to.deep.equal(seen.toSorted((a, b) => a - b))
    expect(profile.state.blocked.size).to.equal(20)
  })

  it('reads nothing again that nobody has written since, and at once what somebody has', async () => {
    const profile = await Profile.openOrCreate(home.path, 'alice')
    await utimes(sealedFile(), new Date(0), new Date(0))
    await profile.refresh()
    let readings = 0
    profile.onTaken(() => {
      readings += 1
    })
    for (let count = 0; count < 3; count += 1) await profile.refresh()
    expect(readings).to.equal(0)
    await setReceipts(await Profile.open(home.path, 'alice'), true)
    expect((await profile.refresh()).receipts).to.equal(true)
    await setReceipts(profile, false)
    expect((await profile.refresh()).receipts).to.equal(false)
  })

  it('stays as it is where a change throws', async () => {
    const profile = await Profile.openOrCreate(home.path, 'alice')
    const before = await readFile(sealedFile())
    await profile
      .update(() => {
        throw new Error('no')
      })
      .catch(() => undefined)
    expect(await readFile(sealedFile())).to.deep.equal(before)
    await profile.update((state) => ({ ...state, account: ACCOUNT }))
    expect(profile.state.account?.username).to.equal('alice')
  })
})

/** Secrets compare as nothing but references, so their bytes are laid open. */
function comparable({ identity, account, pins }: ProfileState): unknown {
  const keys =
    account?.session && Object.values(account.session.keys).map((key) => Buffer.from(key.reveal()).toString('hex'))
  const sessionId = Buffer.from(account?.session?.sessionId ?? []).toString('hex')
  const entries = [...pins].map(([name, pin]) => [
    name,
    pin.pinnedAtMs,
    Buffer.from(pin.identityKey).toString('hex'),
    pin.changedTo && Buffer.from(pin.changedTo).toString('hex'),
  ])
  return {
    identity: [identity.secretKey, identity.publicKey].map((key) =>
      Buffer.from('reveal' in key ? key.reveal() : key).toString('hex'),
    ),
    account: { ...account, session: { ...account?.session, keys, sessionId } },
    pins: entries,
  }
}
