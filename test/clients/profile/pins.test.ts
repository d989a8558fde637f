import { expect } from 'chai'
import { mayWrite, refuseConversation } from '../../../clients/profile/permission.ts'
import {
  checkPin,
  noteChangedKey,
  noteMismatch,
  pin,
  setBlocked,
  stateOf,
  trust,
  verify,
} from '../../../clients/profile/pins.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { bytesOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const NOW = new Date('2026-03-01T12:00:00Z')
const OLD = bytesOf('old key of bob', 32)
const NEW = bytesOf('new key of bob', 32)

describe('pins', () => {
  let home: TemporaryFolder
  let profile: Profile
  beforeEach(async () => {
    home = await temporaryFolder()
    profile = await Profile.openOrCreate(home.path, 'alice')
  })
  afterEach(() => home[Symbol.asyncDispose]())

  it('tell a new name from a pinned key and from a changed one', async () => {
    expect(await checkPin(profile, 'bob', OLD)).to.equal('new')
    await pin(profile, 'bob', OLD, NOW)
    expect(await checkPin(profile, 'bob', OLD)).to.equal('pinned')
    expect(await checkPin(profile, 'bob', NEW)).to.equal('changed')
    expect(await checkPin(profile, 'carol', NEW)).to.equal('new')
  })

  it('see what another process pinned', async () => {
    await pin(await Profile.open(home.path, 'alice'), 'bob', OLD, NOW)
    expect(await checkPin(profile, 'bob', NEW)).to.equal('changed')
  })

  it('take nobody in who was blocked during the handshake', async () => {
    await setBlocked(await Profile.open(home.path, 'alice'), 'bob', true)
    expect((await rejection(pin(profile, 'bob', OLD, NOW))).code).to.equal('ERR_BLOCKED')
    expect(await checkPin(profile, 'bob', OLD)).to.equal('new')
  })

  it('are never moved by a handshake', async () => {
    await pin(profile, 'bob', OLD, NOW)
    expect((await rejection(pin(profile, 'bob', NEW, NOW))).code).to.equal('ERR_KEY_CHANGED')
    await noteChangedKey(profile, 'bob', NEW, NOW)
    expect(await checkPin(profile, 'bob', OLD)).to.equal('pinned')
    expect(await checkPin(profile, 'bob', NEW)).to.equal('changed')
  })

  it('move to the key that was seen last when the user trusts it', async () => {
    await pin(profile, 'bob', OLD, NOW)
    await noteChangedKey(profile, 'bob', bytesOf('an older one', 32), NOW)
    await noteChangedKey(profile, 'bob', NEW, NOW)
    expect(await trust(profile, 'bob', NOW)).to.equal('replaced')
    expect(await checkPin(profile, 'bob', NEW)).to.equal('pinned')
    expect(await checkPin(profile, 'bob', OLD)).to.equal('changed')
    expect(await trust(profile, 'bob', NOW)).to.equal('unchanged')
  })

  it('have nothing to trust of somebody unknown', async () => {
    await noteChangedKey(profile, 'bob', NEW, NOW)
    expect((await rejection(trust(profile, 'bob', NOW))).code).to.equal('ERR_USAGE')
  })

  /** What is known of bob. */
  const state = () => {
    const known = profile.state.pins.get('bob')
    return known && stateOf(known)
  }

  it('go from pinned to verified, to changed and back', async () => {
    await pin(profile, 'bob', OLD, NOW)
    expect(state()).to.equal('pinned')
    await verify(profile, 'bob', OLD, NOW)
    expect(state()).to.equal('verified')
    await noteChangedKey(profile, 'bob', NEW, NOW)
    expect(state()).to.equal('changed')
    await verify(profile, 'bob', NEW, NOW)
    expect(state()).to.equal('verified')
    expect(await checkPin(profile, 'bob', OLD)).to.equal('changed')
  })

  it('are not verified by trusting a changed key', async () => {
    await pin(profile, 'bob', OLD, NOW)
    await verify(profile, 'bob', OLD, NOW)
    await noteChangedKey(profile, 'bob', NEW, NOW)
    await trust(profile, 'bob', NOW)
    expect(state()).to.equal('pinned')
  })

  it('are not verified by a number that was shown for another key', async () => {
    await pin(profile, 'bob', OLD, NOW)
    expect((await rejection(verify(profile, 'bob', NEW, NOW))).code).to.equal('ERR_USAGE')
    await noteChangedKey(profile, 'bob', NEW, NOW)
    await noteChangedKey(profile, 'bob', bytesOf('yet another', 32), NOW)
    expect((await rejection(verify(profile, 'bob', NEW, NOW))).code).to.equal('ERR_USAGE')
    expect(state()).to.equal('changed')
  })

  it('stay in doubt though the pinned key is verified, until its holder has proven it in a handshake', async () => {
    await pin(profile, 'bob', OLD, NOW)
    await noteChangedKey(profile, 'bob', NEW, NOW)
    await verify(profile, 'bob', OLD, NOW)
    expect(state()).to.equal('changed')
    expect(await pin(profile, 'bob', OLD, NOW)).to.equal(false)
    expect(state()).to.equal('verified')
    expect(await checkPin(profile, 'bob', NEW)).to.equal('changed')
  })

  it('are a mismatch once two numbers did not agree, until they do or the user trusts the key', async () => {
    await pin(profile, 'bob', OLD, NOW)
    await verify(profile, 'bob', OLD, NOW)
    await noteMismatch(profile, 'bob', NOW)
    expect([state(), profile.state.pins.get('bob')?.verifiedAtMs]).to.deep.equal(['mismatch', undefined])
    expect((await rejection(mayWrite(profile, 'bob'))).code).to.equal('ERR_KEY_MISMATCH')
    expect((await rejection(refuseConversation(profile, 'bob'))).code).to.equal('ERR_KEY_MISMATCH')
    expect((await rejection(pin(profile, 'bob', OLD, NOW))).code).to.equal('ERR_KEY_MISMATCH')
    await verify(profile, 'bob', OLD, NOW)
    expect(state()).to.equal('verified')
    await noteMismatch(profile, 'bob', NOW)
    expect(await trust(profile, 'bob', NOW)).to.equal('restored')
    expect(state()).to.equal('pinned')
  })

  it('give way to the key that was seen since where that agrees, after a mismatch too', async () => {
    await pin(profile, 'bob', OLD, NOW)
    await noteMismatch(profile, 'bob', NOW)
    await noteChangedKey(profile, 'bob', NEW, NOW)
    expect(state()).to.equal('mismatch')
    await verify(profile, 'bob', NEW, NOW)
    expect(state()).to.equal('verified')
    await mayWrite(profile, 'bob')
  })

  it('outlast the process with all that is known of them', async () => {
    await pin(profile, 'bob', OLD, NOW)
    await noteChangedKey(profile, 'bob', NEW, NOW)
    await noteMismatch(profile, 'bob', NOW)
    const { state: read } = await Profile.open(home.path, 'alice')
    expect(read.pins.get('bob')).to.include({ changedAtMs: NOW.getTime(), mismatchAtMs: NOW.getTime() })
  })

  it('have nothing to verify of somebody unknown', async () => {
    expect((await rejection(verify(profile, 'bob', NEW, NOW))).code).to.equal('ERR_USAGE')
  })

  it('outlast a block, which stops a name until it is taken back', async () => {
    await pin(profile, 'bob', OLD, NOW)
    await setBlocked(await Profile.open(home.path, 'alice'), 'bob', true)
    expect((await rejection(refuseConversation(profile, 'bob'))).code).to.equal('ERR_BLOCKED')
    await refuseConversation(profile, 'carol')
    await setBlocked(profile, 'bob', false)
    await refuseConversation(profile, 'bob')
    expect(await checkPin(profile, 'bob', OLD)).to.equal('pinned')
  })
})
