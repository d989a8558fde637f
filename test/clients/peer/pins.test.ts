import { expect } from 'chai'
import { checkPin, noteChangedKey, pin, trust } from '../../../clients/peer/pins.ts'
import { Profile } from '../../../clients/peer/profile.ts'
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
})
