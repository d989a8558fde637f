import { expect } from 'chai'
import { openDatabase } from '../../../../clients/store/disk/database.ts'
import { undeliveredWords } from '../../../../clients/store/reading/undelivered.ts'
import type { Store } from '../../../../clients/store/store.ts'
import { FakeClock } from '../../../support/clock.ts'
import { permitWriting } from '../../../support/permits.ts'
import { bytesOf } from '../../../support/random.ts'
import { BOB_KEY, outgoingText, testStore } from '../../../support/stores.ts'

const NOW_MS = 1_700_000_000_000
const LIFETIME_MS = 1_000
const NEW_KEY = bytesOf('new identity key of bob', 32)

describe('what is not with a contact yet', () => {
  let clock: FakeClock
  let store: Store
  beforeEach(() => {
    clock = new FakeClock(NOW_MS)
    store = testStore('', { database: openDatabase(':memory:'), clock })
  })
  afterEach(() => store.close())

  const enqueue = (text: string) => store.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText(text)])

  /** Post what waits for bob's key. */
  function post(): void {
    const messageLog = store.messageLog('bob', BOB_KEY)
    const sessionId = bytesOf('session', 16)
    messageLog.letters.markPosted(messageLog.letters.next(sessionId), { sessionId, untilMs: NOW_MS + LIFETIME_MS })
  }

  it('is nothing where nothing was sent', () => {
    const undelivered = store.undelivered('bob', BOB_KEY)
    expect(undelivered).to.deep.equal({ waiting: 0, undeliverable: 0, posted: 0 })
    expect(undeliveredWords(undelivered)).to.deep.equal([])
    expect(store.names()).to.deep.equal([])
  })

  it('waits until it is posted, and again once a letter can no longer be opened', () => {
    enqueue('one')
    enqueue('two')
    expect(store.undelivered('bob', BOB_KEY)).to.deep.equal({ waiting: 2, undeliverable: 0, posted: 0 })
    post()
    enqueue('three')
    const undelivered = store.undelivered('bob', BOB_KEY)
    expect(undelivered).to.deep.equal({ waiting: 1, undeliverable: 0, posted: 2 })
    expect(store.undelivered('bob')).to.deep.equal(undelivered)
    expect(undeliveredWords(undelivered)).to.deep.equal(['1 waiting', '2 posted'])
    clock.advance(LIFETIME_MS + 1)
    expect(store.undelivered('bob', BOB_KEY)).to.deep.equal({ waiting: 3, undeliverable: 0, posted: 0 })
  })

  it('is neither once it is acknowledged', () => {
    enqueue('one')
    post()
    const messageLog = store.messageLog('bob', BOB_KEY)
    messageLog.streams.outgoing.acknowledge(1n)
    messageLog.save()
    expect(store.undelivered('bob', BOB_KEY)).to.deep.equal({ waiting: 0, undeliverable: 0, posted: 0 })
  })

  it('waits for a key that is no more, though it was posted for it', () => {
    enqueue('one')
    post()
    store.messageLog('bob', NEW_KEY).append(permitWriting('bob'), [outgoingText('two')])
    const undelivered = store.undelivered('bob', NEW_KEY)
    expect(undelivered).to.deep.equal({ waiting: 2, undeliverable: 1, posted: 0 })
    expect(undeliveredWords(undelivered)).to.deep.equal(['2 waiting (1 for a former key)'])
  })
})
