import { expect } from 'chai'
import { OwnMessages } from '../../../../clients/chat/json/own-messages.ts'
import type { Store } from '../../../../clients/store/store.ts'
import { permitWriting } from '../../../support/permits.ts'
import { BOB_KEY, memoryStore, outgoingText, textsOf } from '../../../support/stores.ts'

describe('OwnMessages', () => {
  let store: Store
  /** How often the history was read. */
  let readings: number
  let enqueued: string[]
  let own: OwnMessages
  beforeEach(() => {
    store = memoryStore()
    readings = 0
    enqueued = []
    own = new OwnMessages({
      store: {
        names: () => store.names(),
        history: (...page) => {
          readings += 1
          return store.history(...page)
        },
      },
      keyOf: () => BOB_KEY,
      progressOf: (name) => store.messageLog(name, BOB_KEY).progress(),
      onEnqueued: ({ event }) => enqueued.push(...textsOf([event])),
      onState: () => {},
    })
  })
  afterEach(() => store.close())

  const append = (...texts: string[]) =>
    store.messageLog('bob', BOB_KEY).append(
      permitWriting('bob'),
      texts.map((text) => outgoingText(text)),
    )

  it('reads no history of those to whom nothing is new, however long theirs is', () => {
    store.messageLog('bob', BOB_KEY)
    own.begin()
    own.pollAll()
    expect(readings).to.equal(0)
    append('one')
    own.pollAll()
    const readOnce = readings
    expect(readOnce).to.be.greaterThan(0)
    own.pollAll()
    expect(readings).to.equal(readOnce)
  })

  it('reports what is new once, in order', () => {
    append('before')
    own.begin()
    append('one', 'two')
    own.poll('bob')
    own.pollAll()
    expect(enqueued).to.deep.equal(['one', 'two'])
  })
})
