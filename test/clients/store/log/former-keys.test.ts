import { expect } from 'chai'
import type { MessageLog } from '../../../../clients/store/log/message-log.ts'
import type { Message } from '../../../../clients/store/reading/messages.ts'
import type { Store } from '../../../../clients/store/store.ts'
import { converseAgain, DeliveringSide } from '../../../support/delivering-side.ts'
import { offered } from '../../../support/file-events.ts'
import { permitWriting } from '../../../support/permits.ts'
import { bytesOf } from '../../../support/random.ts'
import { ALICE_KEY, BOB_KEY, memoryStore, outgoingText, shown } from '../../../support/stores.ts'

const NEW_KEY = bytesOf('new identity key of bob', 32)

describe('Store, of what waits for a key that was replaced', () => {
  let store: Store
  let former: DeliveringSide
  beforeEach(() => {
    store = memoryStore()
    former = new DeliveringSide(store.messageLog('bob', BOB_KEY), true)
    former.append(['one', 'two', 'three'].map((text) => outgoingText(text)))
  })
  afterEach(() => store.close())

  const presentLog = (): MessageLog => store.messageLog('bob', NEW_KEY)
  const waiting = () => store.undeliverable('bob', NEW_KEY)
  const states = () => store.history('bob', { limit: 10 }).map((each) => (each.kind === 'gap' ? 'gap' : each.state))

  /** What somebody has got in the end who holds a key of bob's. */
  function receivedBy(messageLog: MessageLog, key: Uint8Array, other = memoryStore()): string[] {
    messageLog.unloadDropped()
    const bob = new DeliveringSide(other.messageLog('alice', ALICE_KEY), false)
    const alice = new DeliveringSide(messageLog, true, ['bob', key])
    converseAgain(alice, bob)
    return shown(other.history('alice', { limit: 10 })).reverse()
  }

  it('is listed, and goes to no other key by itself', () => {
    expect(shown(waiting())).to.deep.equal(shown(store.history('bob', { limit: 3 }).reverse()))
    expect(receivedBy(presentLog(), NEW_KEY)).to.deep.equal([])
    expect(store.undeliverable('bob', BOB_KEY)).to.deep.equal([])
  })

  it('goes to nobody once it is dropped, one by one, not even where the key comes back', () => {
    const [, two] = waiting() as [Message, Message]
    expect(store.drop([two], NEW_KEY)).to.equal(true)
    expect(store.drop([two], NEW_KEY)).to.equal(false)
    expect(store.waiting()).to.deep.equal([{ name: 'bob', identityKey: Uint8Array.from(BOB_KEY), count: 2 }])
    expect(states()).to.deep.equal(['waiting', 'dropped', 'waiting'])
    expect(receivedBy(former.messageLog, BOB_KEY)).to.have.length(2)
    expect(store.waiting()).to.deep.equal([])
    former.append([outgoingText('four')])
    expect(store.waiting().map(({ count }) => count)).to.deep.equal([1])
  })

  it('goes once to the key that they have now when it is sent again, as it was written', () => {
    const [one, , three] = waiting() as [Message, Message, Message]
    expect(presentLog().appendAgain(permitWriting('bob'), [one, three])).to.equal(2)
    expect(presentLog().appendAgain(permitWriting('bob'), [one])).to.equal(undefined)
    const other = memoryStore()
    const present = presentLog()
    expect(receivedBy(present, NEW_KEY, other)).to.have.length(2)
    expect(receivedBy(present, NEW_KEY, other)).to.have.length(2)
    const ids = other.history('alice', { limit: 2 }).map((each) => each.kind === 'message' && each.event.eventId)
    expect(ids).to.deep.equal([three.event.eventId, one.event.eventId])
    expect(receivedBy(former.messageLog, BOB_KEY)).to.have.length(1)
  })

  it('is not received twice by whoever had it already, and had not said so', () => {
    const bobs = memoryStore()
    const bob = new DeliveringSide(bobs.messageLog('alice', ALICE_KEY), false)
    bob.open()
    former.open()
    // Bob's acknowledgement does not arrive.
    bob.receive(former.next() as Uint8Array)
    expect(bobs.history('alice', { limit: 10 })).to.have.length(3)
    const [one, two] = waiting() as [Message, Message]
    store.drop([two], NEW_KEY)
    presentLog().appendAgain(permitWriting('bob'), [one])
    expect(receivedBy(presentLog(), NEW_KEY, bobs)).to.have.length(3)
    expect(receivedBy(former.messageLog, BOB_KEY, bobs)).to.have.length(3)
  })

  it('drops an offer with its transfer', () => {
    const { kind } = offered({ 'a.txt': 4 })
    if (kind?.$case !== 'fileOffer') throw new TypeError('no offer')
    const { id } = store.transfers.offer(permitWriting('bob'), former.messageLog, { offer: kind.value, path: '/a.txt' })
    const offer = waiting().at(-1) as Message
    expect(store.drop([offer], NEW_KEY)).to.equal(true)
    expect(store.transfers.get(id)?.state).to.equal('cancelled')
  })

  it('leaves what was delivered, and what waits for the present key, as it is', () => {
    presentLog().append(permitWriting('bob'), [outgoingText('five')])
    const five = store.history('bob', { limit: 1 })[0] as Message
    expect(store.drop([five], NEW_KEY)).to.equal(false)
    expect(waiting()).to.have.length(3)
    const before = waiting() as [Message]
    receivedBy(former.messageLog, BOB_KEY)
    expect(store.drop([before[0]], NEW_KEY)).to.equal(false)
  })
})
