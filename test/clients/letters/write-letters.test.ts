import { expect } from 'chai'
import { isSottoError } from '#lib/errors.ts'
import type { NextLetter } from '#lib/letter/letter-streams.ts'
import { type LetterToWrite, markLetters, writeLetters } from '../../../clients/letters/write-letters.ts'
import type { Store } from '../../../clients/store/store.ts'
import { Crash, crashingDatabase, type WriteStep } from '../../support/crashing-database.ts'
import { permitWriting } from '../../support/permits.ts'
import { bytesOf } from '../../support/random.ts'
import { memoryStore, outgoingText, quickDatabase, testStore } from '../../support/stores.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const READERS = ['bob', 'carol', 'dave']
const SESSION_ID = bytesOf('session', 16)

const logOf = (store: Store, name: string) => store.messageLog(name, bytesOf(`identity key of ${name}`, 32))

/** A text waits for each. */
function fill(store: Store): void {
  for (const name of READERS) logOf(store, name).append(permitWriting(name), [outgoingText(`for ${name}`)])
}

const lettersOf = (store: Store): LetterToWrite[] =>
  READERS.map((name) => ({ messageLog: logOf(store, name), sessionId: SESSION_ID }))

/** Write a letter to each, and mark it as posted. */
function post(store: Store, letters: readonly LetterToWrite[]): void {
  const written = writeLetters(store, letters) as NextLetter[]
  // Until then it can be opened.
  const untilMs = Date.now() + 60_000
  markLetters(
    store,
    letters.map((each, index) => ({ ...each, letter: written[index] as NextLetter, untilMs })),
  )
}

const postedOf = (store: Store) => READERS.map((name) => logOf(store, name).progress().posted)

describe('letters that are written together', () => {
  it('have one commit when they are written, and one when they are posted', () => {
    const store = memoryStore()
    fill(store)
    const letters = lettersOf(store)
    for (const { messageLog } of letters) void messageLog.streams
    let commits = 0
    const counted = {
      storeTogether: <T>(work: () => T, durability?: 'process' | 'disk') => {
        commits += 1
        return store.storeTogether(work, durability)
      },
    }
    const written = writeLetters(counted, letters) as NextLetter[]
    expect(written.map(({ count }) => count)).to.deep.equal([1, 1, 1])
    expect(postedOf(store)).to.deep.equal([0, 0, 0])
    const toMark = letters.map((each, index) => {
      return { ...each, letter: written[index] as NextLetter, untilMs: Date.now() + 60_000 }
    })
    expect(markLetters(counted, toMark)).to.deep.equal([undefined, undefined, undefined])
    expect(postedOf(store)).to.deep.equal([1, 1, 1])
    expect(commits).to.equal(2)
    expect(letters.map(({ messageLog }) => messageLog.letters.left(SESSION_ID))).to.deep.equal(Array(3).fill('nothing'))
    store.close()
  })

  it('go on without that of somebody who was forgotten meanwhile', () => {
    const store = memoryStore()
    fill(store)
    const letters = lettersOf(store)
    for (const { messageLog } of letters) void messageLog.streams
    store.forget('carol')
    const written = writeLetters(store, letters)
    const codes = written.map((each) => (isSottoError(each) ? each.code : each.count))
    expect(codes).to.deep.equal([1, 'ERR_STREAM_RENEWED', 1])
    store.forget('dave')
    const toMark = letters.map((each) => ({ ...each, letter: written[0] as NextLetter, untilMs: Date.now() + 60_000 }))
    expect(markLetters(store, toMark).map((each) => each?.code)).to.deep.equal([
      undefined,
      'ERR_STREAM_RENEWED',
      'ERR_STREAM_RENEWED',
    ])
    expect(logOf(store, 'bob').progress().posted).to.equal(1)
    store.close()
  })

  it('take in once what another process has appended meanwhile', async () => {
    await using folder = await temporaryFolder()
    const [store, other] = [testStore(folder.path), testStore(folder.path)]
    fill(store)
    const letters = lettersOf(store)
    for (const { messageLog } of letters) void messageLog.streams
    for (const name of READERS) logOf(other, name).append(permitWriting(name), [outgoingText('more')])
    post(store, letters)
    for (const { messageLog } of letters) messageLog.takeAppended()
    expect(letters.map(({ messageLog }) => messageLog.streams.outgoing.unacknowledged)).to.deep.equal([2, 2, 2])
    expect(postedOf(store)).to.deep.equal([1, 1, 1])
    post(store, letters)
    expect(postedOf(other)).to.deep.equal([2, 2, 2])
    for (const each of [store, other]) each.close()
  })

  it('may write a log twice in a step, which takes in once what another process has appended meanwhile', async () => {
    await using folder = await temporaryFolder()
    const [store, other] = [testStore(folder.path), testStore(folder.path)]
    const messageLog = logOf(store, 'bob')
    void messageLog.streams
    logOf(other, 'bob').append(permitWriting('bob'), [outgoingText('meanwhile')])
    store.storeTogether(() => {
      for (const isUnanswered of [true, false]) messageLog.letters.markUnanswered(isUnanswered)
      messageLog.append(permitWriting('bob'), [outgoingText('own')])
      messageLog.letters.markUnanswered(true)
    })
    expect(messageLog.streams.outgoing.unacknowledged).to.equal(2)
    logOf(other, 'bob').append(permitWriting('bob'), [outgoingText('afterwards')])
    messageLog.takeAppended()
    expect(messageLog.streams.outgoing.unacknowledged).to.equal(3)
    for (const each of [store, other]) each.close()
  })

  it('are all marked or none, whenever the program dies, and written anew with the same events where none is', async () => {
    let hasCrashed = true
    for (let at = 0; hasCrashed; at += 1) {
      await using folder = await temporaryFolder()
      let steps: number | undefined
      const shouldCrash = (_step: WriteStep) => steps !== undefined && steps++ === at
      const store = testStore(folder.path, { database: crashingDatabase(quickDatabase(folder.path), shouldCrash) })
      fill(store)
      const letters = lettersOf(store)
      for (const { messageLog } of letters) void messageLog.streams
      steps = 0
      try {
        post(store, letters)
        hasCrashed = false
      } catch (error) {
        if (!(error instanceof Crash)) throw error
      }
      store.close()
      const after = testStore(folder.path)
      expect(postedOf(after)).to.deep.be.oneOf([
        [0, 0, 0],
        [1, 1, 1],
      ])
      const again = writeLetters(after, lettersOf(after)) as NextLetter[]
      for (const [index, { through, count }] of again.entries()) {
        expect([through, count]).to.deep.equal([1n, postedOf(after)[index] === 0 ? 1 : 0])
      }
      after.close()
    }
  })
})
