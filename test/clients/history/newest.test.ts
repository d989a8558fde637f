import { expect } from 'chai'
import { newest } from '../../../clients/history/newest.ts'
import type { Store } from '../../../clients/store/store.ts'
import { FakeClock } from '../../support/clock.ts'
import { permitWriting } from '../../support/permits.ts'
import { BOB_KEY, outgoingText, shown, testStore } from '../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

describe('newest', () => {
  let folder: TemporaryFolder
  let store: Store
  const clock = new FakeClock()
  beforeEach(async () => {
    folder = await temporaryFolder()
    store = testStore(folder.path, { clock })
  })
  afterEach(async () => {
    store.close()
    await folder[Symbol.asyncDispose]()
  })

  function say(name: string, text: string): void {
    clock.advance(1)
    store.messageLog(name, BOB_KEY).append(permitWriting(name), [outgoingText(text)])
  }

  it('gives the end of a conversation, the oldest first', () => {
    for (const text of ['a', 'b', 'c']) say('bob', text)
    expect(shown([...newest(store, ['bob'], 2)])).to.deep.equal(['b', 'c'])
    expect(shown([...newest(store, ['bob'], 9)])).to.deep.equal(['a', 'b', 'c'])
  })

  it('is empty where nothing was said', () => {
    expect([...newest(store, [], 9)]).to.deep.equal([])
    expect([...newest(store, ['nobody'], 9)]).to.deep.equal([])
  })

  it('brings several conversations together in the order of time, over more than one page of each', () => {
    const all = Array.from({ length: 600 }, (_, index) => [index % 5 === 0 ? 'carol' : 'bob', String(index)] as const)
    for (const [name, text] of all) say(name, text)
    for (const limit of [1, 256, 257, 599, 600]) {
      const texts = all.slice(-limit).map(([, text]) => text)
      expect(shown([...newest(store, ['bob', 'carol'], limit)])).to.deep.equal(texts)
    }
  })

  it('leaves out what is added while it is read', () => {
    for (const text of ['a', 'b', 'c']) say('bob', text)
    const entries = newest(store, ['bob'], 2)
    const { value } = entries.next()
    say('bob', 'd')
    expect(shown([value, ...entries])).to.deep.equal(['b', 'c'])
  })
})
