import { expect } from 'chai'
import fc from 'fast-check'
import type { IncomingStream } from '#lib/delivery/incoming-stream.ts'
import type { MessageLog } from '../../../../clients/store/log/message-log.ts'
import { decodeContact, encodeContact, newContact, newKey } from '../../../../clients/store/rows/contact-state.ts'
import type { Store } from '../../../../clients/store/store.ts'
import { permitReceiving, permitWriting } from '../../../support/permits.ts'
import { assertProperty } from '../../../support/property.ts'
import { bytesOf } from '../../../support/random.ts'
import {
  ALICE_KEY,
  BOB_KEY,
  incomingText,
  outgoingText,
  quickDatabase,
  shown,
  testStore,
} from '../../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts'

describe('unread messages', () => {
  let folder: TemporaryFolder
  let store: Store
  beforeEach(async () => {
    folder = await temporaryFolder()
    store = testStore(folder.path)
  })
  afterEach(async () => {
    store.close()
    await folder[Symbol.asyncDispose]()
  })

  function hear(messageLog: MessageLog, ...texts: string[]): void {
    hearFrom(BOB_KEY, messageLog, ...texts)
  }

  function hearFrom(key: Uint8Array, messageLog: MessageLog, ...texts: string[]): void {
    const { streams } = messageLog
    const incoming = streams.incoming ?? (streams.receive(bytesOf('stream', 16), { isAnswer: true }) as IncomingStream)
    const events = texts.map((text) => incomingText(text))
    const body = { firstSequence: incoming.received + 1n, events, acknowledged: 0n }
    messageLog.store(
      permitReceiving('bob', key),
      incoming.accept({ ...body, piece: undefined, control: undefined } as never),
    )
  }

  const unread = (limit = 100): string[] => shown(store.unread('bob', { limit }))

  /** Take all that is unread, a page after the other. */
  function readOn(limit: number): string[] {
    const read: string[] = []
    for (let page = store.unread('bob', { limit }); page.length > 0; page = store.unread('bob', { limit })) {
      expect(page.length).to.be.at.most(limit)
      read.push(...shown(page))
      store.markRead('bob', page.at(-1))
    }
    return read
  }

  it('come in pages, each once, whatever was said between them', () => {
    assertProperty(
      fc.property(fc.array(fc.integer({ min: -3, max: 7 })), fc.integer({ min: 1, max: 9 }), (bursts, limit) => {
        const messageLog = store.messageLog('bob', BOB_KEY)
        const texts: string[] = []
        for (const [burst, length] of bursts.entries()) {
          const part = Array.from({ length: Math.abs(length) }, (_, n) => `${burst}/${n}`)
          if (length > 0) hear(messageLog, ...part)
          if (length < 0)
            messageLog.append(
              permitWriting('bob'),
              part.map((text) => outgoingText(text)),
            )
          if (length > 0) texts.push(...part)
        }
        expect(readOn(limit)).to.deep.equal(texts)
        expect(store.contacts().map(({ unread }) => unread)).to.deep.equal([0])
        store.forget('bob')
      }),
      20,
    )
  })

  it('are none of who was never heard, nor after all was marked', () => {
    expect(unread()).to.deep.equal([])
    hear(store.messageLog('bob', BOB_KEY), 'one', 'two')
    expect([unread(), store.contacts()[0]?.unread]).to.deep.equal([['one', 'two'], 2])
    store.markRead('bob')
    expect([unread(), store.contacts()[0]?.unread]).to.deep.equal([[], 0])
  })

  it('are marked up to a message, and never unmarked', () => {
    hear(store.messageLog('bob', BOB_KEY), 'one', 'two', 'three')
    const [one, two] = store.unread('bob', { limit: 2 })
    store.markRead('bob', two)
    store.markRead('bob', one)
    expect(unread()).to.deep.equal(['three'])
  })

  it('count for each identity key', () => {
    const [old, anew] = [store.messageLog('bob', BOB_KEY), store.messageLog('bob', ALICE_KEY)]
    hearFrom(ALICE_KEY, anew, 'from the new')
    hear(old, 'from the old')
    expect(store.contacts()[0]?.unread).to.equal(2)
    expect(unread()).to.deep.equal(['from the old'])
    hear(old, 'and more')
    expect(readOn(1)).to.deep.equal(['from the old', 'and more', 'from the new'])
  })

  it('are as they were for a message log and a store that are opened anew', () => {
    hear(store.messageLog('bob', BOB_KEY), 'one', 'two')
    store.markRead('bob', store.unread('bob', { limit: 1 })[0])
    store.close()
    store = testStore(folder.path)
    hear(store.messageLog('bob', BOB_KEY), 'three')
    expect(unread()).to.deep.equal(['two', 'three'])
  })

  it('have a gap where messages are damaged, once', () => {
    const messageLog = store.messageLog('bob', BOB_KEY)
    for (const text of ['one', 'two', 'three', 'four']) hear(messageLog, text)
    const ids = quickDatabase(folder.path)
    const rows = ids.prepare('select id from batch order by id').all()
    for (const lost of [rows[1], rows[3]]) ids.prepare('delete from batch where id = ?').run(lost?.[0] as number)
    ids.close()
    expect(readOn(100)).to.deep.equal(['one', '(gap)', 'three', '(gap)'])
    hear(store.messageLog('bob', BOB_KEY), 'five')
    expect(readOn(1)).to.deep.equal(['five'])
  })

  it('are none in a store from before there were marks', () => {
    const key = { ...newKey(BOB_KEY, bytesOf('stream', 16)), received: 3 }
    const { read: _, unreadFrom: __, ...before } = key
    const old = { ...newContact('bob'), lastBatch: 2, keys: [before] }
    const contact = decodeContact(encodeContact(old as never))
    expect(contact).to.deep.equal({ name: 'bob', lastBatch: 2, keys: [{ ...key, read: 3, unreadFrom: 3 }] })
  })
})
