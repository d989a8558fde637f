import { expect } from 'chai'
import { MailboxServiceService } from '#gen/sotto/relay/v1/mailbox_service.ts'
import { connect } from '#lib/rpc/client.ts'
import { MailboxClient } from '../../../clients/letters/mailbox.ts'
import { keepPrekeys, MAX_OWN } from '../../../clients/letters/put-prekeys.ts'
import { KEPT_MISSING_MS, NO_LETTERS, type OwnPrekey } from '../../../clients/store/rows/letter-state.ts'
import type { Store } from '../../../clients/store/store.ts'
import { freePort } from '../../support/free-port.ts'
import { bytesOf, randomFrom } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { MailboxUnderTest, type MailboxUser } from '../../support/running-mailbox.ts'
import { memoryStore } from '../../support/stores.ts'

const WEEK_MS = 7 * 24 * 3_600_000

describe('keepPrekeys', () => {
  let mailboxes: MailboxUnderTest
  let mailbox: MailboxClient
  let bob: MailboxUser
  let store: Store
  let nowMs: number
  const random = randomFrom('prekeys of bob')

  beforeEach(async () => {
    mailboxes = await MailboxUnderTest.start()
    bob = mailboxes.user('bob')
    mailbox = new MailboxClient([mailboxes.connect()], bob.bearer)
    store = memoryStore()
    nowMs = 1_000_000
  })
  afterEach(async () => {
    mailbox.close()
    store.close()
    await mailboxes[Symbol.asyncDispose]()
  })

  const keep = (sessionId: Uint8Array = bob.sessionId) =>
    keepPrekeys({ mailbox, store, sessionId, nowMs, random, signal: new AbortController().signal })
  const held = () => mailboxes.call.putPrekeys({ prekeys: [], withdrawnIds: [] }, bob)
  const hex = (ids: readonly Uint8Array[]) => ids.map((id) => Buffer.from(id).toString('hex')).sort()
  const ownIds = () => hex(store.letterState().prekeys.map(({ prekeyId }) => prekeyId))
  /** Have prekeys gone from the mailbox, as though they were taken. */
  const take = async (count: number) => {
    const withdrawnIds = (await held()).prekeyIds.slice(0, count)
    await mailboxes.call.putPrekeys({ prekeys: [], withdrawnIds }, bob)
  }

  it('puts down 100 and one of last resort, whose private halves are here', async () => {
    await keep()
    const { prekeyIds, lastResortId } = await held()
    expect(prekeyIds).to.have.lengthOf(100)
    expect(hex([...prekeyIds, lastResortId])).to.deep.equal(ownIds())
    await keep()
    expect(hex((await held()).prekeyIds)).to.deep.equal(hex(prekeyIds))
  })

  it('asks another relay where one cannot be reached, and that one from then on', async () => {
    const gone = connect(MailboxServiceService, { address: `127.0.0.1:${await freePort()}`, security: undefined })
    await using between = new AsyncDisposableStack()
    const both = between.adopt(new MailboxClient([gone, mailboxes.connect()], bob.bearer), (open) => open.close())
    const { signal } = new AbortController()
    await keepPrekeys({ mailbox: both, store, sessionId: bob.sessionId, nowMs, random, signal })
    expect((await held()).prekeyIds).to.have.lengthOf(100)
    gone.close()
    // A connection that is closed would refuse in another way.
    for await (const _ of both.collect(signal)) throw new Error('there is no letter')
  })

  it('tells why, where no relay can be reached', async () => {
    const gone = connect(MailboxServiceService, { address: `127.0.0.1:${await freePort()}`, security: undefined })
    await using between = new AsyncDisposableStack()
    const alone = between.adopt(new MailboxClient([gone, gone], bob.bearer), (open) => open.close())
    const { signal } = new AbortController()
    const change = { prekeys: [], lastResort: undefined, withdrawnIds: [] }
    expect((await rejection(alone.putPrekeys(change, signal))).code).to.equal('ERR_UNAVAILABLE')
  })

  it('makes them up to 100 when fewer than 20 are left, and keeps the private halves of those that were taken', async () => {
    await keep()
    await take(80)
    await keep()
    expect((await held()).prekeyIds).to.have.lengthOf(20)
    await take(1)
    await keep()
    expect((await held()).prekeyIds).to.have.lengthOf(100)
    expect(store.letterState().prekeys).to.have.lengthOf(182)
  })

  it('renews the one of last resort each week, and under a new session', async () => {
    await keep()
    const { lastResortId: first } = await held()
    nowMs += WEEK_MS - 1
    await keep()
    expect(hex([(await held()).lastResortId])).to.deep.equal(hex([first]))
    nowMs += 1
    await keep()
    const { lastResortId: second } = await held()
    expect(hex([second])).to.not.deep.equal(hex([first]))
    await keep(bytesOf('another session', 16))
    expect(hex([(await held()).lastResortId])).to.not.deep.equal(hex([second]))
  })

  it('makes no more without end for a mailbox that denies what it was given', async () => {
    const denying = { putPrekeys: async () => ({ prekeyIds: [], lastResortId: undefined }) }
    const { signal } = new AbortController()
    const own = () => store.letterState().prekeys.length
    const keepDenied = () => keepPrekeys({ mailbox: denying, store, sessionId: bob.sessionId, nowMs, random, signal })
    await keepDenied()
    // As though it had gone on so.
    const more = (prekey: OwnPrekey, index: number) => ({ ...prekey, prekeyId: bytesOf(`prekey ${index}`, 16) })
    store.changeLetterState((state) => {
      const [first] = state.prekeys as [OwnPrekey]
      const others = Array.from({ length: MAX_OWN - 150 }, (_, index) => more(first, index))
      return { ...state, prekeys: [...state.prekeys, ...others] }
    })
    for (let times = 0; times < 3; times += 1) await keepDenied()
    expect(own()).to.be.within(MAX_OWN, MAX_OWN + 1)
    // They are of no use 15 days after they were missing first.
    nowMs += KEPT_MISSING_MS
    await keep()
    await keep()
    expect((await held()).prekeyIds).to.have.lengthOf(100)
  })

  it('withdraws those that it has no private halves of, as after a restored backup', async () => {
    await keep()
    const { prekeyIds: lost } = await held()
    store.changeLetterState(() => NO_LETTERS)
    await keep()
    const { prekeyIds, lastResortId } = await held()
    expect(hex([...prekeyIds, lastResortId])).to.deep.equal(ownIds())
    for (const id of hex(lost)) expect(hex(prekeyIds)).to.not.include(id)
  })
})
