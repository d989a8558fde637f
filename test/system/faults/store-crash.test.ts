import { expect } from 'chai'
import fc from 'fast-check'
import { MAX_PART_DATA_BYTES } from '#lib/delivery/limits.ts'
import type { Message } from '../../../clients/store/reading/messages.ts'
import type { Store } from '../../../clients/store/store.ts'
import { Crash, crashingDatabase, type ShouldCrash, type WriteStep } from '../../support/crashing-database.ts'
import { converse, DeliveringSide } from '../../support/delivering-side.ts'
import { assertAsyncProperty } from '../../support/property.ts'
import {
  ALICE_KEY,
  BOB_KEY,
  conversation,
  outgoingText,
  quickDatabase,
  shown,
  testStore,
} from '../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const LONG = 'long '.repeat(MAX_PART_DATA_BYTES / 4)

/** One end, whose program may die at any write and is started again by whoever notices. */
class MortalSide {
  readonly #folder: string
  readonly #opener: boolean
  readonly #shouldCrash: ShouldCrash
  #store: Store | undefined
  #side: DeliveringSide | undefined
  /** What the person has asked to be said, in order. */
  readonly asked: string[] = []

  constructor(folder: string, opener: boolean, shouldCrash: ShouldCrash) {
    this.#folder = folder
    this.#opener = opener
    this.#shouldCrash = shouldCrash
  }

  get side(): DeliveringSide {
    if (this.#side !== undefined) return this.#side
    this.#store = testStore(this.#folder, {
      database: crashingDatabase(quickDatabase(this.#folder), this.#shouldCrash),
    })
    const messageLog = this.#opener
      ? this.#store.messageLog('bob', BOB_KEY)
      : this.#store.messageLog('alice', ALICE_KEY)
    this.#side = new DeliveringSide(messageLog, this.#opener)
    return this.#side
  }

  end(): void {
    this.#store?.close()
    this.#store = undefined
    this.#side = undefined
  }

  /** Say something; where the program dies meanwhile, look whether it was taken, and say it again if not. */
  say(text: string): void {
    this.asked.push(text)
    survive([this], () => {
      if (this.side.messageLog.progress().appended < this.asked.length) this.side.append([outgoingText(text)])
    })
  }
}

/** Do something that may be begun again, as often as the programs die of it. */
function survive(sides: readonly MortalSide[], work: () => void): void {
  for (;;) {
    try {
      work()
      return
    } catch (error) {
      if (!(error instanceof Crash)) throw error
      for (const side of sides) side.end()
    }
  }
}

function settle(alice: MortalSide, bob: MortalSide): void {
  // A crash is no reason to disagree about a stream: what it takes was never told to the other side.
  survive([alice, bob], () => converse(alice.side, bob.side))
}

describe('a store whose program dies', () => {
  let folders: readonly [TemporaryFolder, TemporaryFolder]
  beforeEach(async () => {
    folders = [await temporaryFolder(), await temporaryFolder()]
  })
  afterEach(async () => {
    for (const folder of folders) await folder[Symbol.asyncDispose]()
  })

  /** A conversation in which every kind of write happens, on either side. */
  async function talk(shouldCrash: ShouldCrash): Promise<void> {
    const [alice, bob] = [
      new MortalSide(folders[0].path, true, shouldCrash),
      new MortalSide(folders[1].path, false, shouldCrash),
    ]
    alice.say('a1')
    alice.say('a2')
    settle(alice, bob)
    bob.say('b1')
    alice.say(LONG)
    bob.say('b2')
    settle(alice, bob)
    alice.end()
    alice.say('a3')
    settle(alice, bob)
    alice.end()
    bob.end()
    await compare(alice, bob)
  }

  async function compare(alice: MortalSide, bob: MortalSide): Promise<void> {
    const [storeA, storeB] = [testStore(folders[0].path), testStore(folders[1].path)]
    try {
      const [atAlice, atBob] = [await conversation(storeA, 'bob'), await conversation(storeB, 'alice')]
      const of = (messages: typeof atAlice, direction: string): string[] => {
        return shown(messages.filter((message) => (message as Message).direction === direction))
      }
      expect(of(atAlice, 'outgoing')).to.deep.equal(alice.asked)
      expect(of(atBob, 'outgoing')).to.deep.equal(bob.asked)
      expect(of(atBob, 'incoming')).to.deep.equal(alice.asked)
      expect(of(atAlice, 'incoming')).to.deep.equal(bob.asked)
      const states = [...atAlice, ...atBob].map((message) => (message as Message).state)
      expect(new Set(states)).to.deep.equal(new Set(['delivered', 'received']))
    } finally {
      storeA.close()
      storeB.close()
    }
  }

  async function freshFolders(): Promise<void> {
    for (const folder of folders) await folder[Symbol.asyncDispose]()
    folders = [await temporaryFolder(), await temporaryFolder()]
  }

  it('loses nothing and doubles nothing, at whichever write of a conversation', async function () {
    this.timeout(300_000)
    const steps: WriteStep[] = []
    await talk((step) => {
      steps.push(step)
      return false
    })
    expect(new Set(steps)).to.deep.equal(new Set(['begin', 'statement', 'commit', 'committed']))
    for (let fatal = 0; fatal < steps.length; fatal += 1) {
      let reached = 0
      await freshFolders()
      await talk(() => reached++ === fatal)
    }
  })

  it('loses nothing and doubles nothing where it dies again and again', async function () {
    this.timeout(300_000)
    await assertAsyncProperty(
      fc.asyncProperty(fc.infiniteStream(fc.nat(30)), async (lives) => {
        await freshFolders()
        let left = 5
        await talk(() => {
          left -= 1
          if (left > 0) return false
          left = 12 + (lives.next().value as number)
          return true
        })
      }),
      10,
    )
  })
})
