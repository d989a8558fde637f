import { expect } from 'chai'
import { decodeEvent } from '#lib/delivery/text-event.ts'
import { parseLetterBody } from '#lib/letter/letter-body.ts'
import { Secret } from '#lib/secret.ts'
import { type LetterToStore, storeLetters } from '../../../clients/letters/store-letters.ts'
import { isUsed, type OwnPrekey } from '../../../clients/store/rows/letter-state.ts'
import type { Store } from '../../../clients/store/store.ts'
import { Crash, crashingDatabase, type WriteStep } from '../../support/crashing-database.ts'
import { permitReceiving, permitWriting } from '../../support/permits.ts'
import { bytesOf } from '../../support/random.ts'
import { conversation, memoryStore, outgoingText, quickDatabase, shown, testStore } from '../../support/stores.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const NOW_MS = 1_700_000_000_000
const WRITERS = ['alice', 'carol', 'dave']
const READER_KEY = bytesOf('identity key of bob', 32)

const keyOf = (name: string) => bytesOf(`identity key of ${name}`, 32)
const idOf = (name: string) => bytesOf(`id of ${name}`, 16)

const prekeyOf = (name: string): OwnPrekey => ({
  prekeyId: idOf(name),
  secret: Secret.of(bytesOf(`prekey of ${name}`, 96)),
  isLastResort: false,
  drawnAtMs: NOW_MS,
  missingSinceMs: undefined,
})

/** What each of some people says in a letter to bob. */
const bodies = new Map(
  WRITERS.map((name) => {
    const log = memoryStore().messageLog('bob', READER_KEY)
    void log.streams
    log.append(permitWriting('bob'), [outgoingText(`from ${name}`)])
    return [name, parseLetterBody(log.letters.next(idOf('session')).body)]
  }),
)

const lettersFor = (store: Store): LetterToStore[] =>
  WRITERS.map((name) => ({
    ticketId: idOf(name),
    prekeyId: idOf(name),
    untilMs: NOW_MS + 1_000,
    body: bodies.get(name) as LetterToStore['body'],
    messageLog: store.messageLog(name, keyOf(name)),
    permission: permitReceiving(name, keyOf(name)),
  }))

/** The writers whose letter is stored, noted, to be answered, and without its prekey; it must be all four or none. */
async function takenIn(store: Store): Promise<string[]> {
  const state = store.letterState()
  const taken: string[] = []
  for (const name of WRITERS) {
    const isStored = shown(await conversation(store, name)).includes(`from ${name}`)
    const isGone = !state.prekeys.some(({ prekeyId }) => Buffer.compare(prekeyId, idOf(name)) === 0)
    const isUnanswered = store.unanswered().includes(name)
    expect([isUsed(state, idOf(name)), isGone, isUnanswered]).to.deep.equal([isStored, isStored, isStored])
    if (isStored) taken.push(name)
  }
  return taken
}

const withPrekeys = (store: Store): void =>
  store.changeLetterState((state) => ({ ...state, prekeys: WRITERS.map(prekeyOf) }))

describe('storeLetters', () => {
  it('stores what came together, and tells of each', async () => {
    const store = memoryStore()
    withPrekeys(store)
    const letters = lettersFor(store)
    const stored = storeLetters(store, letters, NOW_MS)
    expect(stored.map(({ fresh, isEarly }) => [fresh.length, isEarly])).to.deep.equal(Array(3).fill([1, false]))
    expect(await takenIn(store)).to.deep.equal(WRITERS)
    expect(letters.map(({ messageLog }) => messageLog.streams.incoming?.stored)).to.deep.equal([1n, 1n, 1n])
    store.close()
  })

  it('stores nothing of any where one must not be, and each of the others afterwards', async () => {
    const store = memoryStore()
    withPrekeys(store)
    const [alice, carol, dave] = lettersFor(store) as [LetterToStore, LetterToStore, LetterToStore]
    const doubted = { ...carol, permission: permitReceiving('carol', keyOf('another')) }
    expect(() => storeLetters(store, [alice, doubted, dave], NOW_MS)).to.throw(TypeError)
    expect(await takenIn(store)).to.deep.equal([])
    for (const { messageLog } of [alice, dave]) expect(messageLog.streams.incoming?.received ?? 0n).to.equal(0n)
    storeLetters(store, [alice, dave], NOW_MS)
    expect(await takenIn(store)).to.deep.equal(['alice', 'dave'])
    store.close()
  })

  it('has each writer to be answered, once more where the same comes again, and nobody for what says nothing', () => {
    const store = memoryStore()
    const answer = () => {
      for (const { messageLog } of lettersFor(store)) {
        messageLog.letters.markPosted(messageLog.letters.next(idOf('session')), {
          sessionId: idOf('session'),
          untilMs: NOW_MS,
        })
      }
    }
    storeLetters(store, lettersFor(store), NOW_MS)
    expect(store.unanswered()).to.deep.equal(WRITERS)
    answer()
    expect(store.unanswered()).to.deep.equal([])
    // The answer was lost, so that its writer has posted it again.
    const again = lettersFor(store).map((letter) => ({ ...letter, ticketId: bytesOf('another ticket', 16) }))
    expect(storeLetters(store, again, NOW_MS).map(({ fresh }) => fresh.length)).to.deep.equal([0, 0, 0])
    expect(store.unanswered()).to.deep.equal(WRITERS)
    answer()
    const empty = again.map((letter) => ({ ...letter, body: { ...letter.body, firstSequence: 0n, events: [] } }))
    storeLetters(store, empty, NOW_MS)
    expect(store.unanswered()).to.deep.equal([])
    store.close()
  })

  it('has nobody to be answered before what comes before it is here', () => {
    const store = memoryStore()
    const [letter] = lettersFor(store) as [LetterToStore]
    const early = { ...letter, body: { ...letter.body, firstSequence: 2n } }
    expect(storeLetters(store, [early], NOW_MS).map(({ isEarly }) => isEarly)).to.deep.equal([true])
    expect(store.unanswered()).to.deep.equal([])
    store.close()
  })

  it('puts down what letters acknowledge, with events or without', () => {
    const store = memoryStore()
    const letters = lettersFor(store).map((letter) => {
      const { messageLog, body } = letter
      const [name] = WRITERS.filter((each) => bodies.get(each) === body)
      const event = outgoingText('said before')
      messageLog.append(permitWriting(name ?? ''), [event])
      const { outgoing } = messageLog.streams
      messageLog.letters.next(idOf('session'))
      const { resume } = body
      const peer = { peerStreamId: Buffer.from(outgoing.streamId), peerAcknowledged: 1n }
      const acknowledging = { ...resume, ...peer, peerLastEventId: decodeEvent(event).eventId }
      return {
        ...letter,
        body: { ...body, resume: acknowledging, ...(name === 'dave' && { firstSequence: 0n, events: [] }) },
      }
    })
    const stored = storeLetters(store, letters, NOW_MS)
    expect(stored.map(({ hasProgress }) => hasProgress)).to.deep.equal([true, true, true])
    expect(stored.map(({ fresh }) => fresh.length)).to.deep.equal([1, 1, 0])
    expect(letters.map(({ messageLog }) => messageLog.progress().delivered)).to.deep.equal([1, 1, 1])
    store.close()
  })

  it('has all of them or none on the disk, whenever the program dies', async () => {
    let hasCrashed = true
    for (let at = 0; hasCrashed; at += 1) {
      await using folder = await temporaryFolder()
      const before = testStore(folder.path)
      withPrekeys(before)
      lettersFor(before)
      before.close()
      let steps: number | undefined
      const shouldCrash = (_step: WriteStep) => steps !== undefined && steps++ === at
      const store = testStore(folder.path, { database: crashingDatabase(quickDatabase(folder.path), shouldCrash) })
      const letters = lettersFor(store)
      for (const { messageLog } of letters) void messageLog.streams
      steps = 0
      try {
        storeLetters(store, letters, NOW_MS)
        hasCrashed = false
      } catch (error) {
        if (!(error instanceof Crash)) throw error
      }
      store.close()
      const after = testStore(folder.path)
      expect((await takenIn(after)).length).to.be.oneOf([0, 3])
      // Whoever comes back takes in what is missing, once.
      if ((await takenIn(after)).length === 0) storeLetters(after, lettersFor(after), NOW_MS)
      expect(await takenIn(after)).to.deep.equal(WRITERS)
      after.close()
    }
  })

  it('forgets nobody who is to be answered, whenever the program dies as it answers', async () => {
    let hasCrashed = true
    for (let at = 0; hasCrashed; at += 1) {
      await using folder = await temporaryFolder()
      const before = testStore(folder.path)
      storeLetters(before, lettersFor(before), NOW_MS)
      before.close()
      let steps: number | undefined
      const shouldCrash = (_step: WriteStep) => steps !== undefined && steps++ === at
      const store = testStore(folder.path, { database: crashingDatabase(quickDatabase(folder.path), shouldCrash) })
      const [{ messageLog }] = lettersFor(store) as [LetterToStore]
      const letter = messageLog.letters.next(idOf('session'))
      steps = 0
      let isAnswered = false
      try {
        // By now the letter lies in the mailbox.
        messageLog.letters.markPosted(letter, { sessionId: idOf('session'), untilMs: NOW_MS })
        hasCrashed = false
        isAnswered = true
      } catch (error) {
        if (!(error instanceof Crash)) throw error
      }
      store.close()
      const after = testStore(folder.path)
      const left = after.unanswered()
      expect(left.filter((name) => name !== 'alice')).to.deep.equal(['carol', 'dave'])
      if (isAnswered) expect(left).to.not.include('alice')
      const [{ messageLog: again }] = lettersFor(after) as [LetterToStore]
      // Nobody is answered twice within the time, by whichever run.
      expect([again.letters.isAnswerDue(0), again.letters.isAnswerDue(60_000)]).to.deep.equal(
        Array(2).fill(left.includes('alice')),
      )
      again.letters.markUnanswered(true)
      expect([again.letters.isAnswerDue(0), again.letters.isAnswerDue(60_000)]).to.deep.equal([
        true,
        left.includes('alice'),
      ])
      after.close()
    }
  })
})
