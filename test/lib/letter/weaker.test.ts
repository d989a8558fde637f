/**
 * What a letter promises less than a conversation, each line of docs/threat-model.md with what still holds: so that nobody
 * takes a letter for more than it is.
 */
import { expect } from 'chai'
import { Letter, LetterClear } from '#gen/sotto/peer/v1/letter.ts'
import { drawPrekey, prekeyPairFrom } from '#lib/letter/prekey.ts'
import type { KeyPair } from '#lib/noise/primitives.ts'
import { codeOf } from '../../support/code-of.ts'
import { ALICE, BOB } from '../../support/conversation.ts'
import { letterGrant, open, PREKEY, sealedLetter, sealedLetterTicket } from '../../support/letter.ts'
import { keyPairOf, randomFrom, secretOf } from '../../support/random.ts'

/** Alice's key pair as somebody has it who knows her public key alone, and Bob's secret one: for letters to Bob. */
const ALICE_BY_BOBS_KEY: KeyPair = {
  publicKey: ALICE.publicKey,
  secretKey: secretOf('nobody knows'),
  dh: (publicKey) => {
    expect(publicKey).to.deep.equal(BOB.publicKey)
    return BOB.dh(ALICE.publicKey)
  },
}

describe('a letter', () => {
  it("can be forged in anybody's name by whoever has the receiver's identity key and a ticket key of its session", () => {
    expect(codeOf(() => open(sealedLetter({ identity: ALICE_BY_BOBS_KEY })))).to.equal('none')
  })

  it('cannot be forged without the ticket key: Auth names the sender', () => {
    const secret = secretOf("the forger's own")
    const ticket = sealedLetterTicket({ secret }, { key: secretOf("the forger's own key") })
    const forged = sealedLetter({ identity: ALICE_BY_BOBS_KEY, ticket, grant: letterGrant(ticket, { secret }) })
    expect(codeOf(() => open(forged))).to.equal('ERR_TICKET_FORGED')
  })

  it("cannot be forged by an Auth that lacks the receiver's identity key", () => {
    const auth = keyPairOf('made by auth')
    expect(codeOf(() => open(sealedLetter({ identity: auth })))).to.equal('ERR_DECRYPT')
  })

  it('is of no use to anybody where the mailbox gave a false prekey, and the receiver does not open it', () => {
    const { prekey, secret } = drawPrekey(randomFrom('prekey of the mailbox'))
    const letter = sealedLetter({ prekey })
    expect(codeOf(() => open(letter))).to.equal('ERR_PREKEY_UNKNOWN')
    // Whoever knows the private half of the false prekey, and s from Auth, lacks both identity keys still.
    const findPrekey = () => prekeyPairFrom(secret)
    expect(codeOf(() => open(letter, { findPrekey, identity: BOB }))).to.equal('none')
    expect(codeOf(() => open(letter, { findPrekey, identity: keyPairOf('the mailbox') }))).to.equal(
      'ERR_TICKET_RECEIVER',
    )
  })

  it('stays closed to a thief of the whole profile once the private half of its prekey is gone', () => {
    expect(codeOf(() => open(sealedLetter(), { findPrekey: () => undefined }))).to.equal('ERR_PREKEY_UNKNOWN')
    const { secret } = drawPrekey(randomFrom('guessed'))
    expect(codeOf(() => open(sealedLetter(), { findPrekey: () => prekeyPairFrom(secret) }))).to.equal('ERR_DECRYPT')
  })

  it('opens to a thief of the whole profile as long as the private half is there, as in a backup', () => {
    expect(codeOf(() => open(sealedLetter(), { findPrekey: () => prekeyPairFrom(PREKEY.secret) }))).to.equal('none')
  })

  it('shows the mailbox no name, no text, and its length in five steps alone', () => {
    const bodies = [1, 150].map((bytes) => sealedLetter({ body: Buffer.alloc(bytes) }))
    expect(bodies[0]?.length).to.equal(bodies[1]?.length)
    const { clear } = Letter.decode(bodies[0] ?? new Uint8Array(0))
    expect(Object.keys(LetterClear.decode(clear)).sort()).to.deep.equal([
      'ephemeralKey',
      'kemCiphertext',
      'prekeyId',
      'suite',
      'ticket',
      'version',
    ])
    for (const text of ['alice', 'bob']) {
      for (const letter of bodies) expect(Buffer.from(letter).includes(text)).to.equal(false)
    }
    for (const { publicKey } of [ALICE, BOB]) {
      for (const letter of bodies) expect(Buffer.from(letter).includes(publicKey)).to.equal(false)
    }
  })
})
