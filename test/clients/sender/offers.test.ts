import { expect } from 'chai'
import { Offers } from '../../../clients/sender/offers.ts'
import type { Store } from '../../../clients/store/store.ts'
import type { Transfer } from '../../../clients/store/transfers/transfer.ts'
import { converse, DeliveringSide } from '../../support/delivering-side.ts'
import { encodedFileEvent, offered, statusOf } from '../../support/file-events.ts'
import { permitWriting } from '../../support/permits.ts'
import { ALICE_KEY, BOB_KEY, testStore } from '../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const PATH = '/home/alice/report.pdf'

describe('Offers', () => {
  let folders: TemporaryFolder[]
  let store: Store
  /** Of bob, to whom it is offered. */
  let other: Store
  let told: string[]
  beforeEach(async () => {
    folders = [await temporaryFolder(), await temporaryFolder()]
    const [own, theirs] = folders
    store = testStore(own?.path ?? '')
    other = testStore(theirs?.path ?? '')
    told = []
  })
  afterEach(async () => {
    store.close()
    other.close()
    for (const folder of folders) await folder[Symbol.asyncDispose]()
  })

  const prepared = (size = 100, path = PATH) => {
    const { kind } = offered({ 'report.pdf': size })
    if (kind?.$case !== 'fileOffer') throw new Error('no offer')
    return { offer: kind.value, path }
  }

  const offers = () =>
    new Offers({
      store,
      messageLog: store.messageLog('bob', BOB_KEY),
      permit: () => permitWriting('bob'),
      onFile: ({ state, position }: Transfer) => told.push(`${state} ${position}`),
      onPut: () => {},
    })

  /** Both sides say what waits. */
  function talk(): void {
    const theirs = other.messageLog('alice', ALICE_KEY)
    converse(new DeliveringSide(store.messageLog('bob', BOB_KEY), true), new DeliveringSide(theirs, false))
  }

  /** What bob makes of what was offered last. */
  function answer(...states: readonly ('ACCEPTED' | 'RECEIVED' | 'DECLINED')[]): void {
    talk()
    const id = Buffer.from(other.transfers.list().at(-1)?.id ?? '', 'hex')
    const statuses = states.map((state) => encodedFileEvent(statusOf(offered({ a: 1 }, id), state)))
    other.messageLog('alice', ALICE_KEY).append(permitWriting('alice'), statuses)
    talk()
  }

  const states = () => store.transfers.list().map(({ state }) => state)

  it('goes on with the same that an earlier run has left', () => {
    offers().put(prepared())
    answer('ACCEPTED')
    const again = offers()
    again.put(prepared())
    expect(states()).to.deep.equal(['accepted'])
    expect(again.transfers.map(({ state }) => state)).to.deep.equal(['accepted'])
  })

  it('offers anew what has changed, lies elsewhere, or is over', () => {
    offers().put(prepared())
    offers().put(prepared(101))
    offers().put(prepared(100, '/tmp/report.pdf'))
    expect(states()).to.have.length(3)
    answer('DECLINED')
    offers().put(prepared(100, '/tmp/report.pdf'))
    expect(states()).to.deep.equal(['offered', 'offered', 'declined', 'offered'])
  })

  it('takes what has arrived since it began for arrived', () => {
    offers().put(prepared())
    const again = offers()
    answer('ACCEPTED', 'RECEIVED')
    again.put(prepared())
    expect(states()).to.deep.equal(['received'])
    expect([again.waiting, ...again.transfers.map(({ state }) => state)]).to.deep.equal([0, 'received'])
  })

  it('waits until all is over, and until the other side knows how it ended here', async () => {
    const made = offers()
    made.put(prepared())
    expect([made.waiting, made.isMoving]).to.deep.equal([1, true])
    talk()
    expect([made.waiting, made.isMoving]).to.deep.equal([1, false])
    const ended = made.ended()
    store.transfers.settle(store.transfers.list()[0]?.id ?? '', 'source-changed')
    made.poll({ isLockHolder: false })
    expect(made.waiting).to.equal(1)
    talk()
    made.poll({ isLockHolder: false })
    await ended
    expect(told).to.deep.equal(['offered 0', 'source-changed 0'])
  })

  it('believes the owner of the conversations more than the store', () => {
    const made = offers()
    made.put(prepared())
    answer('ACCEPTED')
    const [transfer] = store.transfers.list()
    store.transfers.notePosition(transfer?.id ?? '', 40)
    made.poll({ isLockHolder: false })
    if (transfer !== undefined) made.changed({ ...transfer, position: 60 })
    made.poll({ isLockHolder: true })
    expect(told).to.deep.equal(['offered 0', 'accepted 40', 'accepted 60'])
  })

  it('takes what the user has forgotten for cancelled', async () => {
    const made = offers()
    made.put(prepared())
    store.forget('bob')
    made.poll({ isLockHolder: false })
    await made.ended()
    expect(told).to.deep.equal(['offered 0', 'cancelled 0'])
  })
})
