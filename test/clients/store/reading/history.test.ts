import { expect } from 'chai'
import fc from 'fast-check'
import type { Gap, Message, Position } from '../../../../clients/store/reading/messages.ts'
import type { Store } from '../../../../clients/store/store.ts'
import { FakeClock } from '../../../support/clock.ts'
import { permitWriting } from '../../../support/permits.ts'
import { assertProperty } from '../../../support/property.ts'
import { ALICE_KEY, BOB_KEY, conversation, outgoingText, shown, testStore } from '../../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts'

describe('history', () => {
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

  function say(name: string, ...texts: string[]): void {
    store.messageLog(name, BOB_KEY).append(
      permitWriting(name),
      texts.map((text) => outgoingText(text)),
    )
  }

  /** All pages of a conversation, each the newest first. */
  function pages(name: string, limit: number): (Message | Gap)[][] {
    const found: (Message | Gap)[][] = []
    for (let before: Position | undefined; ; before = found.at(-1)?.at(-1)?.position) {
      const page = store.history(name, { limit, before })
      if (page.length === 0) return found
      found.push(page)
    }
  }

  it('pages back from the newest, whatever lies in one batch', () => {
    assertProperty(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 9 }),
        fc.stringMatching(/^[a-z]{8}$/),
        (bursts, limit, name) => {
          const texts = bursts.flatMap((length, burst) => Array.from({ length }, (_, index) => `${burst}/${index}`))
          let start = 0
          for (const length of bursts) {
            say(name, ...texts.slice(start, start + length))
            start += length
          }
          const found = pages(name, limit)
          expect(found.flatMap((page) => shown(page))).to.deep.equal(texts.toReversed())
          for (const page of found.slice(0, -1)) expect(page).to.have.length(limit)
          store.forget(name)
        },
      ),
      10,
    )
  })

  it('is empty for who was never spoken with', async () => {
    expect(store.history('nobody', { limit: 10 })).to.deep.equal([])
    expect(await conversation(store, 'nobody')).to.deep.equal([])
  })

  it('tells of each message whose it is, when it was stored and what became of it', () => {
    const storedAt = clock.now()
    say('bob', 'a')
    const [message] = store.history('bob', { limit: 1 })
    const { event, ...rest } = message as Message
    expect(rest).to.deep.equal({
      kind: 'message',
      contact: 'bob',
      position: { batch: 1, index: 0 },
      direction: 'outgoing',
      state: 'waiting',
      isLetter: false,
      ordinal: 1,
      identityKey: Uint8Array.from(BOB_KEY),
      storedAt,
    })
    expect(event.writtenAt).to.deep.equal(new Date(0))
  })

  it('reads all conversations, each from the oldest, while it is being written', async () => {
    for (let count = 0; count < 600; count += 1) say('bob', `b${count}`)
    say('carol', 'c0')
    const read: string[] = []
    for await (const message of store.messages()) {
      if (read.length === 0) say('bob', 'meanwhile')
      read.push(...shown([message]))
    }
    expect(read).to.deep.equal([...Array.from({ length: 600 }, (_, count) => `b${count}`), 'meanwhile', 'c0'])
  })

  it('ends where its contact is forgotten meanwhile', async () => {
    for (let count = 0; count < 300; count += 1) say('bob', `b${count}`)
    const read: string[] = []
    for await (const message of store.messages()) {
      if (read.length === 0) store.forget('bob')
      read.push(...shown([message]))
    }
    expect(read).to.have.length.below(300)
  })

  describe('contacts', () => {
    it('lists who was spoken with, what is unread and the last word', () => {
      say('bob', 'a', 'b')
      store.messageLog('bob', ALICE_KEY).append(permitWriting('bob'), [outgoingText('for another key')])
      store.messageLog('carol', BOB_KEY)
      const list = store.contacts().map(({ last, ...rest }) => ({ ...rest, last: last && shown([last]) }))
      expect(list).to.deep.equal([
        { name: 'bob', unread: 0, last: ['for another key'] },
        { name: 'carol', unread: 0, last: undefined },
      ])
    })
  })

  describe('forget', () => {
    it('removes one conversation and what waits in it, and no other', () => {
      say('bob', 'a')
      say('carol', 'c')
      expect([store.forget('bob'), store.forget('bob')]).to.deep.equal([true, false])
      expect(store.contacts().map(({ name }) => name)).to.deep.equal(['carol'])
      expect(store.messageLog('bob', BOB_KEY).streams.outgoing.unacknowledged).to.equal(0)
      expect(shown(store.history('carol', { limit: 9 }))).to.deep.equal(['c'])
    })
  })
})
