import { expect } from 'chai'
import { resumeBody } from '../../support/bare-caller.ts'
import { HostUnderTest } from '../../support/peer-host.ts'
import { keyPairOf } from '../../support/random.ts'

/** More than a receiver has places for strangers, and than a network may have of these. */
const PEOPLE = 200

describe('servePeers, in a crowd', function () {
  this.timeout(30_000)

  it('lets all of one address in who come at the same moment, and loses nothing that they say', async () => {
    await using host = await HostUnderTest.start()
    const names = Array.from({ length: PEOPLE }, (_, number) => `pupil-${number}`)
    await Promise.all(
      names.map(async (senderName) => {
        const identity = keyPairOf(senderName)
        const ticket = { senderName, senderIdentityKey: identity.publicKey }
        const caller = await host.handshake(host.start({ ticket, identity, ownName: senderName }))
        await caller.sealAndSend(resumeBody(['here']))
        await caller.acknowledged()
      }),
    )
    expect(host.shown.toSorted()).to.deep.equal(names.map((name) => `${name}: here`).toSorted())
    expect(host.refused).to.deep.equal([])
  })
})
