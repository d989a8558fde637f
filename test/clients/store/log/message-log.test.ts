import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { Delivery } from '#lib/delivery/delivery.ts'
import { IncomingStream } from '#lib/delivery/incoming-stream.ts'
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { OutgoingStream } from '#lib/delivery/outgoing-stream.ts'
import { parseRecordBody } from '#lib/delivery/record-body.ts'
import { StreamPair } from '#lib/delivery/stream-pair.ts'
import type { Message } from '../../../../clients/store/reading/messages.ts'
import type { Store } from '../../../../clients/store/store.ts'
import { codeOf } from '../../../support/code-of.ts'
import { converse, converseAgain, DeliveringSide } from '../../../support/delivering-side.ts'
import { permitReceiving, permitWriting } from '../../../support/permits.ts'
import { bytesOf } from '../../../support/random.ts'
import {
  ALICE_KEY,
  BOB_KEY,
  conversation,
  incomingText,
  outgoingText,
  shown,
  testStore,
  textsOf,
} from '../../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts'

describe('MessageLog', () => {
  let folders: { readonly alice: TemporaryFolder; readonly bob: TemporaryFolder; readonly backup: TemporaryFolder }
  let stores: { alice: Store; bob: Store }
  let alice: DeliveringSide
  let bob: DeliveringSide

  beforeEach(async () => {
    folders = { alice: await temporaryFolder(), bob: await temporaryFolder(), backup: await temporaryFolder() }
    stores = { alice: testStore(folders.alice.path), bob: testStore(folders.bob.path) }
    alice = new DeliveringSide(stores.alice.messageLog('bob', BOB_KEY), true)
    bob = new DeliveringSide(stores.bob.messageLog('alice', ALICE_KEY), false)
  })
  afterEach(async () => {
    stores.alice.close()
    stores.bob.close()
    for (const folder of Object.values(folders)) await folder[Symbol.asyncDispose]()
  })

  /** End a program and start it again. */
  function restart(who: 'alice' | 'bob', opener = who === 'alice'): void {
    stores[who].close()
    stores[who] = testStore(folders[who].path)
    if (who === 'alice') alice = new DeliveringSide(stores.alice.messageLog('bob', BOB_KEY), opener, ['bob', BOB_KEY])
    else bob = new DeliveringSide(stores.bob.messageLog('alice', ALICE_KEY), opener, ['alice', ALICE_KEY])
  }

  function wipe(who: 'alice' | 'bob'): void {
    stores[who].close()
    rmSync(join(folders[who].path, 'store.db'))
    restart(who)
  }

  function backUp(who: 'alice' | 'bob'): void {
    stores[who].close()
    cpSync(folders[who].path, folders.backup.path, { recursive: true })
    restart(who)
  }

  function restore(who: 'alice' | 'bob'): void {
    stores[who].close()
    rmSync(join(folders[who].path, 'store.db'))
    cpSync(folders.backup.path, folders[who].path, { recursive: true })
    restart(who)
  }

  function say(side: DeliveringSide, ...texts: string[]): void {
    side.append(texts.map((text) => outgoingText(text)))
  }

  async function statesAt(who: 'alice' | 'bob', contact: string): Promise<string[]> {
    return (await conversation(stores[who], contact)).map((message) => (message as Message).state)
  }

  it('keeps what was said through restarts until it is acknowledged, and then as history', async () => {
    say(alice, 'a', 'b')
    restart('alice')
    say(alice, 'c')
    expect(alice.messageLog.streams.outgoing.unacknowledged).to.equal(3)
    expect(await statesAt('alice', 'bob')).to.deep.equal(['waiting', 'waiting', 'waiting'])
    converse(alice, bob)
    expect(bob.shown).to.deep.equal(['a', 'b', 'c'])
    restart('alice')
    expect(alice.messageLog.streams.outgoing.unacknowledged).to.equal(0)
    expect(await statesAt('alice', 'bob')).to.deep.equal(['delivered', 'delivered', 'delivered'])
    expect(shown(await conversation(stores.bob, 'alice'))).to.deep.equal(['a', 'b', 'c'])
  })

  it('goes on in the same streams after both ends have restarted', () => {
    say(alice, 'a')
    say(bob, '1')
    converse(alice, bob)
    const streamIds = [alice, bob].map(({ messageLog }) =>
      Buffer.from(messageLog.streams.outgoing.streamId).toString('hex'),
    )
    restart('alice')
    restart('bob')
    say(alice, 'b')
    say(bob, '2')
    converse(alice, bob)
    expect([alice.shown, bob.shown]).to.deep.equal([['2'], ['b']])
    expect(
      [alice, bob].map(({ messageLog }) => Buffer.from(messageLog.streams.outgoing.streamId).toString('hex')),
    ).to.deep.equal(streamIds)
  })

  it('tells what may have reached the other side from what waits', async () => {
    say(alice, 'a')
    const record = alice.next() as Uint8Array
    say(alice, 'b')
    expect(alice.messageLog.progress()).to.deep.equal({ appended: 2, sent: 1, posted: 0, delivered: 0, read: 0 })
    expect(await statesAt('alice', 'bob')).to.deep.equal(['sent', 'waiting'])
    bob.receive(record)
    restart('alice')
    converse(alice, bob)
    expect(bob.shown).to.deep.equal(['a', 'b'])
  })

  it('marks as read only what was delivered, and never takes it back', async () => {
    say(alice, 'a', 'b')
    converse(alice, bob)
    say(alice, 'c')
    const changes = [1n, 1n, 0n, 99n].map((sequence) => alice.messageLog.markReadByPeer(sequence))
    expect(changes).to.deep.equal([true, false, false, false])
    expect(await statesAt('alice', 'bob')).to.deep.equal(['read', 'delivered', 'waiting'])
    alice.messageLog.markReadByPeer(2n)
    expect(await statesAt('alice', 'bob')).to.deep.equal(['read', 'read', 'waiting'])
  })

  it('carries the largest text and the empty one', async () => {
    const long = 'x'.repeat(MAX_TEXT_BYTES)
    say(alice, '', long, 'after')
    restart('alice')
    converse(alice, bob)
    expect(bob.shown).to.deep.equal(['', long, 'after'])
    expect(shown(await conversation(stores.bob, 'alice'))).to.deep.equal(['', long, 'after'])
  })

  it('stores once what was stored and not yet acknowledged when it crashed', async () => {
    say(alice, 'a')
    bob.receive(alice.next() as Uint8Array)
    restart('bob')
    converse(alice, bob)
    expect(bob.shown).to.deep.equal([])
    expect(shown(await conversation(stores.bob, 'alice'))).to.deep.equal(['a'])
    expect(alice.messageLog.progress().delivered).to.equal(1)
  })

  it('takes in what another message log of the same key appends', () => {
    converse(alice, bob)
    const other = testStore(folders.alice.path)
    other.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText('from beside')])
    say(alice, 'own')
    other.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText('again')])
    alice.messageLog.takeAppended()
    converse(alice, bob)
    expect(bob.shown).to.deep.equal(['from beside', 'own', 'again'])
    expect(other.messageLog('bob', BOB_KEY).progress().delivered).to.equal(3)
    other.close()
  })

  it('says what was written before any key was known to the first one', () => {
    stores.alice.messageLog('carol', undefined).append(permitWriting('carol'), [outgoingText('hello, whoever you are')])
    const carol = stores.alice.messageLog('carol', BOB_KEY)
    expect(carol.streams.outgoing.unacknowledged).to.equal(1)
  })

  it('takes the key for meant that another process has just learnt, and of several the newest', () => {
    const carol = stores.alice.messageLog('carol', BOB_KEY)
    stores.alice
      .messageLog('carol', undefined)
      .append(permitWriting('carol'), [outgoingText('written before this process knew the key')])
    expect(carol.progress().appended).to.equal(1)
    const changed = stores.alice.messageLog('carol', ALICE_KEY)
    expect(stores.alice.messageLog('carol', undefined).place).to.deep.equal(changed.place)
  })

  it('keeps what waits bound to the key that it was written for', async () => {
    say(alice, 'for the old key')
    const changed = stores.alice.messageLog('bob', ALICE_KEY)
    changed.append(permitWriting('bob'), [outgoingText('for the new key')])
    expect(changed.streams.outgoing.unacknowledged).to.equal(1)
    restart('alice')
    expect(stores.alice.messageLog('bob', BOB_KEY).streams.outgoing.unacknowledged).to.equal(1)
    expect(shown(await conversation(stores.alice, 'bob'))).to.deep.equal(['for the old key', 'for the new key'])
  })

  it('refuses to store events out of turn', () => {
    say(alice, 'a')
    converse(alice, bob)
    expect(() =>
      bob.messageLog.store(permitReceiving('bob', BOB_KEY), [incomingText('never taken from a stream')]),
    ).to.throw(TypeError)
    restart('bob')
    expect(bob.messageLog.streams.incoming?.stored).to.equal(1n)
  })

  describe('where a store was lost or an old one put back', () => {
    it('says again what waits, and nothing more, to a side whose store was wiped', () => {
      say(alice, 'a')
      converse(alice, bob)
      say(alice, 'waits')
      wipe('bob')
      converseAgain(alice, bob)
      expect(bob.shown).to.deep.equal(['waits'])
    })

    it('goes on with a side whose store was wiped and that has something to say', async () => {
      say(alice, 'a')
      converse(alice, bob)
      wipe('alice')
      say(alice, 'b')
      converseAgain(alice, bob)
      expect(shown(await conversation(stores.bob, 'alice'))).to.deep.equal(['a', 'b'])
    })

    it('says nothing again to whoever cannot name the last event that it claims to have', () => {
      say(alice, 'a', 'b', 'c')
      converse(alice, bob)
      say(alice, 'waits')
      wipe('bob')
      const { streamId } = alice.messageLog.streams.outgoing
      bob.messageLog.streams.receive(streamId, { isAnswer: true })
      const thief = new StreamPair({
        outgoing: new OutgoingStream(bytesOf('stream of the thief', 16)),
        incoming: IncomingStream.resume({ streamId, stored: 1n, lastEventId: bytesOf('a guess', 16) }),
        recall: () => [],
      })
      const opener = new Delivery({ opener: true, streams: thief, drawStreamId: () => bytesOf('new', 16) })
      const host = alice.open(false)
      host.receive(parseRecordBody(opener.next() as Uint8Array))
      expect(textsOf(opener.receive(parseRecordBody(host.next() as Uint8Array)).events)).to.deep.equal(['waits'])
    })

    it('says again what a restored reader has lost', async () => {
      say(alice, 'a')
      converse(alice, bob)
      backUp('bob')
      say(alice, 'b', 'c')
      converse(alice, bob)
      restore('bob')
      say(alice, 'd')
      restart('alice')
      converseAgain(alice, bob)
      expect(shown(await conversation(stores.bob, 'alice'))).to.deep.equal(['a', 'b', 'c', 'd'])
      expect(await statesAt('alice', 'bob')).to.deep.equal(['delivered', 'delivered', 'delivered', 'delivered'])
    })

    it('says again what a restored reader has lost where the reader opens', async () => {
      restart('alice', false)
      restart('bob', true)
      say(alice, 'a')
      converse(bob, alice)
      backUp('bob')
      restart('bob', true)
      say(alice, 'b')
      converse(bob, alice)
      restore('bob')
      restart('bob', true)
      say(alice, 'c')
      converseAgain(bob, alice)
      expect(shown(await conversation(stores.bob, 'alice'))).to.deep.equal(['a', 'b', 'c'])
    })

    it('stores once what a restored writer says twice, and all that it says anew', async () => {
      say(alice, 'a')
      converse(alice, bob)
      say(alice, 'b', 'c')
      backUp('alice')
      converse(alice, bob)
      say(alice, 'd')
      converse(alice, bob)
      restore('alice')
      say(alice, 'x', 'y', 'z')
      converseAgain(alice, bob)
      expect(shown(await conversation(stores.bob, 'alice'))).to.deep.equal(['a', 'b', 'c', 'd', 'x', 'y', 'z'])
      expect(alice.messageLog.progress()).to.deep.include({ appended: 6, delivered: 6 })
    })

    it('loses nothing where a writer is restored to before it said its first word', async () => {
      backUp('alice')
      say(alice, 'a', 'b')
      converse(alice, bob)
      restore('alice')
      say(alice, 'x', 'y', 'z')
      converseAgain(alice, bob)
      expect(shown(await conversation(stores.bob, 'alice'))).to.deep.equal(['a', 'b', 'x', 'y', 'z'])
    })

    it('drops repeats over several records and a restart between them', async () => {
      say(alice, 'first')
      converse(alice, bob)
      const repeated = Array.from({ length: 5 }, (_, index) => `${index} ${'long '.repeat(8_000)}`)
      for (const text of repeated) say(alice, text)
      backUp('alice')
      converse(alice, bob)
      say(alice, 'after the backup')
      converse(alice, bob)
      restore('alice')
      say(alice, 'new')
      expect(() => converse(alice, bob)).to.throw()
      // Two of the records that repeat, then bob starts again.
      alice.open()
      bob.open()
      bob.receive(alice.next() as Uint8Array)
      alice.receive(bob.next() as Uint8Array)
      for (let records = 0; records < 2; records += 1) bob.receive(alice.next() as Uint8Array)
      restart('bob')
      converseAgain(alice, bob)
      const expected = ['first', ...repeated, 'after the backup', 'new']
      expect(shown(await conversation(stores.bob, 'alice'))).to.deep.equal(expected)
    })
  })

  it('tells that its contact was forgotten', () => {
    say(alice, 'a')
    stores.alice.forget('bob')
    expect(codeOf(() => say(alice, 'b'))).to.equal('ERR_STREAM_RENEWED')
    expect(codeOf(() => alice.messageLog.progress())).to.equal('ERR_STREAM_RENEWED')
    stores.alice.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText('to bob anew')])
  })
})
