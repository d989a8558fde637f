import { expect } from 'chai'
import fc from 'fast-check'
import { isSottoError } from '#lib/errors.ts'
import type { Store } from '../../../clients/store/store.ts'
import { converseAgain, DeliveringSide } from '../../support/delivering-side.ts'
import { permitWriting } from '../../support/permits.ts'
import { assertAsyncProperty } from '../../support/property.ts'
import { ALICE_KEY, BOB_KEY, conversation, outgoingText, shown, testStore } from '../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

/** The store that bob began with, and one that was made when that was away. */
type Memory = 'first' | 'second'

/** Alice speaks to bob, who has two stores: one is put away while the other is used, as with a backup. */
class Talk implements AsyncDisposable {
  readonly said: string[] = []
  readonly #folders: Readonly<Record<'alice' | Memory, TemporaryFolder>>
  #stores: { readonly alice: Store; readonly bob: Store }
  #alice: DeliveringSide
  #bob: DeliveringSide
  #memory: Memory = 'first'

  static async begin(): Promise<Talk> {
    return new Talk({ alice: await temporaryFolder(), first: await temporaryFolder(), second: await temporaryFolder() })
  }

  private constructor(folders: Readonly<Record<'alice' | Memory, TemporaryFolder>>) {
    this.#folders = folders
    this.#stores = { alice: testStore(folders.alice.path), bob: testStore(folders.first.path) }
    this.#alice = new DeliveringSide(this.#stores.alice.messageLog('bob', BOB_KEY), true)
    this.#bob = new DeliveringSide(this.#stores.bob.messageLog('alice', ALICE_KEY), false)
  }

  say(count = 1): void {
    for (let n = 0; n < count; n += 1) {
      const text = `${this.said.length + 1}`
      this.#alice.messageLog.append(permitWriting('bob'), [outgoingText(text)])
      this.said.push(text)
      this.#alice.messageLog.takeAppended()
    }
  }

  restartAlice(): void {
    this.#stores.alice.close()
    this.#stores = { ...this.#stores, alice: testStore(this.#folders.alice.path) }
    this.#alice = new DeliveringSide(this.#stores.alice.messageLog('bob', BOB_KEY), true)
  }

  restartBob(memory = this.#memory): void {
    this.#memory = memory
    this.#stores.bob.close()
    this.#stores = { ...this.#stores, bob: testStore(this.#folders[memory].path) }
    this.#bob = new DeliveringSide(this.#stores.bob.messageLog('alice', ALICE_KEY), false)
  }

  /**
   * A conversation, until so many records have arrived: then it is cut, with as many of either side on their way.
   *
   * @param meanwhile - Said by alice when the first record is on its way.
   */
  converse({ opener = 'alice', arriving = Number.POSITIVE_INFINITY, lost = 0, meanwhile = 0 } = {}): void {
    const sides = opener === 'alice' ? [this.#alice, this.#bob] : [this.#bob, this.#alice]
    const [one, other] = sides as [DeliveringSide, DeliveringSide]
    one.open(true)
    other.open(false)
    let arrived = 0
    for (let before = -1; before !== arrived; ) {
      before = arrived
      for (const [speaker, hearer] of [[one, other] as const, [other, one] as const]) {
        for (let record = speaker.next(); record !== undefined && arrived < arriving; record = speaker.next()) {
          if (arrived === 0) this.say(meanwhile)
          try {
            hearer.receive(record)
          } catch (error) {
            if (!isSottoError(error, 'ERR_STREAM_RENEWED')) throw error
            return
          }
          arrived += 1
        }
      }
    }
    for (let n = 0; n < lost; n += 1) for (const side of sides) side.next()
  }

  /** Until both agree. */
  settle(): void {
    converseAgain(this.#alice, this.#bob)
  }

  async heard(): Promise<string[]> {
    return shown(await conversation(this.#stores.bob, 'alice'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stores.alice.close()
    this.#stores.bob.close()
    for (const folder of Object.values(this.#folders)) await folder[Symbol.asyncDispose]()
  }
}

describe('a reader with a restored backup, whose writer has left the stream that it knows', () => {
  let talk: Talk
  beforeEach(async () => {
    talk = await Talk.begin()
    talk.say()
    talk.converse()
    talk.restartBob('second')
  })
  afterEach(() => talk[Symbol.asyncDispose]())

  for (const restarts of [false, true]) {
    it(`gets what it lacks, though its word is lost in a cut${restarts ? ' and it starts again' : ''}`, async () => {
      talk.settle()
      talk.say(2)
      talk.converse()
      talk.restartBob('first')
      talk.converse({ arriving: 1, lost: 1 })
      if (restarts) talk.restartBob()
      talk.settle()
      expect(await talk.heard()).to.deep.equal(['1', '2', '3'])
    })
  }

  for (const [what, cut] of [
    ['comes before its word is heard', {}],
    ['comes after its word is lost in a cut', { arriving: 1, lost: 1 }],
  ] as const) {
    it(`gets each event once where one ${what}`, async () => {
      talk.restartBob('first')
      talk.say(2)
      talk.converse()
      talk.restartBob('second')
      talk.settle()
      talk.restartBob('first')
      talk.converse({ ...cut, meanwhile: 1 })
      talk.settle()
      expect(await talk.heard()).to.deep.equal(['1', '2', '3', '4'])
    })
  }

  it('gets what it lacks where the writer begins with an event', async () => {
    talk.settle()
    talk.say(2)
    talk.converse()
    talk.restartBob('first')
    talk.restartAlice()
    talk.say()
    talk.settle()
    expect(await talk.heard()).to.deep.equal(['1', '2', '3', '4'])
  })
})

describe('two ends of which one changes between two memories', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('say' as const), count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({
      kind: fc.constant('converse' as const),
      opener: fc.constantFrom('alice', 'bob'),
      arriving: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constant(Number.POSITIVE_INFINITY)),
      lost: fc.integer({ min: 0, max: 1 }),
      meanwhile: fc.integer({ min: 0, max: 1 }),
    }),
    fc.constant({ kind: 'restart alice' as const }),
    fc.constant({ kind: 'restart bob' as const }),
  )
  // A writer remembers eight streams that it has left, and each change costs one or two.
  const between = fc.array(fc.array(step, { maxLength: 6 }), { minLength: 1, maxLength: 4 })

  it('lose nothing, and nothing comes twice or in another order', async () => {
    const property = fc.asyncProperty(between, async (stages) => {
      await using talk = await Talk.begin()
      // Who knows nothing of what was said is told nothing of it.
      talk.say()
      talk.converse()
      stages.forEach((steps, stage) => {
        talk.restartBob(stage % 2 === 0 ? 'first' : 'second')
        for (const each of steps) {
          if (each.kind === 'say') talk.say(each.count)
          else if (each.kind === 'converse') talk.converse(each)
          else if (each.kind === 'restart alice') talk.restartAlice()
          else talk.restartBob()
        }
      })
      talk.restartBob('first')
      talk.settle()
      const heard = await talk.heard()
      const missing = talk.said.filter((text) => !heard.includes(text))
      expect(heard).to.deep.equal(talk.said.filter((text) => !missing.includes(text)))
      expect(missing).to.deep.equal([])
    })
    await assertAsyncProperty(property, 4)
  })
})
