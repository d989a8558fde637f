/**
 * A letter, sealed and opened, and everything that somebody who carries it can do to it: the first and the last byte of
 * each field, every truncation, and seeded flips; with SLOW a bit of every byte.
 */
import { expect } from 'chai'
import { Letter, LetterClear } from '#gen/sotto/peer/v1/letter.ts'
import { encodeLetterBody, parseLetterBody } from '#lib/letter/letter-body.ts'
import { drawPrekey, PREKEY_SECRET_BYTES, prekeyPairFrom } from '#lib/letter/prekey.ts'
import { Secret } from '#lib/secret.ts'
import { LETTER_LIFETIME_MS } from '#lib/ticket/letter-ticket.ts'
import { codeOf } from '../../support/code-of.ts'
import { ALICE, BOB, NOW_MS } from '../../support/conversation.ts'
import { counting } from '../../support/counting-key-pair.ts'
import {
  admit,
  BOB_LETTERS,
  letterGrant,
  letterResume,
  open,
  PREKEY,
  sealedLetter,
  sealedLetterTicket,
} from '../../support/letter.ts'
import { LOW_ORDER_KEYS } from '../../support/low-order-keys.ts'
import { bytesOf, keyPairOf, randomFrom, secretOf } from '../../support/random.ts'
import { flip, flipsOfEachByte, insideLargerBuffer, truncations } from '../../support/tamper.ts'

const MINUTE_MS = 60_000

describe('a letter', () => {
  it('opens for its receiver to what was sealed, and says who wrote it', () => {
    const letter = insideLargerBuffer(sealedLetter())
    expect(open(letter)).to.deep.equal(parseLetterBody(encodeLetterBody(letterResume(), undefined)))
    const { ticket, prekeyId } = admit(letter)
    expect(ticket.senderName).to.equal('alice')
    expect(Buffer.from(prekeyId)).to.deep.equal(Buffer.from(PREKEY.prekey.prekeyId))
  })

  it('opens under the ticket key of a former session', () => {
    expect(() => open(sealedLetter(), { ticketKeys: [secretOf('the present one'), BOB_LETTERS.key] })).to.not.throw()
    for (const ticketKeys of [[], [secretOf('another')]]) {
      expect(codeOf(() => admit(sealedLetter(), { ticketKeys }))).to.equal('ERR_TICKET_FORGED')
    }
  })

  it('is not sealed to oneself, nor for a prekey that is none', () => {
    const ticket = sealedLetterTicket()
    const grants = [
      letterGrant(ticket, { receiverName: 'alice' }),
      letterGrant(ticket, { receiverIdentityKey: ALICE.publicKey }),
    ]
    for (const grant of grants) expect(codeOf(() => sealedLetter({ grant }))).to.equal('ERR_CHAT_WITH_SELF')
    const { prekey } = PREKEY
    const broken = [
      { ...prekey, prekeyId: new Uint8Array(15) },
      { ...prekey, publicKey: new Uint8Array(31) },
      { ...prekey, encapsulationKey: prekey.encapsulationKey.subarray(1) },
      { ...prekey, encapsulationKey: Buffer.alloc(1_184, 0xff) },
    ]
    for (const each of broken) expect(codeOf(() => sealedLetter({ prekey: each }))).to.equal('ERR_LETTER_MALFORMED')
    for (const publicKey of LOW_ORDER_KEYS) {
      expect(codeOf(() => sealedLetter({ prekey: { ...prekey, publicKey } }))).to.equal('ERR_LOW_ORDER_KEY')
    }
  })

  it('does not open without the private half of its prekey', () => {
    const { secret } = drawPrekey(randomFrom('another prekey'))
    const letter = sealedLetter()
    expect(codeOf(() => open(letter, { findPrekey: () => prekeyPairFrom(secret) }))).to.equal('ERR_DECRYPT')
    // Nor with one of its two parts alone.
    const [own, other] = [PREKEY.secret.reveal(), secret.reveal()]
    const halves = [
      Buffer.concat([own.subarray(0, 32), other.subarray(32)]),
      Buffer.concat([other.subarray(0, 32), own.subarray(32)]),
    ]
    for (const half of halves) {
      const pair = prekeyPairFrom(Secret.of(half, PREKEY_SECRET_BYTES))
      expect(codeOf(() => open(letter, { findPrekey: () => pair }))).to.equal('ERR_DECRYPT')
    }
  })

  it('does not open when somebody else sealed it with the ticket and its secret', () => {
    const thief = sealedLetter({ identity: keyPairOf('thief') })
    expect(codeOf(() => open(thief))).to.equal('ERR_DECRYPT')
  })

  it('is refused before any Diffie-Hellman when its ticket is not good, or its prekey not held', () => {
    const identity = counting(BOB)
    const expectRefused = (code: string, letter: Uint8Array, changes: Parameters<typeof admit>[1] = {}): void => {
      expect(codeOf(() => admit(letter, { identity, ...changes }))).to.equal(code)
    }
    const letter = sealedLetter()
    const mallory = keyPairOf('mallory')
    const withTicket = (changes: Parameters<typeof sealedLetterTicket>[0]) =>
      sealedLetter({ ticket: sealedLetterTicket(changes) })
    expectRefused('ERR_TICKET_RECEIVER', withTicket({ receiverIdentityKey: mallory.publicKey }))
    expectRefused('ERR_CHAT_WITH_SELF', withTicket({ senderName: 'bob' }))
    expectRefused('ERR_CHAT_WITH_SELF', withTicket({ senderIdentityKey: BOB.publicKey }))
    expectRefused('ERR_TICKET_FUTURE', letter, { nowMs: NOW_MS - MINUTE_MS - 1 })
    expectRefused('ERR_TICKET_EXPIRED', letter, { nowMs: NOW_MS + LETTER_LIFETIME_MS + MINUTE_MS + 1 })
    expectRefused('ERR_TICKET_FUTURE', letter, { nowMs: Number.NaN })
    expectRefused('ERR_TICKET_REPLAYED', letter, { isUsed: () => true })
    expectRefused('ERR_PREKEY_UNKNOWN', letter, { findPrekey: () => undefined })
    expect(identity.count).to.equal(0)
    expect(codeOf(() => open(letter, { nowMs: NOW_MS + LETTER_LIFETIME_MS + MINUTE_MS }))).to.equal('none')
  })

  it('is refused when it is of another version or suite, or a part has another length', () => {
    const { clear, noiseMessage } = Letter.decode(sealedLetter())
    const fields = LetterClear.decode(clear)
    const encode = (changes: Partial<LetterClear>, noise = noiseMessage): Uint8Array =>
      Letter.encode({
        clear: Buffer.from(LetterClear.encode({ ...fields, ...changes }).finish()),
        noiseMessage: noise,
      }).finish()
    for (const changes of [{ version: 2 }, { suite: 2 }, { version: 0 }]) {
      expect(codeOf(() => admit(encode(changes)))).to.equal('ERR_HELLO_VERSION')
    }
    const lengths: Partial<LetterClear>[] = [
      { prekeyId: Buffer.alloc(15) },
      { kemCiphertext: Buffer.alloc(1_089) },
      { ephemeralKey: Buffer.alloc(0) },
    ]
    for (const changes of lengths) expect(codeOf(() => admit(encode(changes)))).to.equal('ERR_LETTER_MALFORMED')
    for (const length of [0, 95, 96, 351, 353, 61_537, 65_535]) {
      expect(codeOf(() => admit(encode({}, Buffer.alloc(length))))).to.equal('ERR_LETTER_MALFORMED')
    }
    const tooLong = Letter.encode({ clear: Buffer.alloc(4_097), noiseMessage }).finish()
    expect(codeOf(() => admit(tooLong))).to.equal('ERR_LETTER_MALFORMED')
    for (const key of LOW_ORDER_KEYS) {
      expect(codeOf(() => open(encode({ ephemeralKey: Buffer.from(key) })))).to.equal('ERR_LOW_ORDER_KEY')
    }
    expect(codeOf(() => admit(bytesOf('noise', 3_000)))).to.equal('ERR_LETTER_MALFORMED')
  })
})

describe('a letter changed by whoever carries it', () => {
  const letter = sealedLetter()

  it('does not open with the first or the last byte of any field changed', () => {
    const { clear, noiseMessage } = Letter.decode(letter)
    const { prekeyId, ticket, kemCiphertext, ephemeralKey } = LetterClear.decode(clear)
    for (const field of [clear, noiseMessage, prekeyId, ticket, kemCiphertext, ephemeralKey]) {
      const start = Buffer.from(letter).indexOf(field)
      for (const place of [start, start + field.length - 1]) {
        expect(codeOf(() => open(flip(letter, place * 8)))).to.not.equal('none')
      }
    }
  })

  it('does not open at any shorter length, and costs no Diffie-Hellman', () => {
    const identity = counting(BOB)
    for (const cut of truncations(letter)) {
      expect(codeOf(() => admit(cut, { identity }))).to.be.oneOf([
        'ERR_LETTER_MALFORMED',
        'ERR_TICKET_FORGED',
        'ERR_HELLO_VERSION',
      ])
    }
    expect(identity.count).to.equal(0)
  })

  it('does not open with a bit flipped, wherever it is', () => {
    const places = process.env['SLOW']
      ? [...flipsOfEachByte(letter)]
      : Array.from({ length: 200 }, (_, index) => {
          const [high = 0, low = 0] = bytesOf(`flip ${index}`, 2)
          return flip(letter, ((high << 8) | low) % (letter.length * 8))
        })
    for (const changed of places) expect(codeOf(() => open(changed))).to.not.equal('none')
  })

  it('opens for nobody else, in no other installation and under no other name', () => {
    expect(codeOf(() => admit(letter, { realm: bytesOf('another realm', 32) }))).to.equal('ERR_TICKET_FORGED')
    expect(codeOf(() => admit(letter, { ownName: 'bobby' }))).to.equal('ERR_TICKET_FORGED')
    expect(codeOf(() => admit(letter, { identity: keyPairOf('carol') }))).to.equal('ERR_TICKET_RECEIVER')
  })
})
