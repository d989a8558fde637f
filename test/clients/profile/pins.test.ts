import { expect } from 'chai'
import { refuseBlocked } from '../../../clients/profile/permission.ts'
import {
  checkPin,
  keyToCompare,
  noteChangedKey,
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
    await noteChangedKey(profile, 'bob', NEW)
    expect(await checkPin(profile, 'bob', OLD)).to.equal('pinned')
    expect(await checkPin(profile, 'bob', NEW)).to.equal('changed')
  })

  it('move to the key that was seen last when the user trusts it', async () => {
    await pin(profile, 'bob', OLD, NOW)
    await noteChangedKey(profile, 'bob', bytesOf('an older one', 32))
    await noteChangedKey(profile, 'bob', NEW)
    expect(await trust(profile, 'bob', NOW)).to.equal(true)
    expect(await checkPin(profile, 'bob', NEW)).to.equal('pinned')
    expect(await checkPin(profile, 'bob', OLD)).to.equal('changed')
    expect(await trust(profile, 'bob', NOW)).to.equal(false)
  })

  it('have nothing to trust of somebody unknown', async () => {
    await noteChangedKey(profile, 'bob', NEW)
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
    await noteChangedKey(profile, 'bob', NEW)
    expect(state()).to.equal('changed')
    expect(Buffer.compare(keyToCompare(profile.state, 'bob'), NEW)).to.equal(0)
    await verify(profile, 'bob', NEW, NOW)
    expect(state()).to.equal('verified')
    expect(await checkPin(profile, 'bob', OLD)).to.equal('changed')
  })

  it('are not verified by trusting a changed key', async () => {
    await pin(profile, 'bob', OLD, NOW)
    await verify(profile, 'bob', OLD, NOW)
    await noteChangedKey(profile, 'bob', NEW)
    await trust(profile, 'bob', NOW)
    expect(state()).to.equal('pinned')
  })

  it('are not verified by a number that was shown for another key', async () => {
    await pin(profile, 'bob', OLD, NOW)
    await noteChangedKey(profile, 'bob', NEW)
    expect((await rejection(verify(profile, 'bob', OLD, NOW))).code).to.equal('ERR_USAGE')
    await noteChangedKey(profile, 'bob', bytesOf('yet another', 32))
    expect((await rejection(verify(profile, 'bob', NEW, NOW))).code).to.equal('ERR_USAGE')
    expect(state()).to.equal('changed')
  })

  it('have nothing to verify of somebody unknown', async () => {
    expect((await rejection(verify(profile, 'bob', NEW, NOW))).code).to.equal('ERR_USAGE')
  })

  it('outlast a block, which stops a name until it is taken back', async () => {
    await pin(profile, 'bob', OLD, NOW)
    await setBlocked(await Profile.open(home.path, 'alice'), 'bob', true)
    expect((await rejection(refuseBlocked(profile, 'bob'))).code).to.equal('ERR_BLOCKED')
    await refuseBlocked(profile, 'carol')
    await setBlocked(profile, 'bob', false)
    await refuseBlocked(profile, 'bob')
    expect(await checkPin(profile, 'bob', OLD)).to.equal('pinned')
  })
})
