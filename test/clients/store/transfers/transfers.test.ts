import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { FileEntryType, type FileOffer, FileStatusState } from '#gen/sotto/peer/v1/record.ts'
import { encodeFileEvent } from '#lib/delivery/event.ts'
import { EVENT_ID_BYTES } from '#lib/delivery/limits.ts'
import { STORE_FILE } from '../../../../clients/store/open-store.ts'
import type { Store } from '../../../../clients/store/store.ts'
import type { TransferState } from '../../../../clients/store/transfers/transfer.ts'
import { MAX_PAST_DOWNLOADS, MAX_UNANSWERED } from '../../../../clients/store/transfers/transfer-steps.ts'
import { Crash, crashingDatabase } from '../../../support/crashing-database.ts'
import { converseAgain, DeliveringSide } from '../../../support/delivering-side.ts'
import { encodedFileEvent, offered, statusOf } from '../../../support/file-events.ts'
import { permitWriting } from '../../../support/permits.ts'
import { ALICE_KEY, BOB_KEY, quickDatabase, testStore } from '../../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts'

const MALLORY_KEY = Buffer.alloc(32, 7)

const CONTENT = Buffer.from('four')

function offerOf(path: string): FileOffer {
  const sha256 = createHash('sha256').update(CONTENT).digest()
  const entry = { path: Buffer.from(path), size: 4n, sha256, type: FileEntryType.FILE }
  return { entries: [entry] }
}

describe('StoredTransfers', () => {
  let folders: readonly [TemporaryFolder, TemporaryFolder]
  let alice: Store
  let bob: Store
  let ends: readonly [DeliveringSide, DeliveringSide]
  beforeEach(async () => {
    folders = [await temporaryFolder(), await temporaryFolder()]
    alice = testStore(folders[0].path)
    bob = testStore(folders[1].path)
    ends = [
      new DeliveringSide(alice.messageLog('bob', BOB_KEY), true),
      new DeliveringSide(bob.messageLog('alice', ALICE_KEY), false),
    ]
  })
  afterEach(async () => {
    alice.close()
    bob.close()
    for (const folder of folders) await folder[Symbol.asyncDispose]()
  })

  /** Take a transfer to a state, at one of the two. */
  function step(store: Store, id: string, state: TransferState): void {
    if (state === 'accepted') store.transfers.accept(permitWriting('alice'), id, '/home/bob')
    else if (state !== 'offered') store.transfers.settle(id, state, '/home/bob')
  }

  /** What lies in the stores is said, and both open their conversation anew. */
  function talk(): void {
    for (const end of ends) {
      void end.messageLog.streams
      end.messageLog.takeAppended()
    }
    converseAgain(...ends)
  }

  function offer(): string {
    const { id } = alice.transfers.offer(permitWriting('bob'), ends[0].messageLog, {
      offer: offerOf('a.txt'),
      path: '/home/alice/a.txt',
    })
    talk()
    return id
  }

  const states = (id: string) => [alice, bob].map(({ transfers }) => transfers.get(id)?.state)

  /** Have one side say a status, whatever its own store thinks of it. */
  function claim(from: DeliveringSide, id: string, state: FileStatusState): void {
    const value = { offerId: Buffer.from(id, 'hex'), state }
    const kind = { $case: 'fileStatus', value } as const
    from.append([encodeFileEvent({ eventId: randomBytes(EVENT_ID_BYTES), writtenAt: new Date(0), kind })])
    talk()
  }

  it('stand at both ends with what was offered', () => {
    const id = offer()
    expect(alice.transfers.get(id)).to.include({
      contact: 'bob',
      direction: 'uploading',
      state: 'offered',
      name: 'a.txt',
    })
    expect(bob.transfers.get(id)).to.include({ contact: 'alice', direction: 'downloading', state: 'offered', size: 4 })
    expect(bob.transfers.offerOf(id)?.entries[0]?.path.toString()).to.equal('a.txt')
    const known = bob.transfers.offerOf(id)
    bob.transfers.noteEntries(id, offerOf('b.txt'))
    expect(bob.transfers.offerOf(id)?.entries[0]?.path.toString()).to.equal('b.txt')
    if (known !== undefined) bob.transfers.noteEntries(id, known)
    expect(bob.transfers.get(id)?.path).to.equal(undefined)
  })

  it('go the same way at both ends', () => {
    const ways: (readonly [Store, TransferState])[][] = [
      [
        [bob, 'accepted'],
        [bob, 'received'],
      ],
      [[bob, 'declined']],
      [[alice, 'cancelled']],
      [
        [bob, 'accepted'],
        [alice, 'cancelled'],
      ],
      [
        [bob, 'accepted'],
        [bob, 'save-failed'],
      ],
      [
        [bob, 'accepted'],
        [bob, 'damaged'],
      ],
      [
        [bob, 'accepted'],
        [alice, 'source-changed'],
      ],
    ]
    for (const way of ways) {
      const id = offer()
      for (const [store, state] of way) {
        step(store, id, state)
        talk()
        expect(states(id)).to.deep.equal([state, state])
      }
    }
  })

  it('are received where the sender cancels in the same moment', () => {
    const id = offer()
    step(bob, id, 'accepted')
    talk()
    bob.transfers.settle(id, 'received', '/home/bob/a.txt')
    alice.transfers.settle(id, 'cancelled')
    talk()
    expect(states(id)).to.deep.equal(['received', 'received'])
  })

  it('take no step that is not theirs, or out of order', () => {
    const id = offer()
    expect(alice.transfers.accept(permitWriting('bob'), id, '/')).to.equal(undefined)
    expect(bob.transfers.settle(id, 'received')).to.equal(undefined)
    expect(bob.transfers.settle(id, 'source-changed')).to.equal(undefined)
    for (const said of [FileStatusState.RECEIVED, FileStatusState.DAMAGED, FileStatusState.SOURCE_CHANGED])
      claim(ends[1], id, said)
    for (const said of [FileStatusState.ACCEPTED, FileStatusState.RECEIVED, FileStatusState.SAVE_FAILED])
      claim(ends[0], id, said)
    claim(ends[1], '00'.repeat(16), FileStatusState.ACCEPTED)
    expect(states(id)).to.deep.equal(['offered', 'offered'])
    bob.transfers.settle(id, 'declined')
    talk()
    for (const said of [FileStatusState.ACCEPTED, FileStatusState.RECEIVED]) claim(ends[1], id, said)
    expect(states(id)).to.deep.equal(['declined', 'declined'])
  })

  it('are not for others to speak of', () => {
    const id = offer()
    const toMallory = new DeliveringSide(alice.messageLog('mallory', MALLORY_KEY), true, ['mallory', MALLORY_KEY])
    const other = 'alice under another name'
    const mallory = new DeliveringSide(bob.messageLog(other, ALICE_KEY), false, [other, ALICE_KEY])
    ends = [toMallory, mallory]
    claim(mallory, id, FileStatusState.DECLINED)
    expect(alice.transfers.get(id)?.state).to.equal('offered')
  })

  it(`are ${MAX_UNANSWERED} unanswered offers of one person at most, and answers make room`, () => {
    const ids = Array.from({ length: MAX_UNANSWERED + 3 }, () => {
      return alice.transfers.offer(permitWriting('bob'), ends[0].messageLog, {
        offer: offerOf('a.txt'),
        path: '/a.txt',
      }).id
    })
    talk()
    expect(bob.transfers.list().map(({ id }) => id)).to.deep.equal(ids.slice(0, MAX_UNANSWERED))
    bob.transfers.settle(ids[0] as string, 'declined')
    const id = offer()
    expect(bob.transfers.get(id)?.state).to.equal('offered')
  })

  it('make room for others in the record in which they are taken back', () => {
    const offerOne = () =>
      alice.transfers.offer(permitWriting('bob'), ends[0].messageLog, { offer: offerOf('a.txt'), path: '/a.txt' }).id
    for (let count = 0; count < MAX_UNANSWERED; count += 1) alice.transfers.settle(offerOne(), 'cancelled')
    const last = offerOne()
    talk()
    expect(bob.transfers.get(last)?.state).to.equal('offered')
  })

  it(`are kept, ${MAX_PAST_DOWNLOADS} from one person, after their end, and all that are not over`, () => {
    const waiting = offer()
    const past = Array.from({ length: MAX_PAST_DOWNLOADS + 100 }, () => offered({ 'b.txt': 4 }))
    ends[0].messageLog.append(
      permitWriting('bob'),
      past.flatMap((each) => [each, statusOf(each, 'CANCELLED')]).map(encodedFileEvent),
    )
    talk()
    const kept = past.slice(-MAX_PAST_DOWNLOADS).map(({ eventId }) => eventId.toString('hex'))
    expect(bob.transfers.list().map(({ id }) => id)).to.deep.equal([waiting, ...kept])
  })

  it('go with the contact that is forgotten', () => {
    offer()
    bob.forget('alice')
    expect(bob.transfers.list()).to.deep.equal([])
  })

  it('lie on the disk under seal', async () => {
    const id = offer()
    bob.transfers.accept(permitWriting('alice'), id, '/home/bob/downloads')
    bob.transfers.noteTargetPath(id, '/home/bob/downloads/a.txt')
    for (const suffix of ['', '-wal']) {
      const bytes = await readFile(join(folders[1].path, STORE_FILE + suffix))
      for (const secret of ['a.txt', 'downloads', 'accepted', id, Buffer.from(id, 'hex'), 'downloading']) {
        expect(bytes.includes(secret)).to.equal(false)
      }
    }
    bob.close()
    bob = testStore(folders[1].path)
    expect(bob.transfers.get(id)).to.include({ state: 'accepted', targetPath: '/home/bob/downloads/a.txt' })
  })

  it('are changed together with what is said of them, whenever the program dies', () => {
    const path = folders[1].path
    const steps: TransferState[] = ['accepted', 'received']
    // At the first write, at the second, and so on: each run dies once, and then goes on.
    for (let deadline = 0, died = true; died; deadline += 1) {
      died = false
      bob.close()
      let writes = 0
      const fate = (): boolean => !died && writes++ === deadline
      const begin = (): void => {
        bob.close()
        bob = testStore(path, { database: crashingDatabase(quickDatabase(path), fate) })
        ends = [ends[0], new DeliveringSide(bob.messageLog('alice', ALICE_KEY), false)]
      }
      const survive = (work: () => void): void => {
        try {
          work()
        } catch (error) {
          if (!(error instanceof Crash)) throw error
          died = true
          survive(begin)
          survive(work)
        }
      }
      survive(begin)
      const { id } = alice.transfers.offer(permitWriting('bob'), ends[0].messageLog, {
        offer: offerOf('a.txt'),
        path: '/a.txt',
      })
      survive(talk)
      for (const state of steps) {
        survive(() => {
          if (bob.transfers.get(id)?.state !== state) step(bob, id, state)
        })
        survive(talk)
        expect(states(id)).to.deep.equal([state, state])
      }
      expect(bob.transfers.list().filter((each) => each.id === id)).to.have.length(1)
    }
  })
})
