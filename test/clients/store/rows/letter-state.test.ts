import { expect } from 'chai'
import { drawPrekey } from '#lib/letter/prekey.ts'
import {
  afterHeld,
  afterLetter,
  decodeLetterState,
  encodeLetterState,
  isUsed,
  KEPT_MISSING_MS,
  type LetterState,
  NO_LETTERS,
  unknownIds,
} from '../../../../clients/store/rows/letter-state.ts'
import { bytesOf, randomFrom } from '../../../support/random.ts'
import { testStore } from '../../../support/stores.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

const NOW_MS = 1_000_000
const random = randomFrom('prekeys')
const own = (isLastResort = false) => {
  const { prekey, secret } = drawPrekey(random)
  return { prekeyId: prekey.prekeyId, secret, isLastResort, drawnAtMs: NOW_MS, missingSinceMs: undefined }
}
const [first, second, last] = [own(), own(), own(true)]
const STATE: LetterState = { ...NO_LETTERS, prekeys: [first, second, last], sessionId: bytesOf('session', 16) }
const idsOf = ({ prekeys }: LetterState) => prekeys.map(({ prekeyId }) => Buffer.from(prekeyId).toString('hex'))
const hex = (each: { prekeyId: Uint8Array }) => Buffer.from(each.prekeyId).toString('hex')
const ticketId = bytesOf('ticket', 16)

describe('the letter state of a profile', () => {
  it('is read as it was written, and none where nothing was', async () => {
    const state = afterLetter(STATE, { ticketId, prekeyId: first.prekeyId, untilMs: NOW_MS }, NOW_MS)
    const again = decodeLetterState(encodeLetterState(state))
    expect(idsOf(again)).to.deep.equal(idsOf(state))
    expect(again.used).to.deep.equal(state.used)
    expect(
      again.prekeys.every((each, index) => each.secret.equals(state.prekeys[index]?.secret ?? each.prekeyId)),
    ).to.equal(true)
    expect(decodeLetterState(encodeLetterState(NO_LETTERS))).to.deep.equal(NO_LETTERS)
    await using folder = await temporaryFolder()
    const store = testStore(folder.path)
    expect(store.letterState()).to.deep.equal(NO_LETTERS)
    store.changeLetterState(() => state)
    store.close()
    const reopened = testStore(folder.path)
    expect(idsOf(reopened.letterState())).to.deep.equal(idsOf(state))
    reopened.close()
  })

  it('lets go of a private half with its letter, except of last resort, and of the ticket in time', () => {
    const letter = { ticketId, prekeyId: first.prekeyId, untilMs: NOW_MS + 10 }
    const after = afterLetter(STATE, letter, NOW_MS)
    expect(idsOf(after)).to.deep.equal([hex(second), hex(last)])
    expect(isUsed(after, ticketId)).to.equal(true)
    expect(isUsed(after, bytesOf('another', 16))).to.equal(false)
    const other = { ...letter, ticketId: bytesOf('another', 16), prekeyId: last.prekeyId, untilMs: NOW_MS + 20 }
    expect(idsOf(afterLetter(after, other, NOW_MS + 10))).to.deep.equal([hex(second), hex(last)])
    expect(isUsed(afterLetter(after, other, NOW_MS + 10), ticketId)).to.equal(true)
    expect(isUsed(afterLetter(after, other, NOW_MS + 11), ticketId)).to.equal(false)
  })

  it('lets go of private halves 15 days after the mailbox was first without them', () => {
    const held = { prekeyIds: [first.prekeyId], lastResortId: last.prekeyId }
    const missing = afterHeld(STATE, held, NOW_MS)
    expect(idsOf(missing)).to.deep.equal(idsOf(STATE))
    expect(idsOf(afterHeld(missing, held, NOW_MS + KEPT_MISSING_MS - 1))).to.deep.equal(idsOf(STATE))
    expect(idsOf(afterHeld(missing, held, NOW_MS + KEPT_MISSING_MS))).to.deep.equal([hex(first), hex(last)])
    // One that comes back is not missing.
    const back = afterHeld(missing, { ...held, prekeyIds: [first.prekeyId, second.prekeyId] }, NOW_MS + 1)
    expect(idsOf(afterHeld(back, held, NOW_MS + KEPT_MISSING_MS))).to.deep.equal(idsOf(STATE))
  })

  it('tells what the mailbox has of others, or of a former state of the same profile', () => {
    const stranger = bytesOf('stranger', 16)
    expect(unknownIds(STATE, { prekeyIds: [first.prekeyId, stranger], lastResortId: last.prekeyId })).to.deep.equal([
      stranger,
    ])
    expect(unknownIds(NO_LETTERS, { prekeyIds: [], lastResortId: last.prekeyId })).to.deep.equal([last.prekeyId])
    expect(unknownIds(STATE, { prekeyIds: [], lastResortId: undefined })).to.deep.equal([])
  })

  it('is not on the disk in the clear', async () => {
    await using folder = await temporaryFolder()
    const { readFileSync } = await import('node:fs')
    const { join } = await import('node:path')
    const store = testStore(folder.path)
    store.changeLetterState(() => STATE)
    store.close()
    const file = readFileSync(join(folder.path, 'store.db'))
    for (const each of [first, second, last]) {
      const secret = Buffer.from(each.secret.reveal())
      for (const form of [secret, secret.subarray(0, 32), Buffer.from(secret.toString('base64').slice(0, 40))]) {
        expect(file.includes(form)).to.equal(false)
      }
    }
  })
})
